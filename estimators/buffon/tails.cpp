#include <buffon/tails.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include <buffon/logspace.hpp>

namespace buffon {

std::vector<double> tail_shapes(ConstView summands, std::int64_t m) {
    constexpr std::int64_t together = 8;   // columns that share the lines of the cache
    std::vector<double> k_hat;
    std::vector<std::vector<double>> size(together, std::vector<double>(static_cast<std::size_t>(summands.rows)));
    for (std::int64_t first = 0; first < m; first += together) {
        const std::int64_t count = std::min(together, m - first);
        for (std::int64_t i = 0; i < summands.rows; ++i)
            for (std::int64_t j = 0; j < count; ++j)
                size[static_cast<std::size_t>(j)][static_cast<std::size_t>(i)] = std::abs(summands(i, first + j));
        for (std::int64_t j = 0; j < count; ++j)
            k_hat.push_back(pareto_k(size[static_cast<std::size_t>(j)]).value_or(std::numeric_limits<double>::quiet_NaN()));
    }
    return k_hat;
}

void judge_tails(ConstView summands, Estimate& estimate) {
    const double limit = std::min(1 - 1 / std::log10(std::max(static_cast<double>(summands.rows), 20.0)), 0.7);
    const std::vector<double> k_hat = tail_shapes(summands, estimate.size());
    std::vector<std::size_t> heavy;
    for (std::size_t j = 0; j < k_hat.size(); ++j)
        if (k_hat[j] > limit) heavy.push_back(j);
    estimate.diagnostics["pareto_k"] = k_hat;
    if (heavy.empty()) return;
    const std::size_t worst = *std::ranges::max_element(heavy, {}, [&](std::size_t j) { return k_hat[j]; });
    std::ostringstream text;
    text.precision(2);
    text << "'" << estimate.names[worst] << "'";
    if (heavy.size() > 1) text << " and " << heavy.size() - 1 << " more of " << k_hat.size() << " values";
    text << ": what is averaged has a heavy tail (k-hat " << k_hat[worst]
         << "), so the standard error may be far too small; a larger budget or another sampling law helps";
    estimate.warnings.push_back(text.str());
}

void FirstRows::add(ConstView rows) {
    const std::int64_t count = std::min(rows.rows, most_ - rows_.rows);
    if (count <= 0) return;
    rows_.data.insert(rows_.data.end(), rows.data, rows.data + count * rows.cols);
    rows_.cols = rows.cols;
    rows_.rows += count;
}

}  // namespace buffon
