#include <buffon/amis.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/adaptation.hpp>
#include <buffon/adaptive.hpp>
#include <buffon/extend.hpp>
#include <buffon/final_sample.hpp>
#include <buffon/finish.hpp>
#include <buffon/going_on.hpp>
#include <buffon/recycled_sample.hpp>
#include <buffon/stored.hpp>
#include <buffon/until_target.hpp>

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
            std::apply([&](const auto&... to) { ((out.*(to.member) = options.*(from.member)), ...); },
                       adaptive_fields<AiscvOptions>());
        },
        adaptive_fields<AmisOptions>());
    return out;
}

// Streams of a lane: batches and starts of fits count from its first one, the last stage from far behind.
constexpr std::uint32_t streams_of_a_lane = 0x40000000, last_stage = 0x20000000, further_points = 0xa0000000;

std::int64_t nets_of(const AmisOptions& options) {
    if (options.use == Use::final) return 1;
    return options.points == Points::iid ? groups_of_a_batch : nets_of_a_batch;
}

/// Two halves of the budget, each learning from the other's points, or the whole.
std::vector<Adaptation> lanes_of(Evaluation& evaluate, const WorkingSpace& space, const AiscvOptions& shared,
                                 const AmisOptions& options) {
    const std::int64_t lanes = options.use == Use::all && options.refit == Refit::crossed ? 2 : 1;
    std::vector<Adaptation> out;
    out.reserve(static_cast<std::size_t>(lanes));   // they point at each other's pools
    for (std::uint32_t lane = 0; lane < lanes; ++lane)
        out.emplace_back(
            evaluate, space, shared,
            Batches{nets_of(options), options.refit == Refit::newest, lanes, lane * streams_of_a_lane, true});
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
        told[l].names = e.names;
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

/// The last proposals in equal parts.
Proposal mean_of(const std::vector<RecycledSample>& samples) {
    std::vector<Component> components;
    std::vector<double> alpha{0.0};
    const double share = 1.0 / static_cast<double>(samples.size());
    for (const RecycledSample& sample : samples) {
        const Proposal& q = sample.last().proposal;
        alpha[0] += share * q.alpha()[0];
        for (std::size_t k = 1; k < q.alpha().size(); ++k) alpha.push_back(share * q.alpha()[k]);
        components.insert(components.end(), q.components().begin(), q.components().end());
    }
    return Proposal(true, std::move(components), std::move(alpha));
}

/// What the first run found: extensions have samples of their own.
void store_first(State& state, const Estimate& e) {
    store(state, "first value", e.value);
    store(state, "first covariance", e.covariance.data);
    store(state, "first kurtosis", e.excess_kurtosis);
    store(state, "first n", {static_cast<double>(e.n), e.degrees_of_freedom});
}

Estimate first_of(const State& state, const Estimate& before) {
    Estimate e;
    e.value = table(state, "first value").data;
    e.covariance = Matrix(e.size(), e.size());
    e.covariance.data = numbers(state, "first covariance", e.value.size() * e.value.size());
    e.excess_kurtosis = numbers(state, "first kurtosis", e.value.size());
    e.n = std::llround(numbers(state, "first n", 2)[0]);
    e.degrees_of_freedom = numbers(state, "first n", 2)[1];
    e.diagnostics = before.diagnostics;
    e.rng_key = before.rng_key;
    return e;
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
    if (!keeps_state(evaluate.run())) return e;
    State& state = e.state.emplace(begin_state("amis", evaluate, shared.laws));
    store_first(state, e);
    store(state, mean_of(samples));
    store(state, "plan", {0.0, shared.points == Points::iid ? 0.0 : 1.0, static_cast<double>(further_points)});
    store(state, "cut", {shared.cut});
    store(state, "replicates", {static_cast<double>(shared.replicates)});
    return e;
}

}  // namespace

Estimate amis(const Problem& problem, const Run& run, const AmisOptions& options) {
    const AiscvOptions shared = adaptive(options);
    check_adaptive("amis", problem, run, shared);
    if (run.target_error)
        return until_target(
            run, {.function = "amis",
                  .growth = Growth::fresh,
                  .pilot = std::max<std::int64_t>(4 * options.replicates, 2'000),
                  .begin = [&](const Run& stage) { return amis(problem, stage, options); },
                  .more = [&](const Estimate& e,
                              const Run& stage) { return extend(e, problem, stage, {.laws = options.laws}); },
                  .names = options.laws.empty() ? problem.outputs() : std::vector<std::string>{}});
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
            FinalSample sample(evaluate, space, last, shared, run.budget - lanes.front().spent());
            Estimate e = sample.run(groups);
            report(lanes, e);
            if (keeps_state(run)) sample.store(e.state.emplace(begin_state("aiscv", evaluate, options.laws)));
            return e;
        },
        [&] {
            std::vector<const Pool*> pools;
            for (const Adaptation& lane : lanes) pools.push_back(&lane.pool());
            return from_pools(evaluate, space, pools, groups);
        });
}

/// All further points are one sample from the mean of the last proposals, unbiased by itself, pooled by counts with what the
/// first run found: its points cannot be weighed again without having been kept.
Estimate go_on_amis(Evaluation& evaluate, const State& state, const std::vector<Distribution>& laws, const Estimate& before) {
    Estimate first = first_of(state, before);
    const AiscvOptions options = FinalSample::options_of(state);
    const WorkingSpace space = working_space(evaluate.problem(), laws);
    const Proposal sampled = proposal(state, space.dim());
    const std::int64_t left = evaluate.run().budget - evaluate.n();
    const bool fresh = table(state, "plan").data.front() == 0;
    require(!fresh || left >= 2 * options.replicates, "extend: budget must be at least ", evaluate.n() + 2 * options.replicates,
            ", twice the replicates more, got ", evaluate.run().budget);
    FinalSample sample = fresh ? FinalSample(evaluate, space, sampled, options, left, {}, further_points)
                               : FinalSample(evaluate, space, sampled, options, left, state);
    return with_partial(
        evaluate,
        [&] {
            Estimate more = sample.run(law_names(static_cast<std::int64_t>(laws.size())));
            more.n -= first.n;
            first.names = more.names;
            more.rng_key = ~first.rng_key;   // of other streams: independent, given the proposals
            Estimate e = first.merge(more);
            e.n_failed = evaluate.n_failed();
            e.sample = std::move(more.sample);
            if (e.sample) e.sample->controls = {};   // rows of the first run have none
            State& next = e.state.emplace(begin_state("amis", evaluate, laws));
            store_first(next, first);
            sample.store(next);
            return e;
        },
        [&]() -> Estimate { throw std::invalid_argument("the finished run has its own estimate"); });
}

}  // namespace buffon
