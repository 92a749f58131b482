#include <buffon/sobol.hpp>

#include <algorithm>
#include <bit>
#include <stdexcept>
#include <string>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/finish.hpp>
#include <buffon/going_on.hpp>
#include <buffon/sobol_doubled.hpp>
#include <buffon/sobol_found.hpp>
#include <buffon/sobol_run.hpp>
#include <buffon/sobol_seeded.hpp>
#include <buffon/sobol_state.hpp>
#include <buffon/stored.hpp>
#include <buffon/text.hpp>
#include <buffon/until_target.hpp>

namespace buffon {
namespace {

constexpr std::int64_t kept_numbers = 1 << 19;      // 4 MB, of a run that stops early
constexpr std::int64_t stored_budget =
    1 << 20;   // evaluations that are kept for the surrogate; of more a part is evaluated for it alone
constexpr std::int64_t fewest_points = 4;           // of a replicate
constexpr std::int64_t least_pilot_replicates = 8, pilot_points = 32;   // of a first stage, where a target is aimed at

/// R replicates at least: few large nets; many where replicates are blocks of independent points, whose size does not matter.
std::int64_t least_replicates(const SobolOptions& options, std::int64_t rows) {
    if (options.replicates > 0) return options.replicates;
    if (options.points == Points::rqmc || with_surrogate(options)) return 8;
    return std::clamp<std::int64_t>(rows / 16, 8, 128);
}

SobolSettings plan_of(const Run& run, const SobolOptions& options, std::int64_t sets) {
    const std::int64_t pilot = with_surrogate(options) && run.budget > stored_budget ? most_fit_rows : 0,
                       rows = (run.budget - pilot) / sets;
    const std::int64_t least = least_replicates(options, rows);
    require(rows >= least * fewest_points, "sobol: budget must be at least ", least * fewest_points * sets, " (", least,
            " replicates of ", fewest_points, " rows of ", sets, " evaluations), got ", run.budget);
    const auto points = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(rows / least)));
    return {options, points, rows / points, pilot};
}

void check(const Problem& problem, const Run& run, const SobolOptions& options) {
    require(options.replicates == 0 || options.replicates >= fewest_replicates,
            "sobol: replicates must be 0 (chosen) or at least ", fewest_replicates, ", got ", options.replicates);
    require(!options.second_order || options.method != SobolMethod::owen,
            "sobol: second_order must be False for method = 'owen', whose design has no pairs");
    if (!options.noise.empty()) {
        require(options.method == SobolMethod::combined,
                "sobol: method must be 'default' with a noise, whose indices have one method");
        require(!options.second_order, "sobol: second_order must be False with a noise");
        require(run.keep != Keep::state, "sobol: keep must not be 'state' with a noise: there is no way to go on");
    }
    if (options.method == SobolMethod::aiscv) {
        require(!options.second_order, "sobol: second_order must be False for method = 'aiscv'");
        require(options.replicates == 0 && options.points == Points::rqmc,
                "sobol: replicates and points must be left out for method = 'aiscv', whose sample has nets of its own");
        require(run.keep == Keep::nothing, "sobol: keep must be 'nothing' for method = 'aiscv'");
        return;
    }
    const std::int64_t tables = options.method == SobolMethod::owen ? 3 : 2, most = SobolSequence::max_dim() / tables;
    require(options.points == Points::iid || problem.dim() <= most, "sobol: points must be 'iid' for more than ", most,
            " inputs, got ", problem.dim());
}

bool uses_third(const SobolOptions& options) { return options.method == SobolMethod::owen; }
bool both_ways(const SobolOptions& options) { return options.second_order || uses_third(options); }

SobolDesign design_of(const Evaluation& evaluate, Groups groups, const SobolSettings& s) {
    return {evaluate.problem().inputs(),
            std::move(groups),
            both_ways(s.options),
            uses_third(s.options),
            s.options.points,
            s.points,
            s.replicates,
            evaluate.key()};
}

Estimate finished(Evaluation& evaluate, const SobolDesign& design, const SobolSettings& settings, SobolRun& whole) {
    return with_partial(
        evaluate,
        [&] {
            Estimate e = whole();
            if (keeps_state(evaluate.run())) e.state = stored(whole.known(), evaluate, design, settings);
            return e;
        },
        [&] { return whole.partial(); });
}

