#include <buffon/sobol.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <iomanip>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/finish.hpp>
#include <buffon/pair_sums.hpp>
#include <buffon/parallel.hpp>
#include <buffon/sobol_design.hpp>
#include <buffon/sobol_ratios.hpp>
#include <buffon/sobol_sums.hpp>
#include <buffon/sobol_values.hpp>
#include <buffon/surrogate_fit.hpp>
#include <buffon/surrogate_ratios.hpp>
#include <buffon/text.hpp>

namespace buffon {
namespace {

constexpr std::int64_t kept_numbers = 1 << 19;      // 4 MB, of a run that stops early
constexpr std::int64_t stored_budget = 1 << 20;     // evaluations that are kept for the surrogate; of more a part is evaluated for it alone
constexpr std::int64_t fewest_points = 4;           // of a replicate
constexpr std::int64_t fewest_replicates = 4;       // Student's law needs a degree of freedom: R / 2 - 1
constexpr double no_variance = 1e-26, no_effect = 1e-13;   // of the largest output squared; of the largest output

/// How the budget is spent.
struct Plan {
    std::int64_t points = 0, replicates = 0;
    std::int64_t pilot = 0;   // evaluations for the surrogate alone
};

bool with_surrogate(const SobolOptions& options) { return options.method == SobolMethod::combined && options.surrogate; }

/// R replicates at least: few large nets; many where replicates are blocks of independent points, whose size does not matter.
std::int64_t least_replicates(const SobolOptions& options, std::int64_t rows) {
    if (options.replicates > 0) return options.replicates;
    if (options.points == Points::rqmc || with_surrogate(options)) return 8;
    return std::clamp<std::int64_t>(rows / 16, 8, 128);
}

Plan plan_of(const Run& run, const SobolOptions& options, std::int64_t sets) {
    const std::int64_t pilot = with_surrogate(options) && run.budget > stored_budget ? most_fit_rows : 0, rows = (run.budget - pilot) / sets;
    const std::int64_t least = least_replicates(options, rows);
    require(rows >= least * fewest_points, "sobol: budget must be at least ", least * fewest_points * sets, " (", least, " replicates of ", fewest_points,
            " rows of ", sets, " evaluations), got ", run.budget);
    const auto points = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(rows / least)));
    return {points, rows / points, pilot};
}

void check(const Problem& problem, const SobolOptions& options) {
    require(options.replicates == 0 || options.replicates >= fewest_replicates, "sobol: replicates must be 0 (chosen) or at least ", fewest_replicates, ", got ",
            options.replicates);
    require(!options.second_order || options.method != SobolMethod::owen, "sobol: second_order must be False for method = 'owen', whose design has no pairs");
    const std::int64_t tables = options.method == SobolMethod::owen ? 3 : 2, most = SobolSequence::max_dim() / tables;
    require(options.points == Points::iid || problem.dim() <= most, "sobol: points must be 'iid' for more than ", most, " inputs, got ", problem.dim());
}

/// Whether a group moves some output.
std::vector<bool> active_coordinates(const SobolSums& sums, const Groups& groups) {
    std::vector<bool> active(groups.of.size(), false);
    for (std::size_t c = 0; c < active.size(); ++c)
        for (std::int64_t j = 0; j < sums.outputs(); ++j) active[c] = active[c] || sums.moves(j, static_cast<std::size_t>(groups.of[c]), no_effect);
    return active;
}

/// y of the fit rows from evaluations that are kept: (rows, m), centred, and which of them count.
Matrix kept_outputs(const std::vector<SegmentValues>& kept, const SobolDesign& design, const std::vector<FitRow>& rows, const SobolSums& sums,
                    std::vector<char>& counts) {
    Matrix y(static_cast<std::int64_t>(rows.size()), sums.outputs());
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::int64_t at = rows[i].replicate * design.points() + rows[i].row;
        const SegmentValues& values = kept[static_cast<std::size_t>(at / design.segment_rows())];
        const std::int64_t row = at % design.segment_rows();
        counts[i] = std::ranges::find(values.failed, row) == values.failed.end();
        for (std::int64_t j = 0; j < y.cols; ++j) y(static_cast<std::int64_t>(i), j) = values.column(rows[i].set, j)[row] - sums.centre(j);
    }
    return y;
}

