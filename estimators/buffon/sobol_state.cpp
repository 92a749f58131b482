#include <buffon/sobol_state.hpp>

#include <cmath>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/stored.hpp>

namespace buffon {
namespace {

const std::string first_order = "first order of ";   // before the names of the joint estimate's first values

void append(std::vector<double>& to, const std::vector<double>& from) { to.insert(to.end(), from.begin(), from.end()); }

void append(std::vector<double>& to, const std::vector<PairSums::Steps>& steps) {
    for (const auto& s : steps) append(to, {s.sum, s.square, s.with_a, s.with_b, s.largest});
}

std::vector<double> numbers_of(const PairSums& s) {
    std::vector<double> all{s.n, s.a, s.b, s.aa, s.bb, s.ab, s.largest};
    append(all, s.from_a);
    append(all, s.from_b);
    append(all, s.both.data);
    return all;
}

std::vector<PairSums::Steps> steps(Reader& read, std::int64_t groups) {
    std::vector<PairSums::Steps> out;
    for (std::int64_t g = 0; g < groups; ++g) {
        const std::vector<double> s = read.take(5);
        out.push_back({s[0], s[1], s[2], s[3], s[4]});
    }
    return out;
}

PairSums pair_sums_of(Reader& read, const SobolDesign& design) {
    const std::int64_t g = design.groups().size(), back = design.both_ways() ? g : 0;
    const std::vector<double> head = read.take(7);
    PairSums s;
    s.n = head[0], s.a = head[1], s.b = head[2], s.aa = head[3], s.bb = head[4], s.ab = head[5], s.largest = head[6];
    s.from_a = steps(read, g);
    s.from_b = steps(read, back);
    s.both = read.matrix(static_cast<std::size_t>(back), static_cast<std::size_t>(back));
    return s;
}

std::vector<double> numbers_of(const ResidualSums& s) {
    std::vector<double> all = numbers_of(s.pairs);
    all.push_back(s.fourth);
    for (const auto* part : {&s.first_cross, &s.total_cross, &s.first_largest, &s.total_largest, &s.with_terms})
        append(all, *part);
    return all;
}

ResidualSums residual_sums_of(Reader& read, const SobolDesign& design, const Surrogate& surrogate) {
    const auto g = static_cast<std::size_t>(design.groups().size());
    ResidualSums s;
    s.pairs = pair_sums_of(read, design);
    s.fourth = read.take(1)[0];
    s.first_cross = read.take(g);
    s.total_cross = read.take(g);
    s.first_largest = read.take(g);
    s.total_largest = read.take(g);
    s.with_terms = read.take(surrogate.summands().size());
    return s;
}

std::vector<double> numbers_of(const Surrogate& g) {
    std::vector<double> all;
    for (const Family1d family : g.families()) all.push_back(static_cast<double>(family));
    append(all, {g.constant(), static_cast<double>(g.summands().size())});
    for (const auto& s : g.summands()) {
        append(all, {s.coefficient, static_cast<double>(s.factors.size())});
        for (const Factor& f : s.factors) append(all, {static_cast<double>(f.coordinate), static_cast<double>(f.degree)});
    }
    return all;
}

/// A file may hold anything: what is read must be a term of these inputs.
Factor factor_of(Reader& read, const std::vector<Family1d>& families) {
    const std::vector<double> f = read.take(2);
    require(f[0] >= 0 && f[0] < static_cast<double>(families.size()),
            "extend: the state is damaged: a polynomial of another input");
    const auto c = static_cast<std::size_t>(f[0]);
    require(f[1] >= 1 && f[1] <= most_degree(families[c]), "extend: the state is damaged: a polynomial of degree ", f[1]);
    return {static_cast<std::int64_t>(c), static_cast<int>(f[1])};
}

Surrogate surrogate_of(Reader& read, const SobolDesign& design) {
    std::vector<Family1d> families;
    for (const double family : read.take(static_cast<std::size_t>(design.dim())))
        families.push_back(family == 0 ? Family1d::legendre : Family1d::hermite);
    std::vector<Term> terms{{}};
    std::vector<double> coefficients = read.take(1);
    const std::size_t count = read.size();
    for (std::size_t k = 0; k < count; ++k) {
        coefficients.push_back(read.take(1)[0]);
        const std::size_t factors = read.size();
        Term& term = terms.emplace_back();
        for (std::size_t f = 0; f < factors; ++f) term.push_back(factor_of(read, families));
    }
    return Surrogate(design, families, terms, coefficients);
}

/// Rows of numbers, all replicates of one output after the other.
template <class Sums>
std::vector<double> table_of(const std::vector<Sums>& replicates) {
    std::vector<double> all;
    for (const Sums& s : replicates) append(all, numbers_of(s));
    return all;
}

std::string of_output(const char* what, std::int64_t output) { return std::string(what) + " " + std::to_string(output); }

}  // namespace

State stored(const SobolState& known, const Evaluation& evaluate, const SobolDesign& design, const SobolSettings& settings) {
    State state = begin_state("sobol", evaluate);
    const SobolOptions& o = settings.options;
    store(state, "plan",
          {static_cast<double>(settings.points), static_cast<double>(settings.replicates),
           static_cast<double>(settings.pilot)});
    store(state, "options",
          {static_cast<double>(o.method), o.surrogate ? 1.0 : 0.0, o.second_order ? 1.0 : 0.0,
           static_cast<double>(o.points), o.scale ? 1.0 : 0.0});
    store(state, "groups", std::vector<double>(design.groups().of.begin(), design.groups().of.end()));
    store(state, "centre", known.sums.centres());
    state.tables["squares"] = known.squares.squares();
    for (std::int64_t j = 0; j < known.sums.outputs(); ++j) {
        const auto k = static_cast<std::size_t>(j);
        store(state, of_output("sums", j), table_of(known.sums.all_pairs()[k]));
        if (known.surrogates.empty()) continue;
        std::vector<double> polynomials;
        for (const Surrogate& g : known.surrogates[k]) append(polynomials, numbers_of(g));
        store(state, of_output("surrogates", j), polynomials);
        store(state, of_output("residuals", j), table_of(known.sums.all_residuals()[k]));
    }
    return state;
}

SobolSettings settings_of(const State& state, const Estimate& joint) {
    SobolSettings s;
    const std::vector<double>& plan = numbers(state, "plan", 3);
    s.points = std::llround(plan[0]), s.replicates = std::llround(plan[1]), s.pilot = std::llround(plan[2]);
    const std::vector<double>& options = numbers(state, "options", 5);
    const auto method = static_cast<std::size_t>(options[0]);
    require(method < EnumNames<SobolMethod>::names.size() && s.points >= 1 && s.replicates >= 1,
            "extend: the state is damaged: no plan");
    s.options.method = static_cast<SobolMethod>(method);
    s.options.surrogate = options[1] != 0;
    s.options.second_order = options[2] != 0;
    s.options.points = options[3] == static_cast<double>(Points::iid) ? Points::iid : Points::rqmc;
    s.options.scale = options[4] != 0;
    const std::vector<double>& of = numbers(state, "groups", state.inputs.size());
    const std::size_t m = state.outputs.size();
    for (std::size_t c = 0; c < of.size(); ++c) {
        const auto g = static_cast<std::size_t>(of[c]);
        require(g * m < joint.names.size(), "extend: the state is damaged: an input of no group");
        if (s.options.groups.size() <= g) s.options.groups.resize(g + 1);
        const std::string& name = joint.names[g * m];   // "first order of GROUP", or "first order of GROUP: OUTPUT"
        const std::size_t end = m > 1 ? state.outputs.front().size() + 2 : 0;
        require(name.size() > first_order.size() + end, "extend: the state is damaged: no name of a group");
        s.options.groups[g].name = name.substr(first_order.size(), name.size() - first_order.size() - end);
        s.options.groups[g].inputs.push_back(state.inputs[c]);
    }
    return s;
}

SobolState restored(const State& state, const SobolDesign& design) {
    const std::int64_t replicates = std::llround(numbers(state, "plan", 3)[1]);
    std::vector<std::vector<PairSums>> pairs;
    std::vector<std::vector<ResidualSums>> residuals;
    std::vector<std::vector<Surrogate>> surrogates;
    const std::vector<double>& centres = numbers(state, "centre", state.outputs.size());
    for (std::int64_t j = 0; j < static_cast<std::int64_t>(centres.size()); ++j) {
        Reader sums(table(state, of_output("sums", j)));
        auto& of_pairs = pairs.emplace_back();
        for (std::int64_t r = 0; r < replicates; ++r) of_pairs.push_back(pair_sums_of(sums, design));
        if (!state.tables.contains(of_output("surrogates", j))) continue;
        Reader polynomials(table(state, of_output("surrogates", j))), left(table(state, of_output("residuals", j)));
        auto& of_output = surrogates.emplace_back();
        for (std::int64_t q = 0; q < folds; ++q) of_output.push_back(surrogate_of(polynomials, design));
        auto& of_residuals = residuals.emplace_back();
        for (std::int64_t r = 0; r < replicates; ++r)
            of_residuals.push_back(residual_sums_of(left, design, of_output[static_cast<std::size_t>(r % folds)]));
    }
    require(surrogates.empty() || surrogates.size() == centres.size(),
            "extend: the state is damaged: surrogates of some outputs only");
    return {SobolSums(design, centres, std::move(pairs), std::move(residuals)), std::move(surrogates),
            FirstSquares(table(state, "squares"))};
}

}  // namespace buffon
