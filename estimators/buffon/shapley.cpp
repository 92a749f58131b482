#include <buffon/shapley.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/finish.hpp>
#include <buffon/kept.hpp>
#include <buffon/parallel.hpp>
#include <buffon/seeded_design.hpp>
#include <buffon/seeded_sums.hpp>
#include <buffon/shapley_design.hpp>
#include <buffon/shared_coordinates.hpp>
#include <buffon/sobol_ratios.hpp>
#include <buffon/stored.hpp>
#include <buffon/text.hpp>
#include <buffon/until_target.hpp>

namespace buffon {
namespace {

constexpr std::int64_t fewest_points = 2, fewest_replicates = 8;
constexpr std::int64_t pilot_points = 32;   // rows of a replicate in a first stage, where a target is aimed at
constexpr std::int64_t call_rows = 65'536, call_numbers = 1 << 19;   // of one call of the model, at most
constexpr std::int64_t slice_rows = 128;                            // whose points are made at once
constexpr double no_variance = 1e-26;                               // of the largest output squared

struct Plan {
    std::int64_t points, replicates;
};

/// Nets of 2^k rows in 16 to 31 replicates; blocks of any size where points are independent.
Plan plan_of(const Run& run, const ShapleyOptions& options, std::int64_t walk) {
    const std::int64_t rows = run.budget / walk;
    const bool nets = options.points == Points::rqmc;
    const std::int64_t chosen = nets ? std::clamp<std::int64_t>(rows / fewest_points, fewest_replicates, 16)
                                     : std::clamp<std::int64_t>(rows / 16, fewest_replicates, 128);
    const std::int64_t least = options.replicates > 0 ? options.replicates : chosen;
    require(rows >= least * fewest_points, "shapley: budget must be at least ", least * fewest_points * walk, " (",
            least, " replicates of ", fewest_points, " walks of ", walk, " evaluations), got ", run.budget);
    if (!nets) return {rows / least, least};
    const auto points = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(rows / least)));
    return {points, rows / points};
}

/// Sums of what the groups add, replicate by replicate.
class ShapleySums {
public:
    explicit ShapleySums(const Walks& walks)
        : walks_(&walks), of_(static_cast<std::size_t>(walks.design().replicates())), noise_(of_.size()) {}