/// y of the fit rows by evaluating them, beside the design.
Matrix pilot_outputs(Evaluation& evaluate, const std::vector<FitRow>& rows, ConstView u, SobolSums& sums, std::vector<char>& counts) {
    const View x = evaluate.room(u.rows);
    evaluate.problem().inputs().from_uniform(u, x);
    const Outputs out = evaluate(x, [&](std::span<double> log_q) { evaluate.problem().inputs().log_density(x, log_q); });
    if (Sample* kept = evaluate.kept()) kept->replicate.resize(kept->replicate.size() + rows.size(), -1);
    Matrix y(u.rows, evaluate.outputs());
    sums.centre_at(out.y.view(), evaluate.outputs());
    for (std::int64_t i = 0; i < y.rows; ++i) {
        counts[static_cast<std::size_t>(i)] = !evaluate.discards() || out.y(i, y.cols) != 0;
        for (std::int64_t j = 0; j < y.cols; ++j) y(i, j) = out.y(i, j) - sums.centre(j);
    }
    return y;
}

/// What the surrogates are fitted to.
struct FitData {
    std::vector<FitRow> rows;
    Matrix u, y;                 // (rows, d), (rows, m)
    std::vector<char> counts;    // whether a row does
};

/// (m, 4): the surrogates of each output; of normal scores or of uniforms, whichever predicts better: functions with steps or
/// bends have no use for polynomials that explode in the tails.
std::vector<std::vector<Surrogate>> fitted(const SobolDesign& design, const FitData& data, const std::vector<Family1d>& families,
                                           const std::vector<bool>& active, int threads) {
    std::vector<std::vector<Family1d>> spaces{families};
    if (std::ranges::count(families, Family1d::hermite) > 0) spaces.emplace_back(families.size(), Family1d::legendre);
    const auto m = static_cast<std::size_t>(data.y.cols);
    std::vector<Ladder> ladders;
    std::vector<std::vector<Polynomial>> fits;
    for (const auto& space : spaces) {
        const std::int64_t most = most_terms(data.u.rows);
        ladders.push_back(polynomial_ladder(space, active, ladders.empty() ? most : most / 2));   // the second takes a quarter of the time
        fits.push_back(cross_fit(ladders.back(), fit_sums(ladders.back(), space, data.rows, data.u, data.y, data.counts, threads), threads));
    }
    std::vector<std::vector<Surrogate>> out(m);
    for (std::size_t j = 0; j < m; ++j)
        for (std::size_t q = 0; q < static_cast<std::size_t>(folds); ++q) {
            const std::size_t k = q * m + j, best = spaces.size() > 1 && fits[1][k].error < fits[0][k].error;
            out[j].emplace_back(design, spaces[best], ladders[best], fits[best][k]);
        }
    return out;
}

/// What was found, index by index, output by output.
struct Found {
    std::vector<double> value;
    std::vector<std::vector<double>> errors;   // of each value: (R)
    std::vector<double> weights;               // of the candidates, three a value
    std::vector<std::string> constant;         // outputs that do not vary
};

void add(const Combination& c, Found& found) {
    found.value.push_back(c.value);
    found.errors.push_back(c.errors);
    for (std::size_t k = 0; k < 3; ++k) found.weights.push_back(k < c.weights.size() ? c.weights[k] : 0.0);
}

/// The groups of index k as `ratios` orders them: one, or a pair.
std::vector<std::size_t> groups_of_index(std::size_t k, std::size_t groups) {
    if (k < 2 * groups) return {k % groups};
    k -= 2 * groups;
    for (std::size_t i = 0; i < groups; ++i) {
        if (k < groups - i - 1) return {i, i + 1 + k};
        k -= groups - i - 1;
    }
    return {};
}

