#include <buffon/form.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include <buffon/adaptive.hpp>
#include <buffon/check.hpp>
#include <buffon/extend.hpp>
#include <buffon/final_sample.hpp>
#include <buffon/finish.hpp>
#include <buffon/first_look.hpp>
#include <buffon/important_points.hpp>
#include <buffon/missed_regions.hpp>
#include <buffon/stored.hpp>
#include <buffon/until_target.hpp>

namespace buffon {
namespace {

// Part of the value beyond all points from which a region may have been missed although starts went there in vain: few points
// tell it roughly, 0.7 in one of 30 runs of a single half-space from 125 of them; of two half-spaces it is 1 and more.
constexpr double notable_after_starts = 0.5;

SearchOptions search_of(const FormOptions& options, std::int64_t most) {
    return {options.differences, options.step, options.tolerance, options.iterations, options.starts, most};
}

void check(const Problem& problem, const Run& run, const FormOptions& options) {
    check_adaptive("form", problem, run, sample_options(options));
    require(options.starts >= 0, "form: starts must be at least 0, got ", options.starts);
    require(options.iterations >= 1, "form: iterations must be at least 1, got ", options.iterations);
    require(options.step > 0 && options.step < 1, "form: step must lie between 0 and 1, got ", options.step);
    require(options.tolerance > 0 && options.tolerance < 1, "form: tolerance must lie between 0 and 1, got ", options.tolerance);
}

/// Of outputs whose scores are negative at all points of the input law that were looked at.
void warn_of_no_point(const Pool& pool, const std::vector<DesignPoint>& points, Estimate& e) {
    const ConstView score = pool.score();
    for (std::int64_t j = 0; j < std::min(score.cols, e.size()); ++j) {
        if (std::ranges::any_of(points, [&](const DesignPoint& p) { return p.output == j; })) continue;
        bool far = score.rows > 0;
        for (std::int64_t i = 0; i < score.rows; ++i) far = far && score(i, j) < 0;
        if (far)
            e.warnings.push_back(
                "'" + e.names[static_cast<std::size_t>(j)] +
                "': no design point was found, so that its sample is of the input law alone: a larger step " +
                "helps where a score has flat parts, subset where it has no gradient");
    }
}

std::vector<std::vector<Gaussian>> centres(const std::vector<DesignPoint>& points, std::int64_t outputs) {
    std::vector<std::vector<Gaussian>> out(static_cast<std::size_t>(outputs));
    for (const DesignPoint& p : points) out[static_cast<std::size_t>(p.output)].push_back({p.u, {}});
    return out;
}

}  // namespace

Estimate form(const Problem& problem, const Run& run, const FormOptions& options) {
    check(problem, run, options);
    if (run.target_error)
        return until_target(run,
                            {.function = "form",
                             .growth = Growth::fresh,
                             .pilot = std::max<std::int64_t>(4 * options.replicates, 2'000),
                             .begin = [&](const Run& stage) { return form(problem, stage, options); },
                             .more = [&](const Estimate& e, const Run& stage) { return extend(e, problem, stage); },
                             .names = problem.outputs()});
    const AiscvOptions shared = sample_options(options);
    Evaluation evaluate("form", problem, run);
    const WorkingSpace space = working_space(problem, {});
    Pool pool;
    return with_partial(
        evaluate,
        [&] {
            const auto most = static_cast<std::int64_t>(options.adaptation * static_cast<double>(run.budget));
            look_first(evaluate, space, most, pool);
            DesignSearch search(evaluate, space, pool.z(), pool.score(), search_of(options, most - pool.n()));
            const std::vector<DesignPoint>& points = search.run();
            check_output_weights(evaluate, options.weights);
            const Proposal proposal = about(points, evaluate.wanted(), options.weights, options.defensive);
            FinalSample sample(evaluate, space, proposal, shared, run.budget - evaluate.n());
            const std::int64_t adaptation = evaluate.n();
            Estimate e = sample.run({""});
            e.diagnostics["adaptation_n"] = adaptation;
            e.diagnostics["stop"] = std::string(pool.n() == 0            ? "no adaptation"
                                                : pool.score().rows == 0 ? "no score"
                                                : search.exhausted()     ? "budget"
                                                                         : "starts");
            report(points, space, e);
            e.diagnostics["provisional"] = search.exhausted();
            if (search.exhausted())
                e.warnings.push_back(
                    "the search for design points ended with its budget: regions may be missed; a larger budget helps");
            if (pool.n() > 0 && pool.score().rows == 0) warn_of_no_score(evaluate, e);
            warn_of_no_point(pool, points, e);
            warn_of_missed_regions(pool, centres(points, e.size()),
                                   options.starts > 0 ? notable_after_starts : notable_region, e);
            if (keeps_state(run)) sample.store(e.state.emplace(begin_state("aiscv", evaluate)));
            return e;
        },
        [&] { return from_pools(evaluate, space, {&pool}, {""}); });
}

}  // namespace buffon
