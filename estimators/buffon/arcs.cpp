#include <buffon/arcs.hpp>

#include <algorithm>
#include <optional>

#include <buffon/adaptive.hpp>
#include <buffon/check.hpp>
#include <buffon/circle_look.hpp>
#include <buffon/circle_means.hpp>
#include <buffon/circle_strata.hpp>
#include <buffon/event_labels.hpp>
#include <buffon/finish.hpp>
#include <buffon/stored.hpp>
#include <buffon/until_target.hpp>

namespace buffon {
namespace {

constexpr std::int64_t largest_pilot = 1'000, least_pilot = 20;
constexpr std::int64_t
    labelled_grid = 24,
    plain_grid = 12;   // phases: beside a search for borders they cost little, without one they are all the cost
constexpr std::uint32_t pilot_stream = 0, resample_stream = 400;

void check(const Run& run, const ArcsOptions& options) {
    require_no_state("arcs", run);
    require(run.budget >= 10, "arcs: budget must be at least 10, got ", run.budget);
    require(options.grid == 0 || (options.grid >= 4 && options.grid <= 10'000),
            "arcs: grid must be 0 (chosen) or lie between 4 and 10000, got ", options.grid);
    require(options.pilot > 0 && options.pilot < 1, "arcs: pilot must lie between 0 and 1, got ", options.pilot);
}

/// Points of the first look; none where they would tell nothing.
std::int64_t pilot_points(std::int64_t budget, double share) {
    const auto points = static_cast<std::int64_t>(share * static_cast<double>(std::min<std::int64_t>(budget, 1 << 30)));
    return points < least_pilot ? 0 : std::min(points, largest_pilot);
}

class Arcs {
public:
    Arcs(Evaluation& evaluate, const WorkingSpace& space, const ArcsOptions& options)
        : evaluate_(evaluate),
          look_(evaluate, space, pilot_points(evaluate.run().budget, options.pilot), {evaluate.key(), pilot_stream}),
          grid_(options.grid > 0                ? options.grid
                : look_.events().labels.empty() ? plain_grid
                                                : labelled_grid),
          strata_(evaluate, space, look_, grid_) {}

    void run() {
        strata_.plan();
        adaptation_ = evaluate_.n();
        strata_.spend();
    }

    Estimate finish() const {
        return finish_circles(evaluate_, strata_.parts(), look_.events(), {evaluate_.key(), resample_stream});
    }

    void report(Estimate& e) const {
        std::int64_t circles = 0, spent = 0, points = 0;
        for (const CirclePart& part : strata_.parts()) {
            (part.circles ? circles : points) += part.terms;
            if (part.circles) spent += part.spent;
        }
        e.diagnostics["circles"] = circles;
        e.diagnostics["points"] = points;
        e.diagnostics["evaluations_per_circle"] =
            static_cast<double>(spent) / static_cast<double>(std::max<std::int64_t>(circles, 1));
        e.diagnostics["adaptation_n"] = adaptation_;
        e.diagnostics["shells"] = static_cast<std::int64_t>(strata_.parts().size());
        e.diagnostics["subspace"] = strata_.dim();
        e.diagnostics["grid"] = grid_;
    }

private:
    Evaluation& evaluate_;
    CircleLook look_;
    std::int64_t grid_;
    CircleStrata strata_;
    std::int64_t adaptation_ = 0;
};

}  // namespace

Estimate arcs(const Problem& problem, const Run& run, const ArcsOptions& options) {
    check(run, options);
    if (run.target_error)
        return until_target(run, {.function = "arcs", .growth = Growth::fresh, .pilot = 2'000,
                                  .begin = [&](const Run& stage) { return arcs(problem, stage, options); }});
    const Problem events = options.thresholds.empty() ? problem : labelled_exceedance("arcs", problem, options.thresholds);
    Evaluation evaluate("arcs", events, run);
    const WorkingSpace space = working_space(events, {});
    std::optional<Arcs> circles;
    return with_partial(
        evaluate,
        [&] {
            circles.emplace(evaluate, space, options);
            circles->run();
            Estimate e = circles->finish();
            circles->report(e);
            return e;
        },
        [&] {
            require(circles.has_value(), "arcs: no circle was finished");
            return circles->finish();
        });
}

}  // namespace buffon
