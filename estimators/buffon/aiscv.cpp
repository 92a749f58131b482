#include <buffon/aiscv.hpp>

#include <stdexcept>

#include <buffon/adaptation.hpp>
#include <buffon/adaptive.hpp>
#include <buffon/aiscv_published.hpp>
#include <buffon/check.hpp>
#include <buffon/extend.hpp>
#include <buffon/final_sample.hpp>
#include <buffon/finish.hpp>
#include <buffon/going_on.hpp>
#include <buffon/stored.hpp>
#include <buffon/until_target.hpp>

namespace buffon {
namespace {

Estimate safe(Evaluation& evaluate, const WorkingSpace& space, const Run& run, const AiscvOptions& options) {
    Adaptation adaptation(evaluate, space, options);
    const std::vector<std::string> groups = law_names(static_cast<std::int64_t>(options.laws.size()));
    return with_partial(
        evaluate,
        [&] {
            if (adaptation.init())
                while (adaptation.step()) {
                }
            const Proposal proposal = adaptation.choose();
            std::vector<Gaussian> own;
            if (proposal.size() > 1) own = adaptation.fits_of_all();
            FinalSample sample(evaluate, space, proposal, options, run.budget - adaptation.spent(), std::move(own));
            Estimate e = sample.run(groups);
            adaptation.report(e);
            if (keeps_state(run)) sample.store(e.state.emplace(begin_state("aiscv", evaluate, options.laws)));
            return e;
        },
        [&] { return from_pools(evaluate, space, {&adaptation.pool()}, groups); });
}

}  // namespace

Estimate aiscv(const Problem& problem, const Run& run, const AiscvOptions& options) {
    check_adaptive("aiscv", problem, run, options);
    require(options.variant == Variant::safe || options.family == Family::gaussian,
            "aiscv: family must be 'gaussian' where variant is 'published'");
    if (run.target_error)
        return until_target(
            run, {.function = "aiscv",
                  .growth = Growth::fresh,
                  .pilot = std::max<std::int64_t>(4 * options.replicates, 2'000),
                  .begin = [&](const Run& stage) { return aiscv(problem, stage, options); },
                  .more = [&](const Estimate& e,
                              const Run& stage) { return extend(e, problem, stage, {.laws = options.laws}); },
                  .names = options.laws.empty() ? problem.outputs() : std::vector<std::string>{}});
    Evaluation evaluate("aiscv", problem, run);
    if (options.variant == Variant::published) return aiscv_published(evaluate, run, options);
    const WorkingSpace space = working_space(problem, options.laws);
    return safe(evaluate, space, run, options);
}

Estimate go_on_aiscv(Evaluation& evaluate, const State& state, const std::vector<Distribution>& laws) {
    const AiscvOptions options = FinalSample::options_of(state);
    const WorkingSpace space = working_space(evaluate.problem(), laws);
    const Proposal sampled = proposal(state, space.dim());
    FinalSample sample(evaluate, space, sampled, options, evaluate.run().budget - evaluate.n(), state);
    return with_partial(
        evaluate,
        [&] {
            Estimate e = sample.run(law_names(static_cast<std::int64_t>(laws.size())));
            sample.store(e.state.emplace(begin_state("aiscv", evaluate, laws)));
            return e;
        },
        [&]() -> Estimate { throw std::invalid_argument("the finished run has its own estimate"); });
}

}  // namespace buffon
