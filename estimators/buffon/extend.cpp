#include <buffon/extend.hpp>

#include <algorithm>
#include <string>

#include <buffon/check.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/going_on.hpp>
#include <buffon/stored.hpp>
#include <buffon/until_target.hpp>

namespace buffon {
namespace {

std::string listed(const std::vector<std::string>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

/// What can be known of another problem or law before the model is asked.
void check_same(const State& state, const Problem& problem, const std::vector<Distribution>& laws) {
    require(problem.inputs().names() == state.inputs, "extend: problem must have the inputs of the run, (",
            listed(state.inputs), "), got (", listed(problem.inputs().names()), ")");
    std::vector<std::string> outputs = problem.outputs();
    if (!outputs.empty()) {
        outputs.insert(outputs.end(), problem.known().begin(), problem.known().end());
        require(outputs == state.outputs, "extend: problem must have the outputs of the run, (", listed(state.outputs),
                "), got (", listed(outputs), ")");
    }
    require(!state.laws.empty() && fingerprint(problem.inputs()) == state.laws.front(),
            "extend: problem must have the input law of the run, got another one");
    const std::size_t known = state.laws.size() - 1;
    require(laws.size() == known, "extend: ", state.estimator == "importance" ? "proposal" : "laws",
            " must be given again, ", known, " as in the run, got ", laws.size());
    for (std::size_t j = 0; j < known; ++j)
        require(fingerprint(laws[j]) == state.laws[j + 1],
                "extend: ", state.estimator == "importance" ? "proposal" : "laws[" + std::to_string(j) + "]",
                " must be that of the run, got another one");
}

void require_of_the_run(const Estimate& before, const Run& run) {
    require(!run.rng || *run.rng == before.rng_key, "extend: rng must be that of the run, ", before.rng_key,
            ", or none, got ", run.rng.value_or(0));
    require(run.budget > before.n, "extend: budget must be larger than the ", before.n, " evaluations spent, got ", run.budget);
}

/// That of the stage which left the state, where a target was aimed at: `rng_key` is that of the whole run.
std::uint64_t key_of(const Estimate& before, const State& state) {
    if (!state.tables.contains("key")) return before.rng_key;
    const std::vector<double>& halves = numbers(state, "key", 2);
    return static_cast<std::uint64_t>(halves[0]) << 32 | static_cast<std::uint64_t>(halves[1]);
}

/// The run with the key, the failures and the keeping of the one before.
Run continued(const Estimate& before, const State& state, const Run& run) {
    Run out = run;
    require_of_the_run(before, run);
    const bool discards = integer(state, "discards") != 0;
    require(discards || run.on_error == OnError::raise, "extend: on_error must be 'raise' as in the run, got 'discard'");
    require(before.sample || run.keep != Keep::sample, "extend: keep must not be 'sample' where the run kept none");
    out.rng = key_of(before, state);
    out.on_error = discards ? OnError::discard : OnError::raise;
    out.keep = before.sample ? Keep::sample : Keep::state;
    return out;
}

/// Of a run that something stopped.
bool is_unfinished(const Estimate& e) {
    const auto found = e.diagnostics.find("stop");
    const auto* word = found == e.diagnostics.end() ? nullptr : std::get_if<std::string>(&found->second);
    return word != nullptr && *word == "unfinished";
}

/// What the adaptation said holds for all that is drawn from it.
void keep_diagnostics(const Estimate& before, Estimate& e) {
    for (const auto& [name, value] : before.diagnostics)
        if (name != "stop" || !is_unfinished(before)) e.diagnostics.insert({name, value});
    for (const std::string& warning : before.warnings)
        if ((warning.find("provisional") != std::string::npos || warning.find("regions may be missed") != std::string::npos) &&
            std::ranges::find(e.warnings, warning) == e.warnings.end()) e.warnings.push_back(warning);
}

Estimate go_on(const std::string& estimator, Evaluation& evaluate, const State& state,
               const std::vector<Distribution>& laws, const Estimate& before) {
    if (estimator == "plain") return go_on_plain(evaluate, state);
    if (estimator == "quasi") return go_on_quasi(evaluate, state);
    if (estimator == "importance") return go_on_importance(evaluate, state, laws.front());
    if (estimator == "aiscv") return go_on_aiscv(evaluate, state, laws);
    if (estimator == "sobol") return go_on_sobol(evaluate, state, before);
    require(estimator == "amis", "extend: no way to go on with '", estimator, "'");
    return go_on_amis(evaluate, state, laws, before);
}

}  // namespace

Estimate extend(const Estimate& before, const Problem& problem, const Run& run, const ExtendOptions& options) {
    require(before.state.has_value() || !is_unfinished(before),
            "extend: estimate is of a run that stopped early, of which only plain and quasi can go on: call the "
            "function again with rng = ",
            before.rng_key,
            ", which asks for the same points in the same order, with a model that looks up those it knows (the "
            "finished ones are in the error's sample)");
    require(before.state.has_value(), "extend: estimate must have a state: one of ", words_with_state(),
            ", run with keep = 'state' (or 'sample')");
    const State& state = *before.state;
    if (run.target_error) {
        require_of_the_run(before, run);
        return until_target(
            before, run,
            {.function = "extend",
             .more = [&](const Estimate& e, const Run& stage) { return extend(e, problem, stage, options); },
             .names = before.names,
             .zero_is_exact = state.estimator == "sobol"});
    }
    if (state.estimator.starts_with("control/")) return go_on_control(before, problem, run, options);
    std::vector<Distribution> laws = options.laws;
    if (options.proposal) laws.push_back(*options.proposal);
    check_same(state, problem, laws);
    const Run more = continued(before, state, run);
    Evaluation evaluate("extend", problem, more);
    evaluate.go_on_from(before.n, before.n_failed, state.outputs, before.sample ? &*before.sample : nullptr);
    Estimate e = go_on(state.estimator, evaluate, state, laws, before);
    keep_diagnostics(before, e);
    e.rng_key = before.rng_key;
    if (state.tables.contains("key")) e.state->tables["key"] = table(state, "key");
    return e;
}

Indices more(const Indices& indices, const Problem& problem, const Run& run) {
    return indices_of(extend(indices.joint, problem, run), indices.groups, indices.outputs, indices.second_order.size() > 0);
}

}  // namespace buffon
