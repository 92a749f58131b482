#include <buffon/sobol_seeded.hpp>

#include <algorithm>
#include <bit>
#include <limits>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include <buffon/check.hpp>
#include <buffon/finish.hpp>
#include <buffon/kept.hpp>
#include <buffon/seeded_design.hpp>
#include <buffon/seeded_sums.hpp>
#include <buffon/shared_coordinates.hpp>
#include <buffon/sobol_found.hpp>
#include <buffon/sobol_ratios.hpp>
#include <buffon/text.hpp>

namespace buffon {
namespace {

constexpr std::int64_t fewest_points = 2, wanted_replicates = 16, pilot_points = 32;
constexpr std::int64_t call_numbers = 1 << 19;   // of one call of the model, at most
constexpr std::int64_t most_values = 10'000;     // their covariance: 800 MB
constexpr double no_variance = 1e-26;            // of the largest output squared

SeededRows design_of(const Evaluation& evaluate, Groups groups, const SobolOptions& options) {
    const std::int64_t noise = noise_group("sobol", evaluate.problem().inputs(), groups, options.noise);
    const std::int64_t sets = SeededRows::sets(groups.size()), rows = evaluate.run().budget / sets;
    const std::int64_t least =
        options.replicates > 0 ? options.replicates
                               : std::clamp<std::int64_t>(rows / fewest_points, fewest_replicates, wanted_replicates);
    require(rows >= least * fewest_points, "sobol: budget must be at least ", least * fewest_points * sets, " (", least,
            " replicates of ", fewest_points, " rows of ", sets,
            " evaluations, two values of the noise at each point), got ", evaluate.run().budget);
    const bool nets = options.points == Points::rqmc;
    const std::int64_t points =
        nets ? static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(rows / least))) : rows / least;
    return {evaluate.problem().inputs(),  std::move(groups), noise, options.points, points,
            nets ? rows / points : least, evaluate.key()};
}

/// Sums of all outputs and replicates, as rows come in.
class Sums {
public:
    explicit Sums(const SeededRows& design) : design_(design) {}

    /// Rows `first`, ...: y (rows sets, columns); a last column beyond m says which evaluations succeeded.
    void add(std::int64_t first, ConstView y, std::int64_t m) {
        const std::int64_t k = design_.sets();
        if (of_.empty()) start(y, m);
        std::vector<double> row(static_cast<std::size_t>(k));
        for (std::int64_t i = 0; i < y.rows / k; ++i) {
            const ConstView own = y.slice(i * k, k);
            if (y.cols > m && !whole(own, m)) {
                ++left_out_;
                continue;
            }
            for (std::int64_t j = 0; j < m; ++j) {
                const auto at = static_cast<std::size_t>(j);
                for (std::int64_t s = 0; s < k; ++s) {
                    largest_[at] = std::max(largest_[at], std::abs(own(s, j)));
                    row[static_cast<std::size_t>(s)] = own(s, j) - centre_[at];
                }
                of_[at][static_cast<std::size_t>((first + i) / design_.points())].add(row.data(), row.data() + k / 2);
            }
        }
    }

    std::int64_t outputs() const { return std::ssize(of_); }
    std::int64_t left_out() const { return left_out_; }
    /// Of output j, index by index; none where it does not vary.
    std::vector<Ratio> ratios(std::int64_t j) const {
        std::vector<SeededSums> whole = of_[static_cast<std::size_t>(j)];
        std::erase_if(whole, [](const SeededSums& s) { return s.n == 0; });
        require(std::ssize(whole) >= fewest_replicates, "sobol: at least ", fewest_replicates,
                " replicates must have a row without a failed evaluation, got ", whole.size());
        const double largest = largest_[static_cast<std::size_t>(j)];
        double variance = 0;
        std::vector<Ratio> out = seeded_ratios(whole, static_cast<std::size_t>(design_.noise()), variance);
        return variance > no_variance * largest * largest ? out : std::vector<Ratio>{};
    }

private:
    void start(ConstView y, std::int64_t m) {
        const SeededSums none(static_cast<std::size_t>(design_.groups().size() - 1));
        of_.assign(static_cast<std::size_t>(m), std::vector<SeededSums>(static_cast<std::size_t>(design_.replicates()), none));
        largest_.assign(static_cast<std::size_t>(m), 0.0);
        for (std::int64_t j = 0; j < m; ++j) {
            double sum = 0;
            for (std::int64_t i = 0; i < y.rows; ++i) sum += y(i, j);
            centre_.push_back(sum / static_cast<double>(y.rows));
        }
    }
    static bool whole(ConstView rows, std::int64_t m) {
        for (std::int64_t i = 0; i < rows.rows; ++i)
            if (rows(i, m) == 0) return false;
        return true;
    }

    const SeededRows& design_;
    std::vector<std::vector<SeededSums>> of_;   // (m, R)
    std::vector<double> centre_, largest_;      // (m)
    std::int64_t left_out_ = 0;
};

