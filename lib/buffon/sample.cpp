#include <buffon/sample.hpp>

#include <algorithm>
#include <cmath>
#include <functional>

#include <buffon/check.hpp>
#include <buffon/law_doubts.hpp>

namespace buffon {
namespace {

void append_rows(Matrix& to, ConstView rows, const char* what) {
    require(to.rows == 0 || to.cols == rows.cols, "Sample: ", what, " must have ", to.cols, " columns, got ", rows.cols);
    to.data.insert(to.data.end(), rows.data, rows.data + rows.size());
    to.cols = rows.cols;
    to.rows += rows.rows;
}

}  // namespace

void Sample::append(ConstView more_x, ConstView more_y) {
    require(more_x.rows == more_y.rows, "Sample: x and y must have equally many rows, got ", more_x.rows, " and ", more_y.rows);
    append_rows(x, more_x, "x");
    append_rows(y, more_y, "y");
}

bool Sample::succeeded(std::int64_t i) const {
    return std::ranges::all_of(y.view().row(i), [](double v) { return std::isfinite(v); });
}

std::int64_t Sample::n_failed() const {
    std::int64_t failed = 0;
    for (std::int64_t i = 0; i < n(); ++i) failed += !succeeded(i);
    return failed;
}

std::vector<double> Sample::log_weight() const {
    if (!law || log_density.empty()) return {};
    std::vector<double> weight(static_cast<std::size_t>(n()));
    law->log_density(x, weight);
    std::ranges::transform(weight, log_density, weight.begin(), std::minus());
    return weight;
}

bool Sample::equally_weighted() const {
    const std::vector<double> weight = log_weight();
    if (weight.empty()) return skipped == 0 && !weighted;
    const auto [low, high] = std::ranges::minmax(weight);
    return high - low < 1e-6;
}

void Sample::stands_for(const Distribution& of, const std::vector<double>& log_weight) {
    require(of.dim() == x.cols, "Sample: law must have one coordinate per input, ", x.cols, ", got ", of.dim());
    law = of;
    if (!log_density.empty()) return;
    log_density.resize(static_cast<std::size_t>(n()));
    of.log_density(x, log_density);
    for (auto& doubt : doubts_about(of, x, log_density, log_weight.empty())) warnings.push_back(std::move(doubt));
    if (!log_weight.empty()) std::ranges::transform(log_density, log_weight, log_density.begin(), std::minus());
}

}  // namespace buffon
