#include <buffon/transport_map.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <buffon/check.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/parallel.hpp>
#include <buffon/transport_search.hpp>
#include <buffon/transport_targets.hpp>

namespace buffon {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t draws_per_target = 20'000, least_default = 4'000'000;
constexpr std::int64_t block_rows = 64;       // that meet all targets in double

Distribution standard_normal(std::int64_t d) { return Joint(std::vector<Univariate>(static_cast<std::size_t>(d), Normal())); }

/// What the longest start takes, and as much again.
std::int64_t least_budget(std::int64_t size) { return 400'000 + 1000 * size; }

Estimate error_of(const TransportSearch& search, double target_error, std::uint64_t key, std::int64_t draws) {
    const MassCheck& check = search.check;
    Estimate e;
    e.value = {MassCheck::l1(check.chi_squared)};
    e.names = {"L1"};
    e.n = draws;
    e.rng_key = key;
    // at 0 the root has no derivative: the value one standard error up stands for the error
    const double slope = check.chi_squared > check.std_error ? e.value[0] / (2 * check.chi_squared) : MassCheck::l1(check.std_error) / std::max(check.std_error, 1e-300);
    e.covariance = Matrix(1, 1, slope * slope * check.std_error * check.std_error);
    const std::vector<double> levels{0.5, 0.8, 0.9, 0.95, 0.99, 0.999};
    e.bounds = {levels, Matrix(1, static_cast<std::int64_t>(levels.size())), Matrix(1, static_cast<std::int64_t>(levels.size()))};
    for (std::size_t l = 0; l < levels.size(); ++l) {
        const double z = normal_quantile((1 + levels[l]) / 2) * check.std_error;
        e.bounds.low(0, static_cast<std::int64_t>(l)) = MassCheck::l1(check.chi_squared - z);
        e.bounds.high(0, static_cast<std::int64_t>(l)) = MassCheck::l1(check.chi_squared + z);
    }
    e.diagnostics = {{"chi_squared", check.chi_squared}, {"chi_squared_std_error", check.std_error}, {"upper_limit", check.upper()},
                     {"converged", search.converged}, {"inflation", check.inflation}, {"check_draws", check.draws}, {"empty", check.empty},
                     {"steps", search.steps}};
    if (target_error > 0 && !search.converged)
        e.warnings = {"the budget ended before the masses' error was below target_error"};
    return e;
}

/// The dual value: a lower bound of the squared distance that is exact where the masses are, its error of second order in theirs.
Estimate distance_of(const PowerCells& cells, const Targets& targets, const TransportSearch& search, std::uint64_t key, std::int64_t draws) {
    double value = cells.source_scatter() - 2 * search.check.score;
    for (std::int64_t i = 0; i < targets.points.rows; ++i)
        for (std::int64_t j = 0; j < targets.points.cols; ++j) {
            const double offset = targets.points(i, j) - targets.centre[static_cast<std::size_t>(j)];
            value += targets.masses[static_cast<std::size_t>(i)] * offset * offset;
        }
    for (std::size_t j = 0; j < targets.centre.size(); ++j)
        value += (cells.source_mean()[j] - targets.centre[j]) * (cells.source_mean()[j] - targets.centre[j]);
    Estimate e;
    e.value = {value};
    e.names = {"W2^2"};
    e.covariance = Matrix(1, 1, 4 * search.check.score_std_error * search.check.score_std_error);
    e.degrees_of_freedom = check_groups - 1;
    e.n = draws;
    e.rng_key = key;
    return e;
}

/// Scores in double of a block of rows, from heights out.
void score(ConstView x, const Matrix& minus_points, std::span<const double> heights, View out) {
    for (std::int64_t i = 0; i < out.rows; ++i) std::ranges::copy(heights, out.row(i).begin());
    subtract_products(x, minus_points, out);
}

}  // namespace

Estimate TransportMap::w2() const {
    return w2_squared.transform([](const std::vector<double>& v) { return std::vector<double>{std::sqrt(std::max(v[0], 0.0))}; }, {"W2"});
}

std::vector<std::int64_t> TransportMap::cell(ConstView x, int threads) const {
    require(x.cols == points.cols, "TransportMap: x must have shape (n, d) with d = ", points.cols, ", got d = ", x.cols);
    Matrix minus(points.cols, points.rows);
    for (std::int64_t i = 0; i < points.rows; ++i)
        for (std::int64_t j = 0; j < points.cols; ++j) minus(j, i) = -points(i, j);
    std::vector<std::int64_t> out(static_cast<std::size_t>(x.rows));
    parallel::for_each((x.rows + block_rows - 1) / block_rows, threads, [&](std::int64_t b) {
        const ConstView rows = x.slice(b * block_rows, std::min(block_rows, x.rows - b * block_rows));
        Matrix scores(rows.rows, points.rows);
        score(rows, minus, heights, scores);
        for (std::int64_t i = 0; i < rows.rows; ++i) {
            const auto row = View(scores).row(i);
            out[static_cast<std::size_t>(b * block_rows + i)] = std::ranges::max_element(row) - row.begin();
        }
    });
    return out;
}

Matrix TransportMap::operator()(ConstView x, int threads) const {
    Matrix out(x.rows, points.cols);
    const std::vector<std::int64_t> found = cell(x, threads);
    for (std::int64_t i = 0; i < x.rows; ++i) std::ranges::copy(ConstView(points).row(found[static_cast<std::size_t>(i)]), View(out).row(i).begin());
    return out;
}

TransportMap transport_map(const Matrix& points, const TransportOptions& options) {
    require(points.rows >= 1 && points.cols >= 1, "transport_map: points must have shape (n, d) with n, d >= 1, got (", points.rows, ", ", points.cols, ")");
    for (const double value : points.data) require(std::isfinite(value), "transport_map: points must be finite, got ", value);
    require(options.target_error >= 0 && options.target_error < 2, "transport_map: target_error must lie in [0, 2), got ", options.target_error);
    const Distribution source = options.source ? *options.source : standard_normal(points.cols);
    require(source.dim() == points.cols, "transport_map: source must have the points' dimension ", points.cols, ", got ", source.dim());
    const Targets targets = merge_targets(points, checked_masses(points, options.masses));
    const std::int64_t size = targets.points.rows;
    const std::int64_t budget = options.budget.value_or(std::max(draws_per_target * size, least_default)), least = least_budget(size);
    require(budget >= least, "transport_map: budget must be at least ", least, " draws for ", size, " targets, got ", budget);

    TransportMap map;
    map.points = points;
    map.rng_key = options.rng.value_or(0);
    if (!options.rng) map.rng_key = fresh_key();
    const PowerCells cells(targets.points, targets.centre, source);
    TransportDraws draws(cells, targets.masses, map.rng_key, budget, options.threads,
                         [&](std::int64_t n) { if (options.progress) options.progress(n, budget, {}); });
    TransportSearch found;
    if (size == 1) {
        found.heights = {0.0};
        found.check = mass_check(draws, found.heights, budget / 8);
        found.converged = true;
    } else {
        found = search_heights(draws, options.target_error);
    }
    map.draws = draws.spent();
    map.start_draws = found.start_draws;
    map.step_draws = found.step_draws;
    map.check_draws = map.draws - map.start_draws - map.step_draws;
    map.steps = found.steps;
    map.converged = found.converged;
    map.empty = found.check.empty;
    map.mass_error = error_of(found, options.target_error, map.rng_key, map.draws);
    map.w2_squared = distance_of(cells, targets, found, map.rng_key, map.draws);
    const double per_draw = found.check.inflation / static_cast<double>(found.check.draws);
    for (std::size_t i = 0; i < targets.merged.size(); ++i) {
        const auto row = static_cast<std::size_t>(std::max<std::int64_t>(targets.merged[i], 0));
        const bool receives = targets.merged[i] >= 0, first = receives && targets.first[row] == static_cast<std::int64_t>(i);
        const double w = first ? found.check.masses[row] : 0.0;
        map.heights.push_back(receives ? found.heights[row] - cells.shift()[row] : -infinity);
        map.wanted.push_back(first ? targets.masses[row] : 0.0);
        map.masses.push_back(w);
        map.mass_std_error.push_back(std::sqrt(per_draw * w * (1 - w)));
    }
    return map;
}

}  // namespace buffon
