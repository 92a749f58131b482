#include <buffon/amis.hpp>

#include <algorithm>

#include <buffon/adaptation.hpp>
#include <buffon/adaptive.hpp>
#include <buffon/final_sample.hpp>
#include <buffon/finish.hpp>
#include <buffon/recycled_sample.hpp>

namespace buffon {
namespace {

// Nets in a batch of the adaptation: two scrambles tell its error, more would be small. Independent points make more groups.
constexpr std::int64_t nets_of_a_batch = 2;
constexpr std::int64_t groups_of_a_batch = 8;

/// The shared options, member by member.
AiscvOptions adaptive(const AmisOptions& options) {
    AiscvOptions out;
    std::apply(
        [&](const auto&... from) {
            std::apply([&](const auto&... to) { ((out.*(to.member) = options.*(from.member)), ...); }, adaptive_fields<AiscvOptions>());
        },
        adaptive_fields<AmisOptions>());
    return out;
}

// Streams of a lane: batches and starts of fits count from its first one, the last stage from far behind.
constexpr std::uint32_t streams_of_a_lane = 0x40000000, last_stage = 0x20000000;

std::int64_t nets_of(const AmisOptions& options) {
    if (options.use == Use::final) return 1;
    return options.points == Points::iid ? groups_of_a_batch : nets_of_a_batch;
}

/// Two halves of the budget, each learning from the other's points, or the whole.
std::vector<Adaptation> lanes_of(Evaluation& evaluate, const WorkingSpace& space, const AiscvOptions& shared, const AmisOptions& options) {
    const std::int64_t lanes = options.use == Use::all && options.refit == Refit::crossed ? 2 : 1;
    std::vector<Adaptation> out;
    out.reserve(static_cast<std::size_t>(lanes));   // they point at each other's pools
    for (std::uint32_t lane = 0; lane < lanes; ++lane)
        out.emplace_back(evaluate, space, shared, Batches{nets_of(options), options.refit == Refit::newest, lanes, lane * streams_of_a_lane, true});
    if (lanes == 2) {
        out[0].learn_from(out[1].pool());
        out[1].learn_from(out[0].pool());
    }
    return out;
}

void adapt(std::vector<Adaptation>& lanes) {
    std::vector<Adaptation*> going;
    for (Adaptation& lane : lanes)
        if (lane.init()) going.push_back(&lane);
    while (!going.empty()) std::erase_if(going, [](Adaptation* lane) { return !lane->step(); });
}

/// What the lanes say: counts added up, what one of them doubts, and why they stopped.
void report(const std::vector<Adaptation>& lanes, Estimate& e) {
    std::vector<Estimate> told(lanes.size());
    std::int64_t batches = 0, spent = 0;
    bool fallback = true, provisional = false;
    std::string stop;
    for (std::size_t l = 0; l < lanes.size(); ++l) {
        lanes[l].report(told[l]);
        const auto& says = told[l].diagnostics;
        batches += std::get<std::int64_t>(says.at("batches"));
        spent += lanes[l].spent();
        fallback &= std::get<bool>(says.at("fallback"));
        provisional |= std::get<bool>(says.at("provisional"));
        const auto& why = std::get<std::string>(says.at("stop"));
        if (l == 0 || why != stop) stop += (l == 0 ? "" : ", ") + why;
        for (const std::string& warning : told[l].warnings)
            if (std::ranges::find(e.warnings, warning) == e.warnings.end()) e.warnings.push_back(warning);
    }
    e.diagnostics["batches"] = batches;
    e.diagnostics["adaptation_n"] = spent;
    e.diagnostics["fallback"] = fallback;
    e.diagnostics["provisional"] = provisional;
    e.diagnostics["stop"] = stop;
}

Estimate from_all(Evaluation& evaluate, const WorkingSpace& space, const AiscvOptions& shared, std::vector<Adaptation>& lanes,
                  const std::vector<std::string>& groups) {
    const auto count = static_cast<std::int64_t>(lanes.size());
    const std::int64_t nets = shared.points == Points::iid ? groups_of_a_batch : nets_of_a_batch;
    std::vector<RecycledSample> samples;
    for (std::size_t l = 0; l < lanes.size(); ++l) {
        const auto first = static_cast<std::uint32_t>(l) * streams_of_a_lane + last_stage;
        const std::int64_t left = evaluate.run().budget / count - lanes[l].spent();
        samples.emplace_back(evaluate, space, lanes[l].pool(), lanes[l].choose(), shared,
                             RecycledSample::Plan{nets, left, std::max<std::int64_t>(shared.replicates / count, 2), first});
    }
    for (RecycledSample& sample : samples) sample.run();
    Estimate e = recycled(evaluate, samples, groups);
    report(lanes, e);
    return e;
}

}  // namespace

Estimate amis(const Problem& problem, const Run& run, const AmisOptions& options) {
    const AiscvOptions shared = adaptive(options);
    check_adaptive("amis", problem, run, shared);
    Evaluation evaluate("amis", problem, run);
    const WorkingSpace space = working_space(problem, options.laws);
    const std::vector<std::string> groups = law_names(static_cast<std::int64_t>(options.laws.size()));
    std::vector<Adaptation> lanes = lanes_of(evaluate, space, shared, options);
    return with_partial(
        evaluate,
        [&] {
            adapt(lanes);
            if (options.use == Use::all) return from_all(evaluate, space, shared, lanes, groups);
            const Proposal last = lanes.front().choose();
            Estimate e = FinalSample(evaluate, space, last, shared, run.budget - lanes.front().spent()).run(groups);
            report(lanes, e);
            return e;
        },
        [&] {
            std::vector<const Pool*> pools;
            for (const Adaptation& lane : lanes) pools.push_back(&lane.pool());
            return from_pools(evaluate, space, pools, groups);
        });
}

}  // namespace buffon
