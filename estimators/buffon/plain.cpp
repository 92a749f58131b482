#include <buffon/plain.hpp>

#include <algorithm>

#include <buffon/check.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/extend.hpp>
#include <buffon/finish.hpp>
#include <buffon/fused.hpp>
#include <buffon/going_on.hpp>
#include <buffon/moments.hpp>
#include <buffon/parallel.hpp>
#include <buffon/row_means.hpp>
#include <buffon/stored.hpp>
#include <buffon/tails.hpp>
#include <buffon/until_target.hpp>

namespace buffon {

namespace {

Estimate mean_of_draws(Evaluation& evaluate, RowMeans means) {
    const Run& run = evaluate.run();
    const Stream stream{evaluate.key(), 0};
    const Distribution& inputs = evaluate.problem().inputs();
    std::optional<Fused> fused = Fused::of(evaluate, stream);
    // whole blocks alone where the rows of the last one may be asked for
    const std::int64_t in_fused = keeps_state(run) ? run.budget / parallel::block_size * parallel::block_size : run.budget;
    const auto in_blocks = [&](std::int64_t start) -> std::int64_t {
        if (!fused || start % parallel::block_size != 0 || start >= in_fused) return 0;
        const std::int64_t batch = std::min(chunk_rows(run), in_fused - start);
        const std::int64_t looked_at =
            start < judged_rows ? (fused->on_device() ? std::min(judged_rows - start, in_fused - start) : batch) : 0;
        Matrix y(looked_at, fused->columns(), 1.0);
        const std::int64_t taken = fused->add(start, in_fused - start, chunk_rows(run), means.whole(), y);
        if (taken > 0) means.judge(y);
        return taken;
    };
    const auto conclude = [&](const RowMeans& all) {
        const Moments total = all.moments();
        Estimate e = finish_mean(evaluate, total);
        judge_mean(all.first_rows(), total.n, e);
        return e;
    };

    const auto with_state = [&](const RowMeans& all) {   // of a run that stopped early, too: it goes on with the next row
        Estimate e = conclude(all);
        if (keeps_state(run) && all.n() == evaluate.n()) all.store(e.state.emplace(begin_state("plain", evaluate)));
        return e;
    };

    const auto sample = [&] {
        for (std::int64_t start = means.n(), rows = 0; start < run.budget; start += rows) {
            rows = in_blocks(start);
            if (rows > 0) continue;
            rows = next_rows(start, fused ? std::min(run.budget, fused->next_on_device(start)) : run.budget, chunk_rows(run));
            const View x = evaluate.room(rows);
            parallel::for_blocks(x.rows, run.threads, [&](std::int64_t first, std::int64_t count) {
                inputs.sample(stream, start + first, x.slice(first, count));
            });
            means.add(evaluate(x, [&](std::span<double> log_q) { inputs.log_density(x, log_q); }).y, run.threads);
        }
        return with_state(means);
    };
    return with_partial(evaluate, sample, [&] {
        RowMeans all = means;
        if (evaluate.unfinished().rows > 0) all.add(evaluate.unfinished(), run.threads);
        return with_state(all);
    });
}

}  // namespace

Estimate plain(const Problem& problem, const Run& run) {
    require(run.budget >= 2, "plain: budget must be at least 2, got ", run.budget);
    if (run.target_error)
        return until_target(run,
                            {.function = "plain",
                             .pilot = 256,
                             .begin = [&](const Run& stage) { return plain(problem, stage); },
                             .more = [&](const Estimate& e, const Run& stage) { return extend(e, problem, stage); },
                             .names = problem.outputs()});
    Evaluation evaluate("plain", problem, run);
    return mean_of_draws(evaluate, RowMeans());
}

Estimate go_on_plain(Evaluation& evaluate, const State& state) { return mean_of_draws(evaluate, RowMeans(state)); }

}  // namespace buffon