/// Indices of all outputs from the replicates that are whole.
Found found_in(const SobolSums& sums, const SobolOptions& options, const std::vector<std::vector<Surrogate>>& surrogates, std::int64_t groups,
               const std::vector<std::string>& outputs) {
    std::vector<std::vector<std::vector<Ratio>>> candidates;   // (m, index, candidate); empty for an output that does not vary
    Found found;
    const std::vector<std::int64_t> replicates = sums.whole();
    for (std::int64_t j = 0; j < sums.outputs(); ++j) {
        auto& of_output = candidates.emplace_back();
        if (!(sums.variance(j) > no_variance * sums.largest(j) * sums.largest(j))) {
            found.constant.push_back(outputs[static_cast<std::size_t>(j)]);
            continue;
        }
        for (Ratio& base : ratios(options.method, sums.pairs(j), options.second_order)) of_output.push_back({std::move(base)});
        if (surrogates.empty()) continue;
        auto more = surrogate_ratios(surrogates[static_cast<std::size_t>(j)], replicates, sums.residuals(j), groups, options.second_order);
        for (std::size_t k = 0; k < more.size(); ++k)
            for (Ratio& ratio : more[k]) of_output[k].push_back(std::move(ratio));
    }
    const auto g = static_cast<std::size_t>(groups);
    const std::size_t indices = 2 * g + (options.second_order ? g * (g - 1) / 2 : 0);
    for (std::size_t k = 0; k < indices; ++k)
        for (std::int64_t j = 0; j < sums.outputs(); ++j) {
            const auto of = groups_of_index(k, g);
            const auto& of_output = candidates[static_cast<std::size_t>(j)];
            if (of_output.empty())
                add({std::numeric_limits<double>::quiet_NaN(), std::vector<double>(replicates.size(), std::numeric_limits<double>::quiet_NaN()), {}}, found);
            else if (std::ranges::any_of(of, [&](std::size_t i) { return !sums.moves(j, i, no_effect); }))
                add({0.0, std::vector<double>(replicates.size()), {1.0}}, found);
            else
                add(combine(of_output[k]), found);
        }
    return found;
}

Matrix covariance_of(const std::vector<std::vector<double>>& errors) {
    const auto n = static_cast<std::int64_t>(errors.size());
    const double r = static_cast<double>(errors.front().size());
    Matrix c(n, n);
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j <= i; ++j) {
            double sum = 0;
            for (std::size_t k = 0; k < errors.front().size(); ++k) sum += errors[static_cast<std::size_t>(i)][k] * errors[static_cast<std::size_t>(j)][k];
            c(i, j) = c(j, i) = sum / (r * (r - 1));
        }
    return c;
}

/// Share of each output's variance that the surrogates take, and their terms on average.
void describe(const SobolSums& sums, const std::vector<std::vector<Surrogate>>& surrogates, Estimate& e) {
    std::vector<double> share, terms;
    for (std::int64_t j = 0; j < sums.outputs(); ++j) {
        double left = 0, count = 0, size = 0;
        for (const ResidualSums& r : sums.residuals(j)) left += r.pairs.squares(), count += r.pairs.count();
        for (const Surrogate& g : surrogates[static_cast<std::size_t>(j)]) size += static_cast<double>(g.summands().size() + 1);
        share.push_back(1 - left / count / sums.variance(j));
        terms.push_back(size / static_cast<double>(folds));
    }
    e.diagnostics["surrogate_share"] = share;
    e.diagnostics["surrogate_terms"] = terms;
}

void warn(const Evaluation& evaluate, const SobolDesign& design, const SobolSums& sums, const std::vector<std::string>& constant, Estimate& e) {
    for (const std::string& output : constant)
        e.warnings.push_back("output '" + output + "' is the same at every point: it has no variance to share, its indices are NaN");
    if (e.n_failed == 0) return;
    const double rows = static_cast<double>(design.points()) * static_cast<double>(sums.whole().size()), left_out = 1 - sums.rows() / rows;
    std::ostringstream text;
    text << with_commas(e.n_failed) << " of " << with_commas(evaluate.n()) << " evaluations failed: " << std::setprecision(2) << 100 * left_out
         << " % of the rows are left out, the indices are those of the rest";
    e.warnings.push_back(text.str());
}

