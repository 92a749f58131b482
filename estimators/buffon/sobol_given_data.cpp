#include <buffon/sobol_given_data.hpp>

#include <algorithm>
#include <utility>

#include <buffon/chaos_indices.hpp>
#include <buffon/check.hpp>
#include <buffon/given_rows.hpp>
#include <buffon/moments.hpp>
#include <buffon/nearest_covariance.hpp>
#include <buffon/parallel.hpp>
#include <buffon/ranks.hpp>
#include <buffon/tails.hpp>

namespace buffon {
namespace {

/// What one input has to say.
struct InputShare {
    std::vector<double> index;   // (m)
    RankErrors errors;
    double tied = 0;
};

double share_of_ties(const RankOrder& order) {
    std::int64_t alone = 0;
    for (std::int64_t g = 0; g < order.groups(); ++g)
        alone += order.group[static_cast<std::size_t>(g + 1)] - order.group[static_cast<std::size_t>(g)] == 1;
    return 1 - static_cast<double>(alone) / static_cast<double>(order.rows.size());
}

InputShare share_of(const GivenRows& rows, std::int64_t input, std::int64_t stride) {
    const RankOrder order = rank_order(rows.x, input);
    InputShare out;
    out.index = neighbour_products(order, rows.y);
    for (double& s : out.index) s += 1 / static_cast<double>(rows.y.rows);
    out.errors = rank_errors(order, rows.y, out.index, stride);
    out.tied = share_of_ties(order);
    return out;
}

/// (rows, d m) of one field of all inputs' errors side by side.
Matrix beside(const std::vector<InputShare>& inputs, Matrix RankErrors::*field) {
    const Matrix& first = inputs.front().errors.*field;
    const std::int64_t m = first.cols;
    Matrix out(first.rows, m * static_cast<std::int64_t>(inputs.size()));
    for (std::size_t i = 0; i < inputs.size(); ++i)
        for (std::int64_t r = 0; r < first.rows; ++r)
            for (std::int64_t j = 0; j < m; ++j) out(r, static_cast<std::int64_t>(i) * m + j) = (inputs[i].errors.*field)(r, j);
    return out;
}

/// (d m, d m) of the indices: blocks of each input from its own errors, the others from their common rows; made positive
/// semidefinite, since its parts come from different rows.
Matrix covariance_of(const std::vector<InputShare>& inputs, std::int64_t n, int threads) {
    const Matrix phi = beside(inputs, &RankErrors::phi);
    Moments moments;
    parallel::reduce_blocks(phi.rows, threads, moments, [&](std::int64_t first, std::int64_t count) {
        return Moments(phi.view().slice(first, count));
    });
    Matrix covariance = moments.covariance();
    for (std::size_t i = 0; i < inputs.size(); ++i) {
        const Matrix& block = inputs[i].errors.block;
        const std::int64_t begin = static_cast<std::int64_t>(i) * block.cols;
        for (std::int64_t a = 0; a < block.rows; ++a)
            for (std::int64_t b = 0; b < block.cols; ++b) covariance(begin + a, begin + b) = block(a, b);
    }
    for (double& c : covariance.data) c /= static_cast<double>(n);
    return nearest_covariance(covariance);
}

}  // namespace

Estimate sobol_given_data(const Sample& sample, const SobolGivenDataOptions& options) {
    const GivenRows rows("sobol_given_data", sample, fewest_ranked, options.threads);
    if (options.method == GivenDataMethod::polynomial_chaos) return chaos_indices(sample, rows, options.order, options.threads);
    require(options.order == IndexOrder::first,
            "sobol_given_data: order must be 'first' with method = 'ranks': neighbours in one input tell of no others; "
            "take method = 'polynomial_chaos'");
    const std::int64_t n = rows.y.rows, d = rows.x.cols, stride = (n + judged_rows - 1) / judged_rows;
    std::vector<InputShare> inputs(static_cast<std::size_t>(d));
    parallel::for_each(d, options.threads,
                       [&](std::int64_t i) { inputs[static_cast<std::size_t>(i)] = share_of(rows, i, stride); });

    Estimate e;
    std::vector<double> tied;
    for (const auto& input : inputs) {
        e.value.insert(e.value.end(), input.index.begin(), input.index.end());
        tied.push_back(input.tied);
    }
    e.covariance = covariance_of(inputs, n, options.threads);
    rows.describe(sample, e);
    e.diagnostics["tied"] = tied;
    judge_table(beside(inputs, &RankErrors::terms), fewest_terms,
                "a larger table helps, or an output with lighter tails, as its logarithm or rank", e);
    return e;
}

}  // namespace buffon
