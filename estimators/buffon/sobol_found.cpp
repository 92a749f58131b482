#include <buffon/sobol_found.hpp>

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <limits>
#include <numeric>
#include <sstream>
#include <string>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/shared_coordinates.hpp>
#include <buffon/sobol_ratios.hpp>
#include <buffon/surrogate_fit.hpp>
#include <buffon/surrogate_ratios.hpp>
#include <buffon/text.hpp>

namespace buffon {
namespace {

constexpr double rounding = 1e-8;             // of the variance: with the ridge of a fit
constexpr double no_variance = 1e-26;         // of the largest output squared
constexpr std::int64_t most_values = 10'000;  // their covariance: 800 MB

/// What was found, index by index, output by output; then index by index of all outputs together, where there are several.
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

/// All candidates of one output, index by index; none where it does not vary.
std::vector<std::vector<Ratio>> candidates_of(std::int64_t output, const SobolSums& sums, const SobolOptions& options,
                                              const std::vector<std::vector<Surrogate>>& surrogates, std::int64_t groups) {
    if (!(sums.variance(output) > no_variance * sums.largest(output) * sums.largest(output))) return {};
    std::vector<std::vector<Ratio>> candidates;
    for (Ratio& base : ratios(options.method, sums.pairs(output), options.second_order)) candidates.push_back({std::move(base)});
    if (surrogates.empty()) return candidates;
    auto more = surrogate_ratios(surrogates[static_cast<std::size_t>(output)], sums.whole(), sums.residuals(output),
                                 groups, options.second_order);
    for (std::size_t k = 0; k < more.size(); ++k)
        for (Ratio& ratio : more[k]) candidates[k].push_back(std::move(ratio));
    return candidates;
}

/// (sum r^2)^2 / sum r^4 of what the surrogates leave at both tables' rows, as if so many rows alike made it.
double rows_alike(const std::vector<ResidualSums>& sums) {
    double squares = 0, fourth = 0;
    for (const ResidualSums& s : sums) squares += s.pairs.aa + s.pairs.bb, fourth += s.fourth;
    return fourth > 0 ? squares * squares / fourth : std::numeric_limits<double>::infinity();
}

/// Of the variance.
double share_left(const std::vector<ResidualSums>& sums, double variance) {
    double left = 0, count = 0;
    for (const ResidualSums& s : sums) left += s.pairs.squares(), count += s.pairs.count();
    return left / count / variance;
}

/// Of the candidates with a surrogate: the most that one row adds to the numerator of index k, a mean over all rows.
double largest_row(std::size_t k, std::size_t groups, const std::vector<ResidualSums>& sums, double rows) {
    double most = 0;
    const auto of = groups_of_index(k, groups);
    for (const ResidualSums& s : sums) {
        double least = std::numeric_limits<double>::infinity();   // a pair does only what both of it do
        for (const std::size_t g : of) least = std::min(least, (k < groups ? s.first_largest : s.total_largest)[g]);
        most = std::max(most, least);
    }
    return most / rows;
}

/// Replicates that have not met a far point do not know what a polynomial leaves there: errors hold rows more like the
/// largest, ten over the
/// number of rows that make what is left, five at most. Exponentials of normal inputs are such: see docs/sobol.md.
double rows_more(double alike) {
    constexpr double enough = 10, most = 5;
    return std::min(enough / alike, most);
}

/// By how much one row that was not met may move an index: that of the estimator without a surrogate, and those with one.
struct UnseenRow {
    double plain = 0, left = 0;
};

/// Rows that make a variance come alone, but indices rest on where they meet: of an event with thirteen hits, a first
/// order of 0.1 on one row that
/// is hit in both tables. Replicates without it agree on 0, so errors hold one more. Where rows are many nobody feels it.
void hold_row(const UnseenRow& row, Combination& c) {
    constexpr double felt = 1e-4;   // of the variance
    const auto r = static_cast<double>(c.errors.size());
    const double square = std::inner_product(c.errors.begin(), c.errors.end(), c.errors.begin(), 0.0) / (r * (r - 1));
    const double more = row.plain * c.weights.front() + row.left * (1 - c.weights.front());
    if (more < rounding || more * more < felt * square) return;   // of a polynomial nothing is left but rounding errors
    if (square > 0)
        for (double& e : c.errors) e *= std::sqrt(1 + more * more / square);
    else
        c.errors.front() = more * std::sqrt(r * (r - 1));   // no replicate has met any
}

/// What the groups of an index do not move has no part in it, whatever a surrogate says.
std::vector<Ratio> without_effect(std::vector<Ratio> candidates) {
    for (Ratio& ratio : candidates) std::ranges::fill(ratio.numerator, 0.0);
    return candidates;
}

Found found_in(const SobolSums& sums, const SobolOptions& options,
               const std::vector<std::vector<Surrogate>>& surrogates, std::int64_t groups,
               const std::vector<std::string>& outputs, const std::vector<double>& alike, bool without_bounds) {
    const auto g = static_cast<std::size_t>(groups), m = outputs.size(), replicates = sums.whole().size();
    std::vector<std::vector<std::vector<Ratio>>> candidates;   // (m, index, candidate)
    Found found;
    for (std::size_t j = 0; j < m; ++j) {
        candidates.push_back(candidates_of(static_cast<std::int64_t>(j), sums, options, surrogates, groups));
        if (candidates.back().empty()) found.constant.push_back(outputs[j]);
    }
    const Combination unknown{std::numeric_limits<double>::quiet_NaN(),
                              std::vector<double>(replicates, std::numeric_limits<double>::quiet_NaN()),
                              {}};
    const Combination none{0.0, std::vector<double>(replicates), {1.0}};
    const auto moves = [&](std::size_t k, std::size_t j) {
        return std::ranges::all_of(groups_of_index(k, g), [&](std::size_t i) {
            return sums.moves(static_cast<std::int64_t>(j), i, no_effect);
        });
    };
    const auto reach = [&](std::size_t k, std::size_t j) {   // a pair does only what both of it do
        double least = 1;
        for (const std::size_t i : groups_of_index(k, g)) least = std::min(least, sums.reach(static_cast<std::int64_t>(j), i));
        return least;
    };
    const std::size_t indices = 2 * g + (options.second_order ? g * (g - 1) / 2 : 0);
    std::vector<std::vector<UnseenRow>> rows(indices, std::vector<UnseenRow>(m));   // in units of the variance of the output
    for (std::size_t j = 0; j < m; ++j) {
        if (candidates[j].empty()) continue;
        const auto part = [&](std::size_t k) {
            return reach(k, j) * reach(k, j);
        };   // indices are means of products of two steps
        for (std::size_t k = 0; k < indices; ++k) rows[k][j].plain = part(k) / alike[j];
        if (surrogates.empty()) continue;
        const std::vector<ResidualSums> left = sums.residuals(static_cast<std::int64_t>(j));
        const double variance = sums.variance(static_cast<std::int64_t>(j)), alike_left = rows_alike(left),
                     one = share_left(left, variance) / alike_left;
        for (std::size_t k = 0; k < indices; ++k)
            rows[k][j].left = std::max(
                part(k) * one,
                without_bounds ? rows_more(alike_left) * largest_row(k, g, left, sums.rows()) / variance : 0.0);
    }
    const auto combined = [&](const std::vector<Ratio>& of, const UnseenRow& row) {
        Combination c = combine(of);
        hold_row(row, c);
        return c;
    };
    for (std::size_t k = 0; k < indices; ++k)
        for (std::size_t j = 0; j < m; ++j)
            add(candidates[j].empty() ? unknown : moves(k, j) ? combined(candidates[j][k], rows[k][j]) : none, found);
    for (std::size_t k = 0; m > 1 && k < indices; ++k) {
        std::vector<std::vector<Ratio>> of_outputs;
        bool any = false;
        UnseenRow row;
        double whole = 0;
        for (std::size_t j = 0; j < m; ++j) {
            if (candidates[j].empty()) continue;
            const bool moved = moves(k, j);
            any = any || moved;
            const double share = options.scale ? 1.0 : sums.variance(static_cast<std::int64_t>(j));
            if (moved) row.plain += share * rows[k][j].plain, row.left += share * rows[k][j].left;
            whole += share;
            of_outputs.push_back(moved ? candidates[j][k] : without_effect(candidates[j][k]));
        }
        add(of_outputs.empty() ? unknown
            : any              ? combined(together(of_outputs, options.scale), {row.plain / whole, row.left / whole})
                               : none,
            found);
    }
    return found;
}

Matrix covariance_of(const std::vector<std::vector<double>>& errors) {
    const auto n = static_cast<std::int64_t>(errors.size());
    const double r = static_cast<double>(errors.front().size());
    Matrix c(n, n);
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j <= i; ++j) {
            const auto &a = errors[static_cast<std::size_t>(i)], &b = errors[static_cast<std::size_t>(j)];
            c(i, j) = c(j, i) = std::inner_product(a.begin(), a.end(), b.begin(), 0.0) / (r * (r - 1));
        }
    return c;
}

/// Share of each output's variance that the surrogates take, and their terms on average.
void describe(const SobolSums& sums, const std::vector<std::vector<Surrogate>>& surrogates, Estimate& e) {
    std::vector<double> share, terms, rows;
    for (std::int64_t j = 0; j < sums.outputs(); ++j) {
        double size = 0;
        for (const Surrogate& g : surrogates[static_cast<std::size_t>(j)]) size += static_cast<double>(g.summands().size() + 1);
        share.push_back(1 - share_left(sums.residuals(j), sums.variance(j)));
        terms.push_back(size / static_cast<double>(folds));
        rows.push_back(rows_alike(sums.residuals(j)));
    }
    e.diagnostics["effective_rows_left"] = rows;
    e.diagnostics["surrogate_share"] = share;
    e.diagnostics["surrogate_terms"] = terms;
}

void warn(const Evaluation& evaluate, const SobolDesign& design, const SobolSums& sums,
          const std::vector<std::string>& constant, bool with_surrogate, Estimate& e) {
    for (const std::string& output : constant)
        e.warnings.push_back("output '" + output +
                             "' is the same at every point: it has no variance to share, its indices are NaN");
    if (e.n_failed == 0) return;
    const double rows = static_cast<double>(design.points()) * static_cast<double>(sums.whole().size()),
                 left_out = 1 - sums.rows() / rows;
    std::ostringstream text;
    text << with_commas(e.n_failed) << " of " << with_commas(evaluate.n())
         << " evaluations failed: " << std::setprecision(2) << 100 * left_out
         << " % of the rows are left out, the indices are those of the rest, conditional on success"
         << (with_surrogate
                 ? "; without a surrogate, whose indices would be of a model that goes on where this one fails"
                 : "");
    e.warnings.push_back(text.str());
}

}  // namespace