void evaluate_all(Evaluation& evaluate, const SeededRows& design, Sums& sums) {
    const std::int64_t all = design.points() * design.replicates(), k = design.sets(), d = evaluate.problem().dim();
    for (std::int64_t done = 0, count = 0; done < all; done += count) {
        count = std::clamp<std::int64_t>(call_numbers / (std::max(d, evaluate.outputs()) * k), 1, all - done);
        const View x = evaluate.room(count * k);
        design.rows(done, x);
        const Outputs out = evaluate(x, [&](std::span<double> log_q) { evaluate.problem().inputs().log_density(x, log_q); });
        label_replicates(evaluate, count * k, design.points() * k, [&](std::int64_t i) { return done * k + i; });
        sums.add(done, out.y, evaluate.outputs());
    }
}

/// (m, index) of all outputs, then, of several, index by index of all together: values in the order of `indices_of`.
std::vector<Combination> values_of(const std::vector<std::vector<Ratio>>& found, std::size_t indices, std::size_t replicates,
                                   bool scale) {
    std::vector<Combination> all;
    for (const auto& ratios : found)
        if (!ratios.empty()) replicates = ratios.front().numerator.size();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const Combination unknown{nan, std::vector<double>(replicates, nan), {}};
    for (std::size_t k = 0; k < indices; ++k)
        for (const auto& ratios : found) all.push_back(ratios.empty() ? unknown : combine({ratios[k]}));
    for (std::size_t k = 0; found.size() > 1 && k < indices; ++k) {
        std::vector<std::vector<Ratio>> of_outputs;
        for (const auto& ratios : found)
            if (!ratios.empty()) of_outputs.push_back({ratios[k]});
        all.push_back(of_outputs.empty() ? unknown : combine(together(of_outputs, scale)));
    }
    return all;
}

void warn(const std::vector<std::vector<Ratio>>& found, const std::vector<std::string>& outputs,
          const SeededRows& design, const Sums& sums, Estimate& e) {
    std::vector<std::string> constant;
    const std::size_t other = design.noise() == 0 ? 1 : 0;   // than the noise
    for (std::size_t j = 0; j < found.size(); ++j)
        if (found[j].empty()) constant.push_back(outputs[j]);
        else if (hidden_by_noise(found[j][other].denominator)) e.warnings.push_back(hidden_warning(outputs[j]));
    for (const std::string& output : constant)
        e.warnings.push_back("output '" + output +
                             "' is the same at every point: it has no variance to share, its indices are NaN");
    if (!constant.empty()) e.diagnostics["constant"] = constant;
    if (sums.left_out() > 0)
        e.warnings.push_back(with_commas(e.n_failed) + " of " + with_commas(e.n) +
                             " evaluations failed: " + with_commas(sums.left_out()) + " of " +
                             with_commas(design.points() * design.replicates()) +
                             " rows are left out, the indices are those of the rest");
}

Estimate conclude(const Evaluation& evaluate, const SeededRows& design, const Sums& sums, bool scale) {
    require(sums.outputs() > 0, "sobol: nothing is finished");
    const std::int64_t indices = 2 * design.groups().size();
    require(indices * (sums.outputs() + 1) <= most_values, "sobol: the model must give at most ",
            most_values / indices - 1, " outputs, got ", sums.outputs());
    std::vector<std::vector<Ratio>> found;   // (m, index)
    for (std::int64_t j = 0; j < sums.outputs(); ++j) found.push_back(sums.ratios(j));
    const std::vector<Combination> all = values_of(
        found, static_cast<std::size_t>(indices), static_cast<std::size_t>(design.replicates()), scale);
    Estimate e;
    const auto n = std::ssize(all);
    const auto r = static_cast<double>(all.front().errors.size());
    e.covariance = Matrix(n, n);
    for (std::int64_t a = 0; a < n; ++a) {
        const auto& own = all[static_cast<std::size_t>(a)];
        e.value.push_back(own.value);
        for (std::int64_t b = 0; b < n; ++b) {
            const auto& other = all[static_cast<std::size_t>(b)].errors;
            e.covariance(a, b) = std::inner_product(own.errors.begin(), own.errors.end(), other.begin(), 0.0) / (r * (r - 1));
        }
    }
    e.n = evaluate.n();
    e.n_failed = evaluate.n_failed();
    e.rng_key = evaluate.key();
    e.degrees_of_freedom = r - 1;
    e.diagnostics["replicates"] = static_cast<std::int64_t>(all.front().errors.size());
    e.diagnostics["points"] = design.points();
    warn(found, evaluate.names(), design, sums, e);
    if (evaluate.run().keep == Keep::sample) {
        e.sample = evaluate.sample();
        say_shared_coordinates(*e.sample);
    }
    e.names = joint_names(design.groups().names, evaluate.names(), false);
    return e;
}

}  // namespace

std::int64_t seeded_pilot(std::int64_t groups, std::int64_t replicates) {
    return SeededRows::sets(groups) * std::max(replicates, wanted_replicates) * pilot_points;
}

Estimate seeded_indices(Evaluation& evaluate, Groups groups, const SobolOptions& options) {
    const SeededRows design = design_of(evaluate, std::move(groups), options);
    Sums sums(design);
    return with_partial(
        evaluate,
        [&] {
            evaluate_all(evaluate, design, sums);
            return conclude(evaluate, design, sums, options.scale);
        },
        [&] { return conclude(evaluate, design, sums, options.scale); });
}

}  // namespace buffon
