#include <buffon/importance.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include <buffon/check.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/finish.hpp>
#include <buffon/kept.hpp>
#include <buffon/moments.hpp>
#include <buffon/parallel.hpp>
#include <buffon/tails.hpp>

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
        const double w = std::exp(log_f[i] - log_q[i]);
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

}  // namespace

Estimate importance(const Problem& problem, const Run& run, const ImportanceOptions& options) {
    require(options.proposal.has_value(), "importance: proposal is needed: the law that is sampled");
    const Distribution& inputs = problem.inputs();
    const Distribution& proposal = *options.proposal;
    require(proposal.dim() == inputs.dim(), "importance: proposal must have ", inputs.dim(), " coordinates, got ", proposal.dim());
    require_same_order("importance: proposal", proposal, inputs);
    require(run.budget >= 2, "importance: budget must be at least 2, got ", run.budget);
    Evaluation evaluate("importance", problem, run);
    const Stream stream{evaluate.key(), 0};
    Moments total;
    FirstRows first_rows(judged_rows);

    std::int64_t silent = 0;   // rows before the first one inside the support: all zero
    std::int64_t taken_in = 0;   // evaluations in `total`
    const auto take_in = [&](const Matrix& rows) {
        taken_in = evaluate.n();
        first_rows.add(rows);
        parallel::reduce_blocks(rows.rows, run.threads, total, [&](std::int64_t first, std::int64_t count) {
            return Moments(rows.view().slice(first, count));
        });
    };

    const auto judged = [&] {
        Estimate e = conclude(evaluate, total, options.self_normalise);
        judge_tails(first_rows.rows(), e);
        const Matrix terms = options.self_normalise ? about(first_rows.rows(), e.value) : first_rows.rows();
        set_kurtosis(terms, total.n, e);
        warn_of_few_terms(terms, total.n, e);
        return e;
    };

    const auto sample = [&] {
        for (std::int64_t start = 0; start < run.budget; start += chunk_rows(run)) {
            Matrix x(std::min(chunk_rows(run), run.budget - start), problem.dim());
            std::vector<double> log_f(static_cast<std::size_t>(x.rows)), log_q(log_f.size());
            parallel::for_blocks(x.rows, run.threads, [&](std::int64_t first, std::int64_t count) {
                const View rows = x.view().slice(first, count);
                const auto at = static_cast<std::size_t>(first), n = static_cast<std::size_t>(count);
                proposal.sample(stream, start + first, rows);
                proposal.log_density(rows, std::span(log_q).subspan(at, n));
                inputs.log_density(rows, std::span(log_f).subspan(at, n));
            });
            const Matrix rows = weighted_outputs(evaluate, x, log_f, log_q);
            if (rows.rows == 0) {
                silent += x.rows;
                continue;
            }
            for (; silent > 0; silent -= std::min(silent, chunk_rows(run))) take_in(Matrix(std::min(silent, chunk_rows(run)), rows.cols));
            take_in(rows);
        }
        require(evaluate.outputs() > 0, "importance: no point of the proposal falls into the support of the inputs");
        Estimate e = judged();
        warn_of_missing_support(total, e);
        const double mean_w = total.mean.back(), second = total.scatter.data.back() / static_cast<double>(total.n) + mean_w * mean_w;
        e.diagnostics["effective_size"] = second > 0 ? static_cast<double>(total.n) * mean_w * mean_w / second : 0.0;
        return e;
    };
    return with_partial(evaluate, sample, [&] {
        Estimate e = judged();
        e.n = taken_in;
        return e;
    });
}

}  // namespace buffon
