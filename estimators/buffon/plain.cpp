#include <buffon/plain.hpp>

#include <buffon/check.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/finish.hpp>
#include <buffon/fused.hpp>
#include <buffon/moments.hpp>
#include <buffon/parallel.hpp>
#include <buffon/tails.hpp>

namespace buffon {

Estimate plain(const Problem& problem, const Run& run) {
    require(run.budget >= 2, "plain: budget must be at least 2, got ", run.budget);
    Evaluation evaluate("plain", problem, run);
    const Stream stream{evaluate.key(), 0};
    const Distribution& inputs = problem.inputs();
    Moments total;
    FirstRows first_rows(judged_rows);
    std::optional<Fused> fused = Fused::of(evaluate, stream);
    const auto in_blocks = [&](std::int64_t start, std::int64_t batch) -> std::int64_t {
        if (!fused) return 0;
        Matrix y(start < judged_rows ? batch : 0, fused->columns(), 1.0);
        const std::int64_t taken = fused->add(start, run.budget - start, chunk_rows(run), total, y);
        if (taken > 0) first_rows.add(y);
        return taken;
    };

    const auto sample = [&] {
        for (std::int64_t start = 0, rows = 0; start < run.budget; start += rows) {
            const std::int64_t batch = std::min(chunk_rows(run), run.budget - start);
            rows = in_blocks(start, batch);
            if (rows > 0) continue;
            rows = batch;
            const View x = evaluate.room(rows);
            parallel::for_blocks(x.rows, run.threads, [&](std::int64_t first, std::int64_t count) {
                inputs.sample(stream, start + first, x.slice(first, count));
            });
            const Outputs out = evaluate(x, [&](std::span<double> log_q) { inputs.log_density(x, log_q); });
            first_rows.add(out.y);
            parallel::reduce_blocks(x.rows, run.threads, total, [&](std::int64_t first, std::int64_t count) {
                return Moments(out.y.view().slice(first, count));
            });
        }
        Estimate e = finish_mean(evaluate, total);
        judge_mean(first_rows.rows(), total.n, e);
        return e;
    };
    return with_partial(evaluate, sample, [&] {
        const ConstView last = evaluate.unfinished();
        Moments all = total;
        parallel::reduce_blocks(last.rows, run.threads, all, [&](std::int64_t first, std::int64_t count) {
            return Moments(last.slice(first, count));
        });
        FirstRows seen = first_rows;
        seen.add(last);
        Estimate e = finish_mean(evaluate, all);
        judge_mean(seen.rows(), all.n, e);
        return e;
    });
}

}  // namespace buffon