Estimate conclude(const Evaluation& evaluate, const SobolDesign& design, const SobolOptions& options, const SobolSums& sums,
                  const std::vector<std::vector<Surrogate>>& surrogates) {
    const auto whole = static_cast<std::int64_t>(sums.whole().size());
    require(whole >= fewest_replicates, "sobol: at least ", fewest_replicates, " replicates must have a row without a failed evaluation, got ", whole);
    const std::vector<std::string>& outputs = evaluate.names();
    Found found = found_in(sums, options, surrogates, design.groups().size(), outputs);
    Estimate e;
    e.value = std::move(found.value);
    e.covariance = covariance_of(found.errors);
    e.n = evaluate.n();
    e.n_failed = evaluate.n_failed();
    e.rng_key = evaluate.key();
    // fits that folds share make replicates depend on each other: half of the degrees of freedom are worth more than all
    e.degrees_of_freedom = static_cast<double>(surrogates.empty() ? whole - 1 : whole / 2 - 1);
    e.diagnostics["replicates"] = whole;
    e.diagnostics["points"] = design.points();
    if (!surrogates.empty()) {
        describe(sums, surrogates, e);
        e.diagnostics["weights"] = found.weights;
    }
    if (!found.constant.empty()) e.diagnostics["constant"] = found.constant;
    warn(evaluate, design, sums, found.constant, e);
    if (evaluate.run().keep == Keep::sample) e.sample = evaluate.sample();
    return indices_of(std::move(e), design.groups().names, outputs, options.second_order).joint;
}

/// Evaluations in the order of the design; what the surrogate needs again is kept.
class SobolRun {
public:
    SobolRun(Evaluation& evaluate, const SobolDesign& design, const SobolOptions& options, std::int64_t pilot)
        : evaluate_(evaluate), design_(design), options_(options), pilot_(pilot), families_(families_of(evaluate.problem().inputs())), sums_(design) {}

    Estimate operator()() {
        if (pilot_ > 0) fit_to_pilot();
        const bool keeps = with_surrogate(options_) && pilot_ == 0;
        SobolValues values(evaluate_, design_);
        for (std::vector<SegmentValues> next; !(next = values.next()).empty();) {
            sums_.add(next, surrogates_, evaluate_.threads());
            if (keeps) std::ranges::move(next, std::back_inserter(kept_));
        }
        if (keeps) fit_to_kept();
        return conclude(evaluate_, design_, options_, sums_, surrogates_);
    }
    /// Of what is finished, without a surrogate.
    Estimate partial() const {
        require(sums_.outputs() > 0, "sobol: nothing is finished");
        SobolOptions plain = options_;
        plain.surrogate = false;
        return conclude(evaluate_, design_, plain, sums_, {});
    }

private:
    FitData fit_data() const {
        FitData data{fit_rows(design_), {}, {}, {}};
        data.u = fit_uniforms(design_, data.rows, evaluate_.threads());
        data.counts.assign(data.rows.size(), 1);
        return data;
    }
    void fit_to_pilot() {
        FitData data = fit_data();
        data.y = pilot_outputs(evaluate_, data.rows, data.u, sums_, data.counts);
        surrogates_ = fitted(design_, data, families_, std::vector<bool>(families_.size(), true), evaluate_.threads());
    }
    void fit_to_kept() {
        FitData data = fit_data();
        data.y = kept_outputs(kept_, design_, data.rows, sums_, data.counts);
        surrogates_ = fitted(design_, data, families_, active_coordinates(sums_, design_.groups()), evaluate_.threads());
        sums_.add_residuals(kept_, surrogates_, evaluate_.threads());
    }

    Evaluation& evaluate_;
    const SobolDesign& design_;
    const SobolOptions& options_;
    std::int64_t pilot_;
    std::vector<Family1d> families_;
    SobolSums sums_;
    std::vector<std::vector<Surrogate>> surrogates_;
    std::vector<SegmentValues> kept_;
};

}  // namespace

Indices sobol(const Problem& problem, const Run& run, const SobolOptions& options) {
    require(run.budget >= 1, "sobol: budget must be at least 1, got ", run.budget);
    check(problem, options);
    Groups groups = groups_of("sobol", problem.inputs(), options.groups);
    const bool third = options.method == SobolMethod::owen, both_ways = options.second_order || third;
    const std::int64_t sets = SobolDesign::sets(groups.size(), both_ways);
    const Plan plan = plan_of(run, options, sets);
    Evaluation evaluate("sobol", problem, run);
    evaluate.keep_at_most(kept_numbers);
    const SobolDesign design(problem.inputs(), std::move(groups), both_ways, third, options.points, plan.points, plan.replicates, evaluate.key());
    SobolRun whole(evaluate, design, options, plan.pilot);
    Estimate joint = with_partial(evaluate, [&] { return whole(); }, [&] { return whole.partial(); });
    return indices_of(std::move(joint), design.groups().names, evaluate.names(), options.second_order);
}

}  // namespace buffon