    /// Rows `first`, ... with their orders: y (rows evaluations, columns), the last column beyond m says which succeeded.
    void add(std::int64_t first, const std::vector<std::int64_t>& orders, ConstView y, std::int64_t m) {
        const std::int64_t g = walks_->steps(), each = walks_->evaluations(), rows = y.rows / each;
        if (m_ == 0) start(m);
        for (std::int64_t i = 0; i < rows; ++i, ++seen_) {
            if (y.cols > m && !whole(y.slice(i * each, each), m)) {
                ++failed_;
                continue;
            }
            const auto replicate = static_cast<std::size_t>((first + i) / walks_->design().points());
            const ConstView one = y.slice(i * each, g + 1),
                            two = y.slice((i + 1) * each - (g + 1), g + 1);   // the same without a noise
            for (std::int64_t k = 0; k < each; ++k)
                for (std::int64_t j = 0; j < m; ++j) {
                    double& largest = largest_[static_cast<std::size_t>(j)];
                    largest = std::max(largest, std::abs(y(i * each + k, j)));
                }
            for (std::int64_t k = 0; k < g; ++k)
                add_step(one, two, k, of_[replicate].data() + orders[static_cast<std::size_t>(i * g + k)] * m);
            for (std::int64_t j = 0; j < m; ++j)
                for (const std::int64_t k : {std::int64_t{0}, g})
                    noise_[replicate][static_cast<std::size_t>(j)] +=
                        0.25 * (one(k, j) - two(k, j)) * (one(k, j) - two(k, j));
        }
    }
    std::int64_t outputs() const { return m_; }
    /// Rows that were summed, and those that were left out.
    std::int64_t seen() const { return seen_; }
    std::int64_t failed() const { return failed_; }
    /// Replicates all of whose rows are there.
    std::int64_t finished() const { return seen_ / walks_->design().points(); }
    /// Size of output j.
    double largest(std::int64_t j) const { return largest_[static_cast<std::size_t>(j)]; }
    /// Sum of the variance that noise makes of output j in each finished replicate.
    std::vector<double> noise(std::int64_t j) const {
        std::vector<double> out;
        for (std::int64_t r = 0; r < finished(); ++r)
            out.push_back(noise_[static_cast<std::size_t>(r)][static_cast<std::size_t>(j)]);
        return out;
    }
    /// Sum of group i and output j in each finished replicate.
    std::vector<double> of(std::int64_t i, std::int64_t j) const {
        std::vector<double> out;
        for (std::int64_t r = 0; r < finished(); ++r)
            out.push_back(of_[static_cast<std::size_t>(r)][static_cast<std::size_t>(i * m_ + j)]);
        return out;
    }

private:
    void start(std::int64_t m) {
        m_ = m;
        for (auto& sums : of_) sums.assign(static_cast<std::size_t>(walks_->steps() * m), 0.0);
        for (auto& sums : noise_) sums.assign(static_cast<std::size_t>(m), 0.0);
        largest_.assign(static_cast<std::size_t>(m), 0.0);
    }
    static bool whole(ConstView walk, std::int64_t m) {
        for (std::int64_t k = 0; k < walk.rows; ++k)
            if (walk(k, m) == 0) return false;
        return true;
    }
    /// Products of what two walks say, both ways round: of one walk that is itself twice, of two with other noise none
    /// of it is left.
    void add_step(ConstView one, ConstView two, std::int64_t k, double* sums) const {
        for (std::int64_t j = 0; j < m_; ++j) sums[j] += 0.5 * (product(one, two, k, j) + product(two, one, k, j));
    }
    double product(ConstView whole, ConstView step, std::int64_t k, std::int64_t j) const {
        const double move = step(k + 1, j) - step(k, j);
        if (walks_->design().independent()) return 0.5 * (whole(whole.rows - 1, j) - whole(0, j)) * move;
        return 0.5 * ((whole(0, j) - whole(k + 1, j)) + (whole(0, j) - whole(k, j))) * -move;
    }

    const Walks* walks_;
    std::vector<std::vector<double>> of_;      // (R): (G, m)
    std::vector<std::vector<double>> noise_;   // (R): (m)
    std::vector<double> largest_;              // (m)
    std::int64_t m_ = 0, seen_ = 0, failed_ = 0;
};

/// Share of noise in the variance of one evaluation of each output, and its standard error.
void tell_noise(const ShapleySums& sums, const std::vector<std::vector<double>>& variances, Estimate& e) {
    std::vector<double> share, error;
    for (std::size_t j = 0; j < variances.size(); ++j) {
        Ratio ratio{sums.noise(static_cast<std::int64_t>(j)), variances[j]};
        for (std::size_t r = 0; r < ratio.numerator.size(); ++r) ratio.denominator[r] += ratio.numerator[r];
        double square = 0;
        for (const double d : ratio.errors()) square += d * d;
        const auto count = static_cast<double>(ratio.numerator.size());
        share.push_back(ratio.value());
        error.push_back(std::sqrt(square / (count * (count - 1))));
    }
    e.diagnostics["noise_share"] = std::move(share);
    e.diagnostics["noise_share_error"] = std::move(error);
}

/// The effects of one output with the errors that replicates contribute, one after the other.
void add_output(const ShapleySums& sums, std::int64_t groups, std::int64_t j, std::vector<Ratio>& ratios) {
    std::vector<double> variance(static_cast<std::size_t>(sums.finished()));
    for (std::int64_t i = 0; i < groups; ++i) ratios.push_back({sums.of(i, j), {}});
    for (const Ratio& ratio : ratios)
        for (std::size_t r = 0; r < variance.size(); ++r) variance[r] += ratio.numerator[r];
    for (Ratio& ratio : ratios) ratio.denominator = variance;
}

