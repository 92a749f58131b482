#include <buffon/subset.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <buffon/adaptive.hpp>
#include <buffon/check.hpp>
#include <buffon/evaluate_at.hpp>
#include <buffon/family_means.hpp>
#include <buffon/finish.hpp>
#include <buffon/first_look.hpp>
#include <buffon/splitting.hpp>
#include <buffon/stored.hpp>
#include <buffon/until_target.hpp>

namespace buffon {
namespace {

constexpr double everything = std::numeric_limits<double>::infinity();
constexpr std::int64_t least_pilot = 100;
constexpr std::int64_t largest_population = 1 << 15, largest_table = 1 << 22;   // points, numbers: memory whatever the budget
constexpr double first_width = 0.6;
constexpr double spare = 1.03;   // chains have whole lengths: a level may take a little more than its share
constexpr std::uint32_t streams_of_a_family = 0x10000, main_run = 0x8000;       // ids; levels count from 1

/// Levels of one family.
struct Ladder {
    std::vector<std::int64_t> outputs;
    std::vector<Step> steps;
    bool reached = true;
    std::int64_t first_points = 0;
};

class Subset {
public:
    Subset(Evaluation& evaluate, const WorkingSpace& space, const SubsetOptions& options)
        : evaluate_(evaluate), space_(space), options_(options), budget_(evaluate.run().budget) {}

    void run() {
        find_ladders();
        const std::int64_t families = static_cast<std::int64_t>(ladders_.size());
        adaptation_ = evaluate_.n();
        for (std::int64_t f = 0; f < families; ++f) {
            const std::int64_t left = (budget_ - evaluate_.n()) / (families - f);
            climb(static_cast<std::size_t>(f), left);
        }
    }

    const std::vector<FamilyMeans>& means() const { return means_; }

    void report(Estimate& e) const {
        if (without_score_) warn_of_no_score(evaluate_, e);
        std::vector<double> thresholds, widths, levels, first;
        for (const Ladder& ladder : ladders_) {
            for (const Step& step : ladder.steps) {
                thresholds.push_back(step.threshold);
                widths.push_back(step.width);
            }
            levels.push_back(ladder.reached ? static_cast<double>(ladder.steps.size()) : -1.0);
            first.push_back(static_cast<double>(ladder.first_points));
            if (!ladder.reached)
                e.warnings.push_back("'" + e.names[static_cast<std::size_t>(ladder.outputs.front())] +
                                     "': its event was not reached in " + std::to_string(ladder.steps.size()) +
                                     " levels: the value may be far too small; a larger budget or more levels help");
        }
        e.diagnostics["thresholds"] = std::move(thresholds);
        e.diagnostics["widths"] = std::move(widths);
        e.diagnostics["levels"] = std::move(levels);
        e.diagnostics["first_points"] = std::move(first);
        e.diagnostics["adaptation_n"] = adaptation_;
    }

private:
    Stream stream(std::size_t family, bool main, std::size_t level) const {
        return {evaluate_.key(), static_cast<std::uint32_t>(family) * streams_of_a_family + (main ? main_run : 0) +
                                     static_cast<std::uint32_t>(level)};
    }

    /// A first batch tells families apart, and begins the ladder of each.
    void find_ladders() {
        const auto cap = static_cast<std::int64_t>(options_.adaptation * static_cast<double>(budget_));
        const std::int64_t pilot = std::max(
            least_pilot, static_cast<std::int64_t>(options_.pilot *
                                                   static_cast<double>(std::min<std::int64_t>(budget_, 10'000'000))));
        const bool looks = 2 * pilot <= cap;
        Matrix z(looks ? pilot : 1, space_.dim());
        stream(0, false, 0).normal(0, z);
        const Draws first = evaluate_at(evaluate_, space_, std::move(z));
        without_score_ = looks && first.score.cols == 0;
        for (auto& columns : columns_of_families(looks ? ConstView(first.score) : ConstView(), evaluate_.columns())) {
            Ladder ladder;
            for (const std::int64_t j : columns)
                if (j < first.score.cols && looks) ladder.outputs.push_back(j);
            means_.push_back({std::move(columns), {}});
            ladders_.push_back(std::move(ladder));
        }
        for (std::size_t f = 0; f < ladders_.size() && !ladders_[f].outputs.empty(); ++f)
            find_steps(f, first, (cap - pilot) / static_cast<std::int64_t>(ladders_.size()));
    }

