#include <buffon/quasi.hpp>

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <vector>

#include <buffon/check.hpp>
#include <buffon/device_sample.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/extend.hpp>
#include <buffon/finish.hpp>
#include <buffon/going_on.hpp>
#include <buffon/kept.hpp>
#include <buffon/point_set.hpp>
#include <buffon/stored.hpp>
#include <buffon/sums.hpp>
#include <buffon/tails.hpp>
#include <buffon/until_target.hpp>

namespace buffon {
namespace {

constexpr std::int64_t first_net = 32;   // points, where a target is aimed at

/// Rows `start`, ... of `each` in every replicate: column sums of each segment of y, into the rows of `totals` of their
/// replicates, in order.
void add_segments(ConstView y, std::int64_t start, std::int64_t each, int threads, Matrix& totals) {
    const std::int64_t length = segment_length(each);
    Matrix sums((y.rows + length - 1) / length, y.cols);
    for_segments(y.rows, each, threads, [&](std::int64_t first, std::int64_t count) {
        for (std::int64_t j = 0; j < y.cols; ++j)
            sums(first / length, j) = sum_of(count, [&](std::int64_t i) { return y(first + i, j); });
    });
    for (std::int64_t s = 0; s < sums.rows; ++s)
        for (std::int64_t j = 0; j < y.cols; ++j) totals((start + s * length) / each, j) += sums(s, j);
}

constexpr std::int64_t device_rows = std::int64_t{1} << 30;   // at once

/// Those of blocks whose first row is row `start`; with the column that counts successes, all of them are.
void add_records(const std::vector<double>& records, std::int64_t outputs, std::int64_t start, const PointSet& points,
                 Matrix& totals) {
    const std::int64_t numbers = moment_numbers(outputs);
    for (auto record = records.begin(); record != records.end(); record += numbers) {
        const double n = *record;
        for (std::int64_t j = 0; j < totals.cols; ++j) totals(start / points.points(), j) += j < outputs ? n * record[1 + j] : n;
        start += static_cast<std::int64_t>(n);
    }
}

/// None where the model fails, or gives what is not finite.
std::vector<double> records_of(const DeviceSample& device, std::int64_t start, std::int64_t rows, std::int64_t m,
                               std::int64_t batch) {
    try {
        const std::vector<double> records = device.moments(start, rows, m, batch);
        return finite_record(records) ? records : std::vector<double>();
    } catch (const std::runtime_error&) {
        return {};
    }
}

/// y of rows to be judged, with the column of successes where there is one.
Matrix outputs_of(const Evaluation& evaluate, const PointSet& points, std::int64_t first, std::int64_t rows) {
    Matrix x(rows, evaluate.problem().dim()), y(rows, evaluate.columns(), 1.0);
    points.uniform(first, x);
    evaluate.problem().inputs().from_uniform(x, x);
    const Outputs out = evaluate_on_device(device_queues(evaluate.run().device), evaluate.problem(), x);
    for (std::int64_t i = 0; i < rows; ++i) std::ranges::copy(out.y.view().row(i), y.view().row(i).begin());
    return y;
}

/// The first `count` replicates' means.
Matrix means(const Matrix& totals, std::int64_t count, std::int64_t points) {
    Matrix out(count, totals.cols);
    for (std::size_t k = 0; k < out.data.size(); ++k) out.data[k] = totals.data[k] / static_cast<double>(points);
    return out;
}

Matrix first_rows_of(const Matrix& m, std::int64_t rows) {
    Matrix out(std::min(rows, m.rows), m.cols);
    std::copy_n(m.data.begin(), out.data.size(), out.data.begin());
    return out;
}

/// Nets one after the other; `totals` and `first_rows` of those that are done, or of the first `done` points of all nets.
Estimate mean_of_nets(Evaluation& evaluate, const PointSet& points, const QuasiOptions& options, Matrix totals,
                      FirstRows first_rows, std::int64_t done = 0) {
    const Run& run = evaluate.run();
    const Problem& problem = evaluate.problem();
    const std::int64_t net = points.points(), each = net - done;
    const auto place = [&](std::int64_t i) { return i / each * net + done + i % each; };   // of row i among the points
    const auto enlarge = [&](std::int64_t columns) {
        totals.cols = columns;
        totals.rows = points.replicates();
        totals.data.resize(static_cast<std::size_t>(totals.rows * columns));
    };
    const auto conclude = [&](const Matrix& sums, std::int64_t whole, const Matrix& rows) {
        Estimate e = finish_replicates(evaluate, means(sums, whole, net));
        judge_mean(rows, whole * net, e);
        return e;
    };

    const auto with_state = [&](Estimate e, const Matrix& sums, const Matrix& rows) {
        if (!keeps_state(run)) return e;
        State& state = e.state.emplace(begin_state("quasi", evaluate));
        store(state, "net", {static_cast<double>(net), options.scramble == Scramble::owen ? 1.0 : 0.0});
        state.tables["totals"] = sums;
        state.tables["first rows"] = rows;
        return e;
    };

    std::optional<DeviceSample> device;
    if (done == 0 && evaluate.device() && run.keep != Keep::sample)
        device = DeviceSample::of(device_queues(run.device), problem, points, problem.dim());
    /// Rows from `start` on whose sums a device has added; 0 where one of its outputs is not finite, and without a device.
    const auto on_device = [&](std::int64_t start) -> std::int64_t {
        if (!device) return 0;
        evaluate.announce();
        const std::int64_t m = evaluate.outputs() > 0 ? evaluate.outputs() : device->outputs(),
                           block = device->block(device_block);
        if (m == 0 || start % block != 0) return 0;   // Evaluation learns it
        const std::int64_t rows = std::min(points.size() - start, device_rows / block * block);
        const std::vector<double> records = records_of(*device, start, rows, m, run.batch);
        if (records.empty()) {
            device.reset();   // Evaluation says where
            return 0;
        }
        evaluate.count_elsewhere(rows, m, block, [&points, &problem, block](std::int64_t piece, View x) {
            points.uniform(piece * block, x);
            problem.inputs().from_uniform(x, x);
        });
        enlarge(evaluate.columns());
        if (start < judged_rows) first_rows.add(outputs_of(evaluate, points, start, std::min(judged_rows - start, rows)));
        add_records(records, m, start, points, totals);
        return rows;
    };

    const std::int64_t begin = done > 0 ? 0 : totals.rows * net, end = points.replicates() * each;
    const auto sample = [&] {
        for (std::int64_t start = begin, rows = 0; start < end; start += rows) {
            rows = on_device(start);
            if (rows > 0) continue;
            rows = chunk_rows(run);
            const View x = evaluate.room(std::min(chunk_rows(run), end - start));
            for_segments(x.rows, each, run.threads, [&](std::int64_t first, std::int64_t count) {
                const View rows = x.slice(first, count);
                points.uniform(place(start + first), rows);
                problem.inputs().from_uniform(rows, rows);
            });
            const Outputs out = evaluate(x, [&](std::span<double> log_q) { problem.inputs().log_density(x, log_q); });
            label_replicates(evaluate, x.rows, each, [&](std::int64_t i) { return start + i; });
            enlarge(out.y.cols);
            first_rows.add(out.y);
            add_segments(out.y, start, each, run.threads, totals);
        }
        return with_state(conclude(totals, points.replicates(), first_rows.rows()), totals, first_rows.rows());
    };
    return with_partial(evaluate, sample, [&] {
        require(done == 0, "quasi: nets are half enlarged");
        const ConstView last = evaluate.unfinished();
        enlarge(std::max(totals.cols, last.cols));
        Matrix all = totals;
        add_segments(last, evaluate.n() - last.rows, each, 1, all);
        const std::int64_t whole = evaluate.n() / net;
        require(whole >= 2, "quasi: fewer than two replicates were finished");
        FirstRows seen = first_rows;
        seen.add(last);
        Estimate e = conclude(all, whole, seen.rows());
        if (run.keep == Keep::sample) return e;   // its rows of the last net have no labels
        return with_state(std::move(e), first_rows_of(all, whole), first_rows_of(seen.rows(), whole * net));
    });
}

FirstRows first_rows_of(const State& state) {
    FirstRows rows(judged_rows);
    rows.add(table(state, "first rows"));
    return rows;
}

QuasiOptions options_of(const State& state) {
    return {.scramble = numbers(state, "net", 2)[1] == 1 ? Scramble::owen : Scramble::linear};
}

/// The second halves of nets of twice as many points, whose first ones are done; more nets where the budget has no room for them.
Estimate larger_nets(const Estimate& before, const Problem& problem, const Run& run) {
    if (run.budget < 2 * before.n) return extend(before, problem, run);
    const State& state = *before.state;
    Evaluation evaluate("quasi", problem, run);
    evaluate.go_on_from(before.n, before.n_failed, state.outputs, before.sample ? &*before.sample : nullptr);
    const QuasiOptions options = options_of(state);
    const auto size = static_cast<std::int64_t>(numbers(state, "net", 2)[0]);
    const Matrix& totals = table(state, "totals");
    const PointSet points = PointSet::nets(problem.dim(), 2 * size, totals.rows, evaluate.key(), 0, options.scramble);
    return mean_of_nets(evaluate, points, options, totals, first_rows_of(state), size);
}

}  // namespace

Estimate quasi(const Problem& problem, const Run& run, const QuasiOptions& options) {
    require(options.replicates >= 2, "quasi: replicates must be at least 2, got ", options.replicates);
    require(run.budget >= options.replicates, "quasi: budget must be at least replicates = ", options.replicates,
            ", got ", run.budget);
    require(problem.dim() <= SobolSequence::max_dim(), "quasi: the sequence has ", SobolSequence::max_dim(),
            " dimensions, the problem ", problem.dim(), " inputs");
    if (run.target_error)
        return until_target(
            run, {.function = "quasi",
                  .growth = Growth::doubled,
                  .pilot = options.replicates * first_net,
                  .begin = [&](const Run& stage) { return quasi(problem, stage, options); },
                  .more = [&](const Estimate& e, const Run& stage) { return larger_nets(e, problem, stage); },
                  .names = problem.outputs()});
    Evaluation evaluate("quasi", problem, run);
    const auto plan = Replication::of(run.budget, options.replicates);
    const PointSet points = PointSet::nets(problem.dim(), plan.points, plan.replicates, evaluate.key(), 0, options.scramble);
    return mean_of_nets(evaluate, points, options, {}, FirstRows(judged_rows));
}

Estimate go_on_quasi(Evaluation& evaluate, const State& state) {
    const std::vector<double>& net = numbers(state, "net", 2);
    const auto size = static_cast<std::int64_t>(net[0]);
    const std::int64_t done = table(state, "totals").rows;
    const std::int64_t nets =
        done + (evaluate.run().budget - evaluate.n()) /
                   size;   // a run that stopped early may have spent some on a net that is not whole
    require(nets > done, "extend: budget must be at least ", evaluate.n() + size, ", one net of ", size,
            " points more, got ", evaluate.run().budget);
    const QuasiOptions options = options_of(state);
    const PointSet points = PointSet::nets(evaluate.problem().dim(), size, nets, evaluate.key(), 0, options.scramble);
    return mean_of_nets(evaluate, points, options, table(state, "totals"), first_rows_of(state));
}

}  // namespace buffon
