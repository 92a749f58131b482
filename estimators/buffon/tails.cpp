#include <buffon/tails.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include <buffon/logspace.hpp>

namespace buffon {

void judge_tails(ConstView summands, Estimate& estimate) {
    const auto n = static_cast<double>(summands.rows);
    const double limit = std::min(1 - 1 / std::log10(std::max(n, 20.0)), 0.7);
    std::vector<double> k_hat;
    std::vector<double> size(static_cast<std::size_t>(summands.rows));
    for (std::int64_t j = 0; j < estimate.size(); ++j) {
        for (std::int64_t i = 0; i < summands.rows; ++i) size[static_cast<std::size_t>(i)] = std::abs(summands(i, j));
        const auto k = pareto_k(size);
        k_hat.push_back(k.value_or(std::numeric_limits<double>::quiet_NaN()));
        if (!k || *k <= limit) continue;
        std::ostringstream text;
        text.precision(2);
        text << "'" << estimate.names[static_cast<std::size_t>(j)] << "': the weights have a heavy tail (k-hat " << *k
             << "), so its standard error may be far too small; a larger budget or a wider proposal helps";
        estimate.warnings.push_back(text.str());
    }
    estimate.diagnostics["pareto_k"] = std::move(k_hat);
}

void FirstRows::add(ConstView rows) {
    const std::int64_t count = std::min(rows.rows, most_ - rows_.rows);
    if (count <= 0) return;
    rows_.data.insert(rows_.data.end(), rows.data, rows.data + count * rows.cols);
    rows_.cols = rows.cols;
    rows_.rows += count;
}

}  // namespace buffon