    void find_steps(std::size_t f, const Draws& first, std::int64_t most) {
        Ladder& ladder = ladders_[f];
        Splitting splitting(evaluate_, space_, ladder.outputs);
        Particles points = splitting.taken(first);
        const std::int64_t end = evaluate_.n() + most, pilot = points.n();
        double width = first_width;
        for (;;) {
            const double threshold = threshold_of(points.score, options_.level_probability);
            if (threshold >= 0) return;
            const double before = ladder.steps.empty() ? std::numeric_limits<double>::lowest() : ladder.steps.back().threshold;
            if (!(threshold > before) || static_cast<std::int64_t>(ladder.steps.size()) >= options_.levels ||
                evaluate_.n() + pilot > end) {
                ladder.reached = false;
                return;
            }
            Step step{threshold, width};
            points = splitting.split(points, step, options_.level_probability, pilot, pilot,
                                     stream(f, false, ladder.steps.size() + 1), 0, options_.acceptance);
            ladder.steps.push_back(step);
            width = step.width;
        }
    }

    /// Populations one after the other; each first point is a term of the mean.
    void climb(std::size_t f, std::int64_t left) {
        Ladder& ladder = ladders_[f];
        const double moved = 1 - options_.level_probability, cost = 1 + spare * moved * static_cast<double>(ladder.steps.size());
        const std::int64_t roots = std::max<std::int64_t>(static_cast<std::int64_t>(static_cast<double>(left) / cost), 1);
        const std::int64_t largest =
            std::clamp<std::int64_t>(largest_table / (space_.dim() + evaluate_.columns()), 1'024, largest_population);
        const std::int64_t populations = (roots + largest - 1) / largest, end = evaluate_.n() + left;
        Splitting splitting(evaluate_, space_, ladder.outputs);
        for (std::int64_t p = 0; p < populations; ++p) {
            const std::int64_t count = std::min((roots - ladder.first_points) / (populations - p), end - evaluate_.n());
            if (count < 1) return;
            // what later populations need is theirs
            const auto mine = evaluate_.n() + static_cast<std::int64_t>(static_cast<double>(end - evaluate_.n()) /
                                                                        static_cast<double>(populations - p));
            Matrix rows(count, static_cast<std::int64_t>(means_[f].columns.size()));
            Particles points = splitting.first_points(count, stream(f, true, 0), ladder.first_points);
            for (std::size_t level = 0; level < ladder.steps.size(); ++level) {
                Step step = ladder.steps[level];
                settle(points, step.threshold, means_[f].columns, rows);
                points = splitting.split(points, step, options_.level_probability, count, mine - evaluate_.n(),
                                         stream(f, true, level + 1), p << 40);
            }
            settle(points, everything, means_[f].columns, rows);
            means_[f].add(rows, evaluate_.threads());
            ladder.first_points += count;
        }
    }

    Evaluation& evaluate_;
    const WorkingSpace& space_;
    const SubsetOptions& options_;
    std::int64_t budget_, adaptation_ = 0;
    std::vector<Ladder> ladders_;
    std::vector<FamilyMeans> means_;
    bool without_score_ = false;   // of any output
};

void check(const Run& run, const SubsetOptions& options) {
    const auto share = [](double v) { return v > 0 && v < 1; };
    require_no_state("subset", run);
    require(run.budget >= 10, "subset: budget must be at least 10, got ", run.budget);
    require(options.level_probability >= 0.01 && options.level_probability <= 0.5,
            "subset: level_probability must lie in [0.01, 0.5], got ", options.level_probability);
    require(options.levels >= 1 && options.levels < 1'000, "subset: levels must lie between 1 and 999, got ", options.levels);
    require(share(options.acceptance), "subset: acceptance must lie between 0 and 1, got ", options.acceptance);
    require(share(options.adaptation), "subset: adaptation must lie between 0 and 1, got ", options.adaptation);
    require(share(options.pilot), "subset: pilot must lie between 0 and 1, got ", options.pilot);
}

}  // namespace

Estimate subset(const Problem& problem, const Run& run, const SubsetOptions& options) {
    check(run, options);
    if (run.target_error)
        return until_target(run, {.function = "subset",
                                  .growth = Growth::fresh,
                                  .pilot = 2'000,
                                  .begin = [&](const Run& stage) { return subset(problem, stage, options); },
                                  .names = problem.outputs()});
    Evaluation evaluate("subset", problem, run);
    const WorkingSpace space = working_space(problem, {});
    Subset climbing(evaluate, space, options);
    return with_partial(
        evaluate,
        [&] {
            climbing.run();
            Estimate e = finish_families(evaluate, climbing.means());
            climbing.report(e);
            return e;
        },
        [&] {
            require(!climbing.means().empty(), "subset: no population was finished");
            return finish_families(evaluate, climbing.means());
        });
}

}  // namespace buffon