bool varies(const Ratio& ratio, const ShapleySums& sums, std::int64_t j) {
    double total = 0;
    for (const double v : ratio.denominator) total += v;
    return total > no_variance * sums.largest(j) * sums.largest(j) * static_cast<double>(sums.seen());
}

Estimate conclude(const Evaluation& evaluate, const Walks& walks, const ShapleySums& sums) {
    const std::int64_t g = walks.steps(), m = sums.outputs(), replicates = sums.finished();
    require(replicates >= fewest_replicates, "shapley: at least ", fewest_replicates,
            " replicates must be finished, got ", replicates);
    require(sums.failed() < sums.seen(), "shapley: at least one walk must be without a failed evaluation, none of ",
            sums.seen(), " is");
    const std::vector<std::string>& outputs = evaluate.names();
    Estimate e;
    e.value.assign(static_cast<std::size_t>(g * m), std::numeric_limits<double>::quiet_NaN());
    Matrix errors(g * m, replicates, std::numeric_limits<double>::quiet_NaN());
    std::vector<std::string> constant, hidden;
    std::vector<std::vector<double>> variances;
    for (std::int64_t j = 0; j < m; ++j) {
        std::vector<Ratio> ratios;
        add_output(sums, g, j, ratios);
        variances.push_back(ratios.front().denominator);
        const bool noisy = std::ranges::any_of(sums.noise(j), [](double v) { return v > 0; });
        if (noisy && hidden_by_noise(variances.back())) hidden.push_back(outputs[static_cast<std::size_t>(j)]);
        if (!varies(ratios.front(), sums, j)) {
            if (!noisy) constant.push_back(outputs[static_cast<std::size_t>(j)]);
            continue;
        }
        for (std::int64_t i = 0; i < g; ++i) {
            const Ratio& ratio = ratios[static_cast<std::size_t>(i)];
            e.value[static_cast<std::size_t>(i * m + j)] = ratio.value();
            std::ranges::copy(ratio.errors(), errors.view().row(i * m + j).begin());
        }
    }
    e.covariance = Matrix(g * m, g * m);
    for (std::int64_t a = 0; a < g * m; ++a)
        for (std::int64_t b = 0; b < g * m; ++b) {
            double sum = 0;
            for (std::int64_t r = 0; r < replicates; ++r) sum += errors(a, r) * errors(b, r);
            e.covariance(a, b) = sum / static_cast<double>(replicates * (replicates - 1));
        }
    e.n = evaluate.n();
    e.n_failed = evaluate.n_failed();
    e.rng_key = evaluate.key();
    e.degrees_of_freedom = static_cast<double>(replicates - 1);
    for (const auto& group : walks.names())
        for (const auto& output : outputs) e.names.push_back(m == 1 ? group : group + ": " + output);
    e.diagnostics["replicates"] = replicates;
    e.diagnostics["points"] = walks.design().points();
    e.diagnostics["picture"] = std::string("shares");
    e.diagnostics["groups"] = walks.names();
    e.diagnostics["outputs"] = outputs;
    if (!constant.empty()) e.diagnostics["constant"] = constant;
    if (walks.seeded()) tell_noise(sums, variances, e);
    for (const auto& output : hidden) e.warnings.push_back(hidden_warning(output));
    for (const auto& output : constant)
        e.warnings.push_back("output '" + output +
                             "' is the same at every point: it has no variance to share, its effects are NaN");
    if (sums.failed() > 0)
        e.warnings.push_back(with_commas(e.n_failed) + " of " + with_commas(e.n) +
                             " evaluations failed: " + with_commas(sums.failed()) + " of " + with_commas(sums.seen()) +
                             " walks are left out, the effects are those of the rest");
    if (evaluate.run().keep == Keep::sample) {
        e.sample = evaluate.sample();
        say_shared_coordinates(*e.sample);
    }
    return e;
}

