#include <buffon/transport_map.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include <buffon/check.hpp>
#include <buffon/elementary.hpp>
#include <buffon/entropic_images.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/exact_transport.hpp>
#include <buffon/hash.hpp>
#include <buffon/soft_check.hpp>
#include <buffon/stored.hpp>
#include <buffon/transport_checkpoint.hpp>
#include <buffon/transport_images.hpp>
#include <buffon/transport_targets.hpp>

namespace buffon {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t draws_per_target = 20'000, least_default = 4'000'000;
constexpr double default_epsilon = 0.05;   // of the mean cost of independent pairs, as in sinkhorn
const std::string counted_draws = "draws";   // what n of an estimate counts

Distribution standard_normal(std::int64_t d) { return Joint(std::vector<Univariate>(static_cast<std::size_t>(d), Normal())); }

/// What the longest start takes, and as much again.
std::int64_t least_budget(std::int64_t size) { return 400'000 + 200 * size; }

Estimate number(const char* name, double value, double std_error, const TransportMap& map) {
    Estimate e;
    e.value = {value};
    e.names = {name};
    e.covariance = Matrix(1, 1, std_error * std_error);
    e.n = map.draws;
    e.rng_key = map.rng_key;
    e.diagnostics["counted"] = counted_draws;
    return e;
}

Estimate error_of(const MassCheck& check, double target_error, const TransportMap& map) {
    // at 0 the root has no derivative: the value one standard error up stands for the error
    const double value = MassCheck::l1(check.chi_squared), at = std::max(check.chi_squared, check.std_error);
    const double slope = at > 0 ? MassCheck::l1(at) / (check.chi_squared > check.std_error ? 2 * at : at) : 0.0;
    Estimate e = number("L1", value, slope * check.std_error, map);
    const std::vector<double> levels{0.5, 0.8, 0.9, 0.95, 0.99, 0.999};
    e.bounds = {levels, Matrix(1, static_cast<std::int64_t>(levels.size())), Matrix(1, static_cast<std::int64_t>(levels.size()))};
    for (std::size_t l = 0; l < levels.size(); ++l) {
        e.bounds.low(0, static_cast<std::int64_t>(l)) = check.limit((1 + levels[l]) / 2);
        e.bounds.high(0, static_cast<std::int64_t>(l)) = check.limit((1 - levels[l]) / 2);
    }
    e.diagnostics = {{"counted", counted_draws},
                     {"chi_squared", check.chi_squared},
                     {"chi_squared_std_error", check.std_error},
                     {"upper_limit", check.upper()},
                     {"converged", map.converged},
                     {"inflation", check.inflation},
                     {"check_draws", check.draws},
                     {"empty", check.empty},
                     {"steps", map.steps}};
    if (target_error > 0 && !map.converged) e.warnings = {"the budget ended before the masses' error was below target_error"};
    return e;
}

/// |mean - centre|^2 + E|x - mean|^2 + sum_i nu_i |y_i - centre|^2: the squared distance less twice what transport gains.
double scatter(const PowerCells& cells, const Targets& targets) {
    double sum = cells.source_scatter();
    for (std::int64_t i = 0; i < targets.points.rows; ++i)
        for (std::int64_t j = 0; j < targets.points.cols; ++j) {
            const double offset = targets.points(i, j) - targets.centre[static_cast<std::size_t>(j)];
            sum += targets.masses[static_cast<std::size_t>(i)] * offset * offset;
        }
    for (std::size_t j = 0; j < targets.centre.size(); ++j)
        sum += (cells.source_mean()[j] - targets.centre[j]) * (cells.source_mean()[j] - targets.centre[j]);
    return sum;
}

/// The merged targets' numbers, at the places of the user's points.
std::vector<double> spread_out(const Targets& targets, std::span<const double> of_merged) {
    std::vector<double> out(targets.merged.size(), 0.0);
    for (std::size_t k = 0; k < of_merged.size(); ++k) out[static_cast<std::size_t>(targets.first[k])] = of_merged[k];
    return out;
}

/// total - 2 of a mean over the groups.
Estimate cost(const char* name, double total, const GroupMean& gain, const TransportMap& map) {
    Estimate e = number(name, total - 2 * gain.value, 2 * gain.std_error, map);
    e.degrees_of_freedom = check_groups - 1;
    return e;
}

/// Lower ends of the one, upper ends of the other.
void set_bounds(Estimate& e, const Estimate& low, const Estimate& high) {
    const std::vector<double> levels{0.5, 0.8, 0.9, 0.95, 0.99, 0.999};
    e.bounds = {levels, Matrix(1, static_cast<std::int64_t>(levels.size())), Matrix(1, static_cast<std::int64_t>(levels.size()))};
    for (std::size_t l = 0; l < levels.size(); ++l) {
        e.bounds.low(0, static_cast<std::int64_t>(l)) = low.confidence_interval(levels[l]).first[0];
        e.bounds.high(0, static_cast<std::int64_t>(l)) = high.confidence_interval(levels[l]).second[0];
    }
}

/// The dual value of the heights is below the squared distance, the cost of the entropic plan above: by second order in
/// the masses' error, as
/// wrong masses are paid at the heights' price.
void set_entropic(TransportMap& map, double total, const Targets& targets, const SoftScores& soft) {
    double entropy = 0.0;
    for (const double mass : targets.masses) entropy -= mass * elementary::log(mass);
    map.entropic_value = cost("OT_epsilon", total + map.epsilon * entropy, soft.log_sum, map);
    map.entropic_value.diagnostics = {{"counted", counted_draws}, {"epsilon", map.epsilon}};
    const Estimate plan = cost("cost of the plan", total, soft.shared, map);
    const Estimate dual = map.w2_squared;   // whose own intervals are symmetric still
    set_bounds(map.w2_squared, dual, plan);
    map.w2_squared.diagnostics = {{"counted", counted_draws},
                                  {"epsilon", map.epsilon},
                                  {"plan_cost", plan.value[0]},
                                  {"plan_cost_std_error", plan.std_error()[0]}};
}

/// What a check tells. W2 is the dual value: a lower bound, exact where the masses are, its error of second order in theirs.
void set_checked(TransportMap& map, const PowerCells& cells, const Targets& targets, const MassCheck& check,
                 double target_error) {
    map.empty = check.empty;
    map.masses = spread_out(targets, check.masses);
    map.mass_std_error = spread_out(targets, check.mass_std_error);
    map.mass_error = error_of(check, target_error, map);
    const double total = scatter(cells, targets);
    map.w2_squared = cost("W2^2", total, check.score, map);
    if (check.soft) set_entropic(map, total, targets, *check.soft);
    else map.entropic_value = map.w2_squared;
}

/// Heights of the user's points from those of the centred problem.
void set_heights(TransportMap& map, const PowerCells& cells, const Targets& targets, const std::vector<double>& centred) {
    map.heights.clear();
    for (const std::int64_t k : targets.merged)
        map.heights.push_back(
            k < 0 ? -infinity : centred[static_cast<std::size_t>(k)] - cells.shift()[static_cast<std::size_t>(k)]);
}

std::vector<double> centred_heights(std::span<const double> given, const PowerCells& cells, const Targets& targets) {
    std::vector<double> out;
    double mean = 0.0;
    for (std::size_t k = 0; k < targets.first.size(); ++k) {
        out.push_back(given[static_cast<std::size_t>(targets.first[k])] + cells.shift()[k]);
        require(std::isfinite(out.back()), "transport_map: heights must be finite where mass is wanted, got ", out.back());
        mean += targets.masses[k] * out.back();
    }
    for (double& h : out) h -= mean;
    return out;
}

/// The plane's law in the coordinates of the cells' targets; none where its cells have no exact mass.
std::optional<PlanarLaw> planar_law(const PowerCells& cells) {
    if (cells.normal()) return PlanarLaw();
    const auto* joint = std::get_if<Joint>(&cells.source().law());
    if (joint == nullptr || !joint->independent()) return std::nullopt;
    double low[2], high[2];
    for (std::size_t j = 0; j < 2; ++j) {
        if (!std::holds_alternative<Uniform>(joint->laws()[j])) return std::nullopt;
        const Support support = joint->support(static_cast<std::int64_t>(j));
        low[j] = support.lower - cells.source_mean()[j];
        high[j] = support.upper - cells.source_mean()[j];
    }
    return PlanarLaw({low[0], low[1]}, {high[0], high[1]});
}

void solve_exactly(TransportMap& map, const PowerCells& cells, const Targets& targets, int threads) {
    require(cells.dim() <= 2, "transport_map: method 'newton' needs one or two dimensions, got ", cells.dim());
    ExactHeights found;
    if (cells.dim() == 1) {
        found = line_heights(cells.source(), targets.points, targets.masses);
        for (std::size_t k = 0; k < found.heights.size(); ++k) {   // to the centred problem
            found.heights[k] += cells.shift()[k];
            found.moved -= targets.masses[k] * cells.source_mean()[0] * targets.points.data[k];
        }
    } else {
        const std::optional<PlanarLaw> law = planar_law(cells);
        require(law.has_value(),
                "transport_map: method 'newton' in two dimensions needs a normal source or independent Uniform laws");
        found = planar_heights(*law, cells.targets(), targets.masses, threads);
    }
    map.steps = found.iterations;
    map.converged = found.converged;
    set_heights(map, cells, targets, found.heights);
    map.masses = spread_out(targets, found.masses);
    map.mass_std_error.assign(map.masses.size(), 0.0);
    double error = 0.0;
    for (std::size_t k = 0; k < found.masses.size(); ++k) {
        error += std::abs(found.masses[k] - targets.masses[k]);
        map.empty += found.masses[k] <= 0;
    }
    map.mass_error = number("L1", error, 0.0, map);
    map.mass_error.diagnostics = {{"counted", counted_draws}, {"converged", map.converged}, {"steps", map.steps}};
    if (!map.converged) map.mass_error.warnings = {"Newton's steps ended before the masses were exact"};
    map.w2_squared = map.entropic_value = number("W2^2", scatter(cells, targets) - 2 * found.moved, 0.0, map);
}

/// The cells on the device that is asked for; none for the processor.
std::unique_ptr<const CellsOnDevice> on_device(const std::string& device, const PowerCells& cells, int threads) {
    const int number = device_number(device);
    return number < 0 ? nullptr : std::make_unique<const CellsOnDevice>(DeviceQueue{.device = number}, cells, threads);
}

MassCheck checked(TransportDraws& draws, std::span<const double> heights, double epsilon, std::int64_t n) {
    return epsilon > 0 ? soft_mass_check(draws, heights, epsilon / 2, n) : mass_check(draws, heights, n);
}

/// Changes with whatever changes a result, the key aside.
std::uint64_t fingerprint_of(const TransportMap& map, const TransportOptions& options, std::int64_t budget) {
    Hash hash;
    hash.add_exactly(map.points.data);
    hash.add_exactly(map.wanted);
    hash.add(fingerprint(*map.source));
    hash.add_exactly(std::vector<double>{options.target_error, static_cast<double>(budget), map.epsilon});
    hash.add_exactly(options.heights.value_or(std::vector<double>{}));
    return hash.value();
}

/// The file's state where there is one, its key where none is asked for; and the file as what keeps the search.
void set_checkpoint(HeightSearchOptions& search, TransportMap& map, const TransportOptions& options, std::int64_t budget) {
    const std::uint64_t run = fingerprint_of(map, options, budget);
    const std::optional<TransportCheckpoint> found = read_checkpoint(*options.checkpoint);
    if (found) {
        require(found->run == run && (!options.rng || *options.rng == found->key), "transport_map: checkpoint '",
                options.checkpoint->string(),
                "' is of another run: points, masses, source, method, epsilon, target_error, budget, heights and rng "
                "must be those that it began with");
        map.rng_key = found->key;
        search.state = found->state;
    }
    search.keep = CheckpointKeeper(*options.checkpoint, run, map.rng_key);
}

void solve_by_draws(TransportMap& map, const PowerCells& cells, const Targets& targets, const TransportOptions& options) {
    const std::int64_t size = cells.size(), least = least_budget(size);
    const std::int64_t budget = options.budget.value_or(std::max(draws_per_target * size, least_default));
    require(budget >= least, "transport_map: budget must be at least ", least, " draws for ", size, " targets, got ", budget);
    const auto device = on_device(options.device, cells, options.threads);
    if (options.method == TransportMethod::entropic)
        map.epsilon = options.epsilon.value_or(default_epsilon * scatter(cells, targets));
    HeightSearchOptions search{.target_error = options.target_error, .width = map.epsilon / 2};
    if (options.checkpoint) set_checkpoint(search, map, options, budget);
    TransportDraws draws(cells, targets.masses, map.rng_key, budget, options.threads,
                         [&](std::int64_t n) { if (options.progress) options.progress(n, budget, {}); }, device.get());
    TransportSearch found;
    if (size == 1) {
        found.heights = {0.0};
        found.check = checked(draws, found.heights, map.epsilon, budget / 8);
        found.converged = true;
    } else {
        if (options.heights) search.first = centred_heights(*options.heights, cells, targets);
        found = search_heights(draws, search);
    }
    map.draws = draws.spent();
    map.start_draws = found.start_draws;
    map.step_draws = found.step_draws;
    map.check_draws = map.draws - map.start_draws - map.step_draws;
    map.steps = found.steps;
    map.converged = found.converged;
    set_heights(map, cells, targets, found.heights);
    set_checked(map, cells, targets, found.check, options.target_error);
}

void require_rows(const TransportMap& map, ConstView x) {
    require(x.cols == map.points.cols, "TransportMap: x must have shape (n, d) with d = ", map.points.cols, ", got d = ", x.cols);
}

/// Heights of equal points but the first: -inf, as that one has the mass of all.
std::vector<double> of_wanted(const TransportMap& map) {
    std::vector<double> out = map.heights;
    for (std::size_t i = 0; i < out.size(); ++i)
        if (map.wanted[i] == 0) out[i] = -infinity;
    return out;
}

}  // namespace

Estimate TransportMap::w2() const {
    const auto root = [](double v) { return std::sqrt(std::max(v, 0.0)); };
    Estimate out = w2_squared.transform([&](const std::vector<double>& v) { return std::vector<double>{root(v[0])}; }, {"W2"});
    out.bounds = w2_squared.bounds;
    for (double& v : out.bounds.low.data) v = root(v);
    for (double& v : out.bounds.high.data) v = root(v);
    return out;
}

std::vector<std::int64_t> TransportMap::cell(ConstView x, int threads) const {
    require_rows(*this, x);
    return best_cells(points, heights, x, 1, threads).cells;
}

Matrix TransportMap::weights(ConstView x, int threads) const {
    require_rows(*this, x);
    if (epsilon > 0) return entropic_weights(points, of_wanted(*this), epsilon / 2, x, threads);
    Matrix out(x.rows, points.rows);
    const std::vector<std::int64_t> found = cell(x, threads);
    for (std::int64_t i = 0; i < x.rows; ++i) out(i, found[static_cast<std::size_t>(i)]) = 1.0;
    return out;
}

Matrix TransportMap::operator()(ConstView x, int threads) const {
    require_rows(*this, x);
    if (epsilon > 0) return entropic_images(points, of_wanted(*this), epsilon / 2, x, threads);
    Matrix out(x.rows, points.cols);
    const std::vector<std::int64_t> found = cell(x, threads);
    for (std::int64_t i = 0; i < x.rows; ++i)
        std::ranges::copy(ConstView(points).row(found[static_cast<std::size_t>(i)]), View(out).row(i).begin());
    return out;
}

std::vector<double> TransportMap::potential(ConstView x, int threads) const {
    require_rows(*this, x);
    if (epsilon > 0) return entropic_potential(points, of_wanted(*this), epsilon / 2, x, threads);
    return best_cells(points, heights, x, 1, threads).scores.data;
}

std::vector<double> TransportMap::angle(ConstView x, int threads) const {
    require_rows(*this, x);
    if (points.rows < 2) return std::vector<double>(static_cast<std::size_t>(x.rows), 0.0);
    const BestCells best = best_cells(points, heights, x, 2, threads);
    const FacetAngles angles(points, wanted);
    std::vector<double> out;
    for (std::int64_t i = 0; i < x.rows; ++i) {
        const auto k = static_cast<std::size_t>(2 * i);
        out.push_back(std::isfinite(best.scores(i, 1)) ? angles(best.cells[k], best.cells[k + 1]) : 0.0);
    }
    return out;
}

std::vector<double> TransportMap::facet_distance(ConstView x, int threads) const {
    require_rows(*this, x);
    if (points.rows < 2) return std::vector<double>(static_cast<std::size_t>(x.rows), infinity);
    const BestCells best = best_cells(points, heights, x, 2, threads);
    std::vector<double> out;
    for (std::int64_t i = 0; i < x.rows; ++i) {
        const auto k = static_cast<std::size_t>(2 * i);
        const auto a = ConstView(points).row(best.cells[k]), b = ConstView(points).row(best.cells[k + 1]);
        double square = 0.0;
        for (std::size_t j = 0; j < a.size(); ++j) square += (a[j] - b[j]) * (a[j] - b[j]);
        const double gap = best.scores(i, 0) - best.scores(i, 1);
        out.push_back(gap > 0 ? gap / std::sqrt(square) : 0.0);   // equal points: at the facet everywhere
    }
    return out;
}

Matrix TransportMap::centroids(std::int64_t n, std::uint64_t rng, int threads) const {
    require(n >= 1, "TransportMap.centroids: n must be at least 1, got ", n);
    const Targets targets = merge_targets(points, wanted);
    const PowerCells cells(targets.points, targets.centre, *source);
    std::vector<std::int64_t> counts;
    const Matrix sums = cells.sums(centred_heights(heights, cells, targets),
                                   (n + cell_rows - 1) / cell_rows * cell_rows, {rng, 0}, threads, counts);
    Matrix out(points.rows, points.cols, std::nan(""));
    for (std::size_t i = 0; i < targets.merged.size(); ++i) {
        const std::int64_t k = targets.merged[i];
        if (k < 0 || counts[static_cast<std::size_t>(k)] == 0) continue;
        for (std::int64_t j = 0; j < points.cols; ++j)
            out(static_cast<std::int64_t>(i), j) = sums(k, j) / static_cast<double>(counts[static_cast<std::size_t>(k)]);
    }
    return out;
}

std::vector<double> TransportMap::heights_at(const Matrix& others, std::int64_t n, std::uint64_t rng, int threads) const {
    require(others.rows >= 1 && others.cols == points.cols,
            "TransportMap.heights_at: points must have shape (n, d) with d = ", points.cols, ", got (", others.rows,
            ", ", others.cols, ")");
    for (const double value : others.data)
        require(std::isfinite(value), "TransportMap.heights_at: points must be finite, got ", value);
    const Matrix means = centroids(n, rng, threads);
    const std::vector<double> middle = source->mean();
    std::vector<double> out;
    for (const std::int64_t k : nearest_points(points, wanted, others, 1, threads).cells) {
        const auto i = static_cast<std::int64_t>(out.size());
        double h = heights[static_cast<std::size_t>(k)];
        for (std::int64_t j = 0; j < points.cols; ++j) {
            const double c = std::isfinite(means(k, j))
                                 ? means(k, j)
                                 : middle[static_cast<std::size_t>(j)];   // of a cell that no draw met
            h -= c * (others(i, j) - points(k, j));
        }
        out.push_back(h);
    }
    return out;
}

TransportBetween TransportMap::between(ConstView x, const Matrix& centroids, std::int64_t k, double angle, int threads) const {
    require_rows(*this, x);
    require(k >= 1 && k <= points.rows, "TransportMap.between: k must lie in 1 ... ", points.rows, ", got ", k);
    require(angle >= 0, "TransportMap.between: angle must not be negative, got ", angle);
    require(centroids.rows == points.rows && centroids.cols == points.cols,
            "TransportMap.between: centroids must have the points' shape (", points.rows, ", ", points.cols, "), got (",
            centroids.rows, ", ", centroids.cols, ")");
    TransportBetween out;
    out.images = buffon::between(points, FacetAngles(points, wanted), centroids, x,
                                 best_cells(points, heights, x, k, threads), angle, out.used);
    return out;
}

TransportMap TransportMap::check(std::int64_t n, std::optional<std::uint64_t> rng, int threads, const std::string& device) const {
    const Targets targets = merge_targets(points, wanted);
    const PowerCells cells(targets.points, targets.centre, *source, rotations_that_pay(targets.points.rows));
    require(n >= check_groups, "TransportMap.check: n must be at least ", check_groups, ", got ", n);
    TransportMap out = *this;
    out.rng_key = rng ? *rng : fresh_key();
    const auto counting = on_device(device, cells, threads);
    TransportDraws draws(cells, targets.masses, out.rng_key, n, threads, {}, counting.get());
    const MassCheck found = checked(draws, centred_heights(heights, cells, targets), epsilon, n);
    out.draws = out.check_draws = draws.spent();
    out.start_draws = out.step_draws = 0;
    set_checked(out, cells, targets, found, 0.0);
    return out;
}

TransportMap transport_map(const Matrix& points, const TransportOptions& options) {
    require(points.rows >= 1 && points.cols >= 1, "transport_map: points must have shape (n, d) with n, d >= 1, got (",
            points.rows, ", ", points.cols, ")");
    for (const double value : points.data) require(std::isfinite(value), "transport_map: points must be finite, got ", value);
    require(options.target_error >= 0 && options.target_error < 2,
            "transport_map: target_error must lie in [0, 2), got ", options.target_error);
    require(!options.heights || static_cast<std::int64_t>(options.heights->size()) == points.rows,
            "transport_map: heights must have shape (n,) = (", points.rows, ",), got ",
            options.heights ? options.heights->size() : 0);
    TransportMap map;
    map.points = points;
    map.source = options.source ? *options.source : standard_normal(points.cols);
    require(map.source->dim() == points.cols, "transport_map: source must have the points' dimension ", points.cols,
            ", got ", map.source->dim());
    const Targets targets = merge_targets(points, checked_masses(points, options.masses));
    const PowerCells cells(targets.points, targets.centre, *map.source, rotations_that_pay(targets.points.rows));
    map.wanted = spread_out(targets, targets.masses);
    map.rng_key = options.rng ? *options.rng : fresh_key();
    require(options.method == TransportMethod::entropic || !options.epsilon,
            "transport_map: epsilon belongs to method 'entropic'");
    require(!options.epsilon || (*options.epsilon > 0 && std::isfinite(*options.epsilon)),
            "transport_map: epsilon must be positive and finite, got ", options.epsilon.value_or(0.0));
    require(options.method != TransportMethod::newton || !options.checkpoint,
            "transport_map: method 'newton' makes no draws and takes no checkpoint");
    require(options.method != TransportMethod::newton || device_number(options.device) < 0,
            "transport_map: method 'newton' runs on the processor only, got device '", options.device, "'");
    if (options.method == TransportMethod::newton) solve_exactly(map, cells, targets, options.threads);
    else solve_by_draws(map, cells, targets, options);
    return map;
}

}  // namespace buffon