/// One more row: what was found before.
Matrix with_history(const State& state, const Estimate& before) {
    const auto [low, high] = before.confidence_interval();
    Matrix rows = state.tables.contains("history") ? table(state, "history") : Matrix(0, 1 + 3 * before.size());
    rows.data.push_back(static_cast<double>(before.n));
    for (const auto* numbers : {&before.value, &low, &high}) rows.data.insert(rows.data.end(), numbers->begin(), numbers->end());
    ++rows.rows;
    return rows;
}

Indices seeded(const Problem& problem, const Run& run, const SobolOptions& options, const Groups& groups) {
    Evaluation evaluate("sobol", problem, run);
    evaluate.keep_at_most(kept_numbers);
    Estimate joint = seeded_indices(evaluate, groups, options);
    return indices_of(std::move(joint), groups.names, evaluate.names(), false);
}

/// Evaluations of a first stage, where a target is aimed at.
std::int64_t pilot_evaluations(const Groups& groups, const SobolOptions& options) {
    if (!options.noise.empty()) return seeded_pilot(groups.size(), options.replicates);
    const std::int64_t row = SobolDesign::sets(groups.size(), both_ways(options)),
                       replicates = std::max(options.replicates, least_pilot_replicates);
    return std::max(row * replicates * pilot_points, options.method == SobolMethod::aiscv ? least_doubled_budget(groups) : 0);
}

Indices adaptive(const Problem& problem, const Run& run, const SobolOptions& options, const Groups& groups) {
    Evaluation evaluate("sobol", problem, run);
    evaluate.keep_at_most(kept_numbers);
    Estimate joint = with_partial(
        evaluate, [&] { return doubled_indices(evaluate, groups, options); },
        []() -> Estimate { throw std::invalid_argument("sobol: products have no indices before the end"); });
    return indices_of(std::move(joint), groups.names, evaluate.names(), false);
}

}  // namespace

Indices sobol(const Problem& problem, const Run& run, const SobolOptions& options) {
    require(run.budget >= 1, "sobol: budget must be at least 1, got ", run.budget);
    check(problem, run, options);
    Groups groups = groups_of("sobol", problem.inputs(), options.groups);
    if (run.target_error) {
        Indices last;
        Estimate joint =
            until_target(run, {.function = "sobol",
                               .growth = Growth::fresh,
                               .pilot = pilot_evaluations(groups, options),
                               .begin = [&](const Run& stage) { return (last = sobol(problem, stage, options)).joint; },
                               .zero_is_exact = true});
        return indices_of(std::move(joint), last.groups, last.outputs, options.second_order);
    }
    if (!options.noise.empty()) return seeded(problem, run, options, groups);
    if (options.method == SobolMethod::aiscv) return adaptive(problem, run, options, groups);
    const SobolSettings plan = plan_of(run, options, SobolDesign::sets(groups.size(), both_ways(options)));
    Evaluation evaluate("sobol", problem, run);
    evaluate.keep_at_most(kept_numbers);
    const SobolDesign design = design_of(evaluate, std::move(groups), plan);
    SobolRun whole(evaluate, design, options, plan.pilot);
    Estimate joint = finished(evaluate, design, plan, whole);
    return indices_of(std::move(joint), design.groups().names, evaluate.names(), options.second_order);
}

Estimate go_on_sobol(Evaluation& evaluate, const State& state, const Estimate& before) {
    SobolSettings settings = settings_of(state, before);
    Groups groups = groups_of("extend", evaluate.problem().inputs(), settings.options.groups);
    const std::int64_t each = settings.points * SobolDesign::sets(groups.size(), both_ways(settings.options));
    const std::int64_t least = settings.pilot + (settings.replicates + 1) * each;
    require(evaluate.run().budget >= least, "extend: budget must be at least ", least, ", one replicate of ",
            settings.points, " rows (", each, " evaluations) more than the ", before.n, " that are spent, got ",
            evaluate.run().budget);
    evaluate.keep_at_most(kept_numbers);
    settings.replicates = (evaluate.run().budget - settings.pilot) / each;
    const SobolDesign design = design_of(evaluate, std::move(groups), settings);
    SobolRun whole(evaluate, design, settings.options, restored(state, design));
    Estimate e = finished(evaluate, design, settings, whole);
    if (e.state) e.state->tables["history"] = with_history(state, before);
    return e;
}

}  // namespace buffon