std::int64_t walks_at_once(const Evaluation& evaluate, std::int64_t walk) {
    const std::int64_t m = std::max<std::int64_t>(evaluate.outputs(), 1), d = evaluate.problem().dim();
    return std::max<std::int64_t>(std::min(call_rows, call_numbers / std::max(d, m)) / walk, 1);
}

void add_walks(Evaluation& evaluate, const Walks& walks, std::int64_t first, std::int64_t rows, ShapleySums& sums) {
    const std::int64_t walk = walks.evaluations();
    const View x = evaluate.room(rows * walk);
    std::vector<std::vector<std::int64_t>> orders(static_cast<std::size_t>((rows + slice_rows - 1) / slice_rows));
    parallel::for_each(static_cast<std::int64_t>(orders.size()), evaluate.threads(), [&](std::int64_t s) {
        const std::int64_t at = s * slice_rows, count = std::min(slice_rows, rows - at);
        walks.rows(first + at, orders[static_cast<std::size_t>(s)], x.slice(at * walk, count * walk));
    });
    const Outputs out = evaluate(x, [&](std::span<double> log_q) { evaluate.problem().inputs().log_density(x, log_q); });
    label_replicates(evaluate, rows * walk, walks.design().points() * walk, [&](std::int64_t i) { return first * walk + i; });
    for (std::size_t s = 0; s < orders.size(); ++s) {
        const std::int64_t at = static_cast<std::int64_t>(s) * slice_rows, count = std::min(slice_rows, rows - at);
        sums.add(first + at, orders[s], out.y.view().slice(at * walk, count * walk), evaluate.outputs());
    }
}

}  // namespace

Estimate shapley(const Problem& problem, const Run& run, const ShapleyOptions& options) {
    require_no_state("shapley", run);
    require(options.replicates == 0 || options.replicates >= fewest_replicates,
            "shapley: replicates must be 0 (chosen) or at least ", fewest_replicates, ", got ", options.replicates);
    Groups groups = named_groups("shapley", problem.inputs(), options.groups);
    const std::int64_t most = SobolSequence::max_dim(), dim = 2 * problem.dim() + groups.size();
    require(options.points == Points::iid || dim <= most, "shapley: points must be 'iid' for two draws of ",
            problem.dim(), " inputs and an order of ", groups.size(), " groups: nets have ", most, " dimensions");
    const std::int64_t noise = options.noise.empty() ? -1 : noise_group("shapley", problem.inputs(), groups, options.noise);
    const std::int64_t each = Walks::evaluations(groups.size(), noise >= 0);
    if (run.target_error)
        return until_target(run, {.function = "shapley",
                                  .growth = Growth::fresh,
                                  .pilot = each * std::max(options.replicates, fewest_replicates) * pilot_points,
                                  .begin = [&](const Run& stage) { return shapley(problem, stage, options); },
                                  .zero_is_exact = true});
    const Plan plan = plan_of(run, options, each);
    Evaluation evaluate("shapley", problem, run);
    const Walks walks(
        {"shapley", problem.inputs(), std::move(groups), options.points, plan.points, plan.replicates, evaluate.key()},
        noise);
    ShapleySums sums(walks);
    return with_partial(
        evaluate,
        [&] {
            const std::int64_t rows = plan.points * plan.replicates;
            for (std::int64_t done = 0, count = 0; done < rows; done += count) {
                count = std::min(walks_at_once(evaluate, each), rows - done);
                add_walks(evaluate, walks, done, count, sums);
            }
            return conclude(evaluate, walks, sums);
        },
        [&] { return conclude(evaluate, walks, sums); });
}

}  // namespace buffon
