#include <buffon/line_sampling.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <sstream>
#include <utility>

#include <buffon/adaptive.hpp>
#include <buffon/check.hpp>
#include <buffon/design_search.hpp>
#include <buffon/evaluate_at.hpp>
#include <buffon/family_means.hpp>
#include <buffon/finish.hpp>
#include <buffon/first_look.hpp>
#include <buffon/lines.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/pool.hpp>
#include <buffon/stored.hpp>
#include <buffon/until_target.hpp>

namespace buffon {
namespace {

constexpr std::int64_t trial_lines = 16;             // tell what a line costs
constexpr std::int64_t largest_population = 1 << 12; // lines, a few points each
constexpr std::int64_t points_of_a_line = 8;   // so many more where lines are points
constexpr double spare = 1.05;                       // lines may cost more than the trial ones
constexpr double further_out = 3;                    // places beyond the design points, in standard deviations
constexpr double nearest_place = 1;
constexpr double beside = 0.7;                       // cosine to the direction: of 0.5 a series system lost a region in silence
constexpr double notable = 0.01;                     // probability of a point's half-space, relative to the nearest one's
constexpr std::uint32_t trial_stream = 700, line_stream = 1'000;

class LineSampling {
public:
    LineSampling(Evaluation& evaluate, const WorkingSpace& space, const LineSamplingOptions& options)
        : evaluate_(evaluate), space_(space), options_(options), budget_(evaluate.run().budget) {}

    void run() {
        find_direction();
        auto lines = std::make_unique<Lines>(evaluate_, space_, direction_, places_, cuts_, options_.refinements);
        const double cost = places_.empty() ? 1.0 : trial_cost(*lines);
        if (places_.empty()) lines = std::make_unique<Lines>(evaluate_, space_, direction_, places_, cuts_, options_.refinements);
        adaptation_ = evaluate_.n();
        const auto wanted = static_cast<std::int64_t>(static_cast<double>(budget_ - evaluate_.n()) /
                                                      (places_.empty() ? 1.0 : spare * cost));
        const std::int64_t largest = largest_population * (places_.empty() ? points_of_a_line : 1);
        const std::int64_t populations = (wanted + largest - 1) / largest;
        // drawn into the same stream whatever they cost: their number does not depend on what they find
        for (std::int64_t p = 0; p < populations; ++p) {
            const std::int64_t count = (wanted - lines_) / (populations - p),
                               left = (budget_ - evaluate_.n()) / (populations - p);
            if (count < 1) break;
            const Matrix rows = lines->sample(count, {evaluate_.key(), line_stream}, lines_, outputs_, left);
            if (means_.columns.empty()) {
                means_.columns.resize(static_cast<std::size_t>(rows.cols));
                std::iota(means_.columns.begin(), means_.columns.end(), std::int64_t{0});
            }
            means_.add(rows, evaluate_.threads());
            lines_ += count;
        }
    }

    Estimate finish() const { return finish_families(evaluate_, {means_}); }
    const Pool& pool() const { return pool_; }
    bool begun() const { return means_.moments.n >= 2; }

    void report(Estimate& e) const {
        e.diagnostics["direction"] = direction_;
        e.diagnostics["lines"] = lines_;
        e.diagnostics["beta"] = beta_;
        e.diagnostics["adaptation_n"] = adaptation_;
        std::vector<std::int64_t> told;
        if (outputs_ == 0 && pool_.n() > 0) warn_of_no_score(evaluate_, e);
        if (outputs_ > 0 && beta_.empty() && options_.direction.empty())
            e.warnings.push_back(
                "no design point was found" + std::string(searched_out_ ? " before the search's budget ended" : "") +
                ", so lines run to the highest score that was met: give direction = a way to the event, or spend more");
        for (const DesignPoint& p : beside_) {
            if (std::ranges::find(told, p.output) != told.end()) continue;
            told.push_back(p.output);
            std::ostringstream text;
            text.precision(3);
            text << "'" << e.names[static_cast<std::size_t>(p.output)] << "': a design point at distance " << p.beta
                 << " lies beside the direction: a region may be missed, as few lines cross it; form and cross_entropy sample it";
            e.warnings.push_back(text.str());
        }
        e.diagnostics["evaluations_per_line"] =
            static_cast<double>(evaluate_.n() - adaptation_) / static_cast<double>(std::max<std::int64_t>(lines_, 1));
    }

private:
    /// The design point of the rarest output, or where its score is highest; any direction where there is no score.
    void find_direction() {
        const auto most = static_cast<std::int64_t>(options_.adaptation * static_cast<double>(budget_));
        look_first(evaluate_, space_, most, pool_);
        direction_.assign(static_cast<std::size_t>(space_.dim()), 0.0);
        direction_.front() = 1;
        outputs_ = pool_.score().rows > 0 ? pool_.score().cols : 0;
        if (outputs_ == 0 || pool_.n() == 0) return;
        SearchOptions search{.most = most - pool_.n()};
        if (!options_.direction.empty()) search.most = 0;
        DesignSearch design(evaluate_, space_, pool_.z(), pool_.score(), search);
        const auto& points = design.run();
        searched_out_ = design.exhausted();
        double rarest = nearest_place;
        std::vector<double> found = best_known();
        for (const DesignPoint& p : points) {
            beta_.push_back(p.beta);
            if (!(p.beta > rarest) || p.beta > nearest(p, points)) continue;
            rarest = p.beta;
            found = p.u;
        }
        if (!options_.direction.empty()) found = options_.direction;
        const double size = std::sqrt(std::inner_product(found.begin(), found.end(), found.begin(), 0.0));
        if (!(size > 0)) return;
        for (std::size_t i = 0; i < found.size(); ++i) direction_[i] = found[i] / size;
        if (points.empty()) rarest = further_out;
        places_ = {-rarest - further_out, -rarest, 0, rarest, rarest + further_out};
        cuts_ = {-rarest, rarest};
        for (const DesignPoint& p : points)
            if (lies_beside(p) && matters(p, points)) beside_.push_back(p);
    }