bool has_no_bounds(const Distribution& inputs) { return std::ranges::count(families_of(inputs), Family1d::hermite) > 0; }

void require_few_values(const SobolDesign& design, const SobolOptions& options, std::int64_t outputs) {
    const std::int64_t g = design.groups().size(), each = 2 * g + (options.second_order ? g * (g - 1) / 2 : 0);
    require(
        each * (outputs + 1) <= most_values, "sobol: the model must give at most ", most_values / each - 1,
        " outputs, got ", outputs, ": the joint covariance of all ",
        "indices would take more than 800 MB; ask for some outputs at a time (Problem(..., outputs={name: function}))");
}

Estimate indices_found(const Evaluation& evaluate, const SobolDesign& design, const SobolOptions& options, const SobolSums& sums,
                       const std::vector<std::vector<Surrogate>>& surrogates, const std::vector<double>& alike) {
    const auto whole = static_cast<std::int64_t>(sums.whole().size());
    require(whole >= fewest_replicates, "sobol: at least ", fewest_replicates,
            " replicates must have a row without a failed evaluation, got ", whole);
    const std::vector<std::string>& outputs = evaluate.names();
    Found found = found_in(sums, options, surrogates, design.groups().size(), outputs, alike,
                           has_no_bounds(evaluate.problem().inputs()));
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
    warn(evaluate, design, sums, found.constant, options.method == SobolMethod::combined && options.surrogate, e);
    if (evaluate.run().keep == Keep::sample) {
        e.sample = evaluate.sample();
        say_shared_coordinates(*e.sample);
    }
    e.names = joint_names(design.groups().names, outputs, options.second_order);
    return e;
}

}  // namespace buffon
