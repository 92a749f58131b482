#include <buffon/importance.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include <buffon/check.hpp>
#include <buffon/elementary.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/extend.hpp>
#include <buffon/finish.hpp>
#include <buffon/going_on.hpp>
#include <buffon/kept.hpp>
#include <buffon/moments.hpp>
#include <buffon/parallel.hpp>
#include <buffon/row_means.hpp>
#include <buffon/stored.hpp>
#include <buffon/tails.hpp>
#include <buffon/until_target.hpp>

namespace buffon {
namespace {

/// Evaluates where the weight is positive only: the model need not be defined outside the support of its inputs.
/// Rows (y_1 w, ..., y_c w, w); none as long as no point was inside, and how many outputs there are is not known.
Matrix weighted_outputs(Evaluation& evaluate, ConstView x, std::span<const double> log_f, std::span<const double> log_q) {
    std::vector<std::int64_t> inside;
    for (std::int64_t i = 0; i < x.rows; ++i)
        if (log_f[static_cast<std::size_t>(i)] > -std::numeric_limits<double>::infinity()) inside.push_back(i);
    const View points = evaluate.room(static_cast<std::int64_t>(inside.size()));
    for (std::size_t a = 0; a < inside.size(); ++a)
        std::ranges::copy(x.row(inside[a]), points.row(static_cast<std::int64_t>(a)).begin());
    const Outputs out = evaluate(points, [&](std::span<double> kept) {
        for (std::size_t a = 0; a < inside.size(); ++a) kept[a] = log_q[static_cast<std::size_t>(inside[a])];
    });
    count_skipped(evaluate, x.rows, points.rows);
    if (evaluate.outputs() == 0) return {};
    Matrix rows(x.rows, out.y.cols + 1);
    for (std::size_t a = 0; a < inside.size(); ++a) {
        const auto i = static_cast<std::size_t>(inside[a]);
        const double w = elementary::exp(log_f[i] - log_q[i]);
        for (std::int64_t j = 0; j < out.y.cols; ++j) rows(inside[a], j) = w * out.y(static_cast<std::int64_t>(a), j);
        rows(inside[a], out.y.cols) = w;
    }
    return rows;
}

/// Means of (y w, w) to means of y: divided by the mean weight, or by 1.
Estimate conclude(const Evaluation& evaluate, const Moments& total, bool self_normalise) {
    Estimate raw;
    raw.value = total.mean;
    raw.covariance = total.covariance();
    for (double& c : raw.covariance.data) c /= static_cast<double>(total.n);
    const Estimate e = raw.transform([&](const std::vector<double>& v) {
        std::vector<double> out(v.begin(), v.end() - 1);
        if (self_normalise)
            for (double& y : out) y /= v.back();
        return out;
    });
    return finish(evaluate, e.value, e.covariance, std::numeric_limits<double>::infinity());
}

/// w (y - value): the terms whose mean is the error of a self-normalised estimate.
Matrix about(Matrix rows, const std::vector<double>& value) {
    for (std::int64_t i = 0; i < rows.rows; ++i)
        for (std::size_t j = 0; j < value.size(); ++j) rows(i, static_cast<std::int64_t>(j)) -= rows(i, rows.cols - 1) * value[j];
    return rows;
}

/// The mean weight is 1 wherever the proposal covers the inputs.
void warn_of_missing_support(const Moments& total, Estimate& e) {
    const double mean = total.mean.back();
    const double error = std::sqrt(total.scatter.data.back()) / static_cast<double>(total.n);
    if (std::abs(mean - 1) <= 6 * error + 1e-9) return;
    std::ostringstream text;
    text << "the mean weight is " << mean << " +- " << error << ", not 1: the proposal misses a part of the inputs' law";
    e.warnings.push_back(text.str());
}

Estimate weighted_mean(Evaluation& evaluate, const Distribution& proposal, bool self_normalise, RowMeans means) {
    const Run& run = evaluate.run();
    const Distribution& inputs = evaluate.problem().inputs();
    const Stream stream{evaluate.key(), 0};
    std::int64_t silent = 0;                   // rows before the first one inside the support: all zero
    std::int64_t taken_in = evaluate.n();      // evaluations in `means`
    const auto take_in = [&](const Matrix& rows) {
        taken_in = evaluate.n();
        means.add(rows, run.threads);
    };

    const auto judged = [&](const Moments& total) {
        Estimate e = conclude(evaluate, total, self_normalise);
        judge_tails(means.first_rows(), e);
        const Matrix terms = self_normalise ? about(means.first_rows(), e.value) : means.first_rows();
        set_kurtosis(terms, total.n, e);
        warn_of_few_terms(terms, total.n, e);
        return e;
    };

    const auto sample = [&] {
        for (std::int64_t start = means.n(), count = 0; start < run.budget; start += count) {
            count = next_rows(start, run.budget, chunk_rows(run));
            Matrix x(count, inputs.dim());
            std::vector<double> log_f(static_cast<std::size_t>(x.rows)), log_q(log_f.size());
            parallel::for_blocks(x.rows, run.threads, [&](std::int64_t first, std::int64_t many) {
                const View rows = x.view().slice(first, many);
                const auto at = static_cast<std::size_t>(first), n = static_cast<std::size_t>(many);
                proposal.sample(stream, start + first, rows);
                proposal.log_density(rows, std::span(log_q).subspan(at, n));
                inputs.log_density(rows, std::span(log_f).subspan(at, n));
            });
            const Matrix rows = weighted_outputs(evaluate, x, log_f, log_q);
            if (rows.rows == 0) {
                silent += x.rows;
                continue;
            }
            for (; silent > 0; silent -= std::min(silent, chunk_rows(run)))
                take_in(Matrix(std::min(silent, chunk_rows(run)), rows.cols));
            take_in(rows);
        }
        require(evaluate.outputs() > 0, "importance: no point of the proposal falls into the support of the inputs");
        const Moments total = means.moments();
        Estimate e = judged(total);
        warn_of_missing_support(total, e);
        const double mean_w = total.mean.back(),
                     second = total.scatter.data.back() / static_cast<double>(total.n) + mean_w * mean_w;
        e.diagnostics["effective_size"] = second > 0 ? static_cast<double>(total.n) * mean_w * mean_w / second : 0.0;
        if (!keeps_state(run)) return e;
        State& state = e.state.emplace(begin_state("importance", evaluate, {proposal}));
        store(state, "self_normalise", {self_normalise ? 1.0 : 0.0});
        means.store(state);
        return e;
    };
    return with_partial(evaluate, sample, [&] {
        Estimate e = judged(means.moments());
        e.n = taken_in;
        return e;
    });
}

}  // namespace

Estimate importance(const Problem& problem, const Run& run, const ImportanceOptions& options) {
    require(options.proposal.has_value(), "importance: proposal is needed: the law that is sampled");
    const Distribution& inputs = problem.inputs();
    const Distribution& proposal = *options.proposal;
    require(proposal.dim() == inputs.dim(), "importance: proposal must have ", inputs.dim(), " coordinates, got ",
            proposal.dim());
    require_same_order("importance: proposal", proposal, inputs);
    require(run.budget >= 2, "importance: budget must be at least 2, got ", run.budget);
    if (run.target_error)
        return until_target(
            run, {.function = "importance",
                  .begin = [&](const Run& stage) { return importance(problem, stage, options); },
                  .more = [&](const Estimate& e,
                              const Run& stage) { return extend(e, problem, stage, {.proposal = proposal}); },
                  .names = problem.outputs()});
    Evaluation evaluate("importance", problem, run);
    return weighted_mean(evaluate, proposal, options.self_normalise, RowMeans());
}

Estimate go_on_importance(Evaluation& evaluate, const State& state, const Distribution& proposal) {
    RowMeans means(state);
    require(evaluate.run().budget > means.n(), "extend: budget must be larger than the ", means.n(),
            " draws of the run, got ", evaluate.run().budget);
    return weighted_mean(evaluate, proposal, integer(state, "self_normalise") != 0, std::move(means));
}

}  // namespace buffon