    /// Lines run along its surface, or nearly so.
    bool lies_beside(const DesignPoint& p) const {
        return std::abs(std::inner_product(p.u.begin(), p.u.end(), direction_.begin(), 0.0)) < beside * p.beta;
    }

    /// Distance of the nearest point of the same output.
    static double nearest(const DesignPoint& p, const std::vector<DesignPoint>& all) {
        double beta = p.beta;
        for (const DesignPoint& other : all)
            if (other.output == p.output) beta = std::min(beta, other.beta);
        return beta;
    }
    static bool matters(const DesignPoint& p, const std::vector<DesignPoint>& all) {
        return normal_cdf(-p.beta) > notable * normal_cdf(-nearest(p, all));
    }

    std::vector<double> best_known() const {
        std::int64_t best = 0;
        for (std::int64_t i = 1; i < pool_.n(); ++i)
            if (pool_.score()(i, 0) > pool_.score()(best, 0)) best = i;
        return {pool_.z().row(best).begin(), pool_.z().row(best).end()};
    }

    /// Evaluations of a line, on average; lines are left whole where the budget does not allow a trial.
    double trial_cost(Lines& lines) {
        const std::int64_t before = evaluate_.n(), room = (budget_ - before) / 10, least = lines.least();
        const std::int64_t count = std::min(room / (2 * least), trial_lines);
        if (count < 1) {
            places_.clear();
            cuts_.clear();
            return 1;
        }
        lines.sample(count, {evaluate_.key(), trial_stream}, 0, outputs_, room);
        return std::max(static_cast<double>(evaluate_.n() - before) / static_cast<double>(count), static_cast<double>(least));
    }

    Evaluation& evaluate_;
    const WorkingSpace& space_;
    const LineSamplingOptions& options_;
    std::int64_t budget_, outputs_ = 0, lines_ = 0, adaptation_ = 0;
    std::vector<double> direction_, places_, cuts_, beta_;
    std::vector<DesignPoint> beside_;
    bool searched_out_ = false;   // the search for design points ended with its budget
    Pool pool_;
    FamilyMeans means_;
};

void check(const Problem& problem, const Run& run, const LineSamplingOptions& options) {
    require_no_state("line_sampling", run);
    require(run.budget >= 10, "line_sampling: budget must be at least 10, got ", run.budget);
    require(options.adaptation > 0 && options.adaptation < 1,
            "line_sampling: adaptation must lie between 0 and 1, got ", options.adaptation);
    require(options.refinements >= 0, "line_sampling: refinements must be at least 0, got ", options.refinements);
    const auto size = static_cast<std::int64_t>(options.direction.size());
    require(size == 0 || size == problem.dim(), "line_sampling: direction must have ", problem.dim(), " coordinates, got ", size);
    double square = 0;
    for (const double v : options.direction) square += v * v;
    require(size == 0 || (square > 0 && std::isfinite(square)), "line_sampling: direction must be finite and not 0");
}

}  // namespace

Estimate line_sampling(const Problem& problem, const Run& run, const LineSamplingOptions& options) {
    check(problem, run, options);
    if (run.target_error)
        return until_target(run, {.function = "line_sampling",
                                  .growth = Growth::fresh,
                                  .begin = [&](const Run& stage) { return line_sampling(problem, stage, options); },
                                  .names = problem.outputs()});
    Evaluation evaluate("line_sampling", problem, run);
    const WorkingSpace space = working_space(problem, {});
    LineSampling sampling(evaluate, space, options);
    return with_partial(
        evaluate,
        [&] {
            sampling.run();
            Estimate e = sampling.finish();
            sampling.report(e);
            return e;
        },
        [&] { return sampling.begun() ? sampling.finish() : from_pools(evaluate, space, {&sampling.pool()}, {""}); });
}

}  // namespace buffon
