#include <buffon/quasi.hpp>

#include <buffon/check.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/finish.hpp>
#include <buffon/kept.hpp>
#include <buffon/point_set.hpp>
#include <buffon/sums.hpp>
#include <buffon/tails.hpp>

namespace buffon {
namespace {

/// Column sums of each segment of y, into the rows of `totals` of their replicates, in order.
void add_segments(ConstView y, std::int64_t start, const PointSet& points, int threads, Matrix& totals) {
    const std::int64_t length = segment_length(points.points());
    Matrix sums((y.rows + length - 1) / length, y.cols);
    for_segments(y.rows, points.points(), threads, [&](std::int64_t first, std::int64_t count) {
        for (std::int64_t j = 0; j < y.cols; ++j)
            sums(first / length, j) = sum_of(count, [&](std::int64_t i) { return y(first + i, j); });
    });
    for (std::int64_t s = 0; s < sums.rows; ++s)
        for (std::int64_t j = 0; j < y.cols; ++j) totals((start + s * length) / points.points(), j) += sums(s, j);
}

/// The first `count` replicates' means.
Matrix means(const Matrix& totals, std::int64_t count, std::int64_t points) {
    Matrix out(count, totals.cols);
    for (std::size_t k = 0; k < out.data.size(); ++k) out.data[k] = totals.data[k] / static_cast<double>(points);
    return out;
}

}  // namespace

Estimate quasi(const Problem& problem, const Run& run, const QuasiOptions& options) {
    require(options.replicates >= 2, "quasi: replicates must be at least 2, got ", options.replicates);
    require(run.budget >= options.replicates, "quasi: budget must be at least replicates = ", options.replicates, ", got ", run.budget);
    require(problem.dim() <= SobolSequence::max_dim(), "quasi: the sequence has ", SobolSequence::max_dim(),
            " dimensions, the problem ", problem.dim(), " inputs");
    Evaluation evaluate("quasi", problem, run);
    const auto plan = Replication::of(run.budget, options.replicates);
    const PointSet points = PointSet::nets(problem.dim(), plan.points, plan.replicates, evaluate.key(), 0, options.scramble);
    Matrix totals;
    FirstRows first_rows(judged_rows);

    const auto sample = [&] {
        for (std::int64_t start = 0; start < points.size(); start += chunk_rows(run)) {
            const View x = evaluate.room(std::min(chunk_rows(run), points.size() - start));
            for_segments(x.rows, points.points(), run.threads, [&](std::int64_t first, std::int64_t count) {
                const View rows = x.slice(first, count);
                points.uniform(start + first, rows);
                problem.inputs().from_uniform(rows, rows);
            });
            const Outputs out = evaluate(x, [&](std::span<double> log_q) { problem.inputs().log_density(x, log_q); });
            label_replicates(evaluate, x.rows, points.points(), [&](std::int64_t i) { return start + i; });
            if (totals.rows == 0) totals = Matrix(plan.replicates, out.y.cols);
            first_rows.add(out.y);
            add_segments(out.y, start, points, run.threads, totals);
        }
        Estimate e = finish_replicates(evaluate, means(totals, plan.replicates, plan.points));
        judge_mean(first_rows.rows(), points.size(), e);
        return e;
    };
    return with_partial(evaluate, sample, [&] {
        const ConstView last = evaluate.unfinished();
        Matrix all = totals.rows > 0 ? totals : Matrix(plan.replicates, last.cols);
        add_segments(last, evaluate.n() - last.rows, points, 1, all);
        const std::int64_t whole = evaluate.n() / plan.points;
        require(whole >= 2, "quasi: fewer than two replicates were finished");
        FirstRows seen = first_rows;
        seen.add(last);
        Estimate e = finish_replicates(evaluate, means(all, whole, plan.points));
        judge_mean(seen.rows(), whole * plan.points, e);
        return e;
    });
}

}  // namespace buffon
