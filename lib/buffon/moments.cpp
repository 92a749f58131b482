#include <buffon/moments.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/check.hpp>
#include <buffon/kernels.hpp>

namespace buffon {
namespace {

/// Column-major copy, so that every sum runs over contiguous numbers.
std::vector<double> columns_of(ConstView y) {
    std::vector<double> columns(static_cast<std::size_t>(y.size()));
    for (std::int64_t i = 0; i < y.rows; ++i)
        for (std::int64_t j = 0; j < y.cols; ++j) columns[static_cast<std::size_t>(j * y.rows + i)] = y(i, j);
    return columns;
}

}  // namespace

Moments::Moments(ConstView y) {
    std::vector<double> columns = columns_of(y);
    *this = of_columns({columns.data(), y.rows, y.cols, y.rows});
}

Moments Moments::of_columns(Columns y) {
    Moments moments;
    moments.n = y.rows;
    moments.mean.resize(static_cast<std::size_t>(y.cols));
    moments.scatter = Matrix(y.cols, y.cols);
    if (y.rows == 0) return moments;
    for (std::int64_t j = 0; j < y.cols; ++j)
        moments.mean[static_cast<std::size_t>(j)] = kernels().centre(y[j], y.rows, &moments.scatter(j, j));
    constexpr std::int64_t tile = 16;   // columns that stay in the cache while each other one is read once
    for (std::int64_t first = 0; first < y.cols; first += tile) {
        const std::int64_t last = std::min(first + tile, y.cols);
        for (std::int64_t k = 0; k + 1 < last; ++k)
            for (std::int64_t j = std::max(k + 1, first); j < last; ++j)
                moments.scatter(j, k) = moments.scatter(k, j) = kernels().dot_product(y[j], y[k], y.rows);
    }
    return moments;
}

void Moments::merge(const Moments& other) {
    if (other.n == 0) return;
    if (n == 0) {
        *this = other;
        return;
    }
    const double total = static_cast<double>(n + other.n);
    const double weight = static_cast<double>(other.n) / total;
    const auto m = static_cast<std::int64_t>(mean.size());
    std::vector<double> gap(mean.size());
    for (std::size_t j = 0; j < mean.size(); ++j) gap[j] = other.mean[j] - mean[j];
    for (std::int64_t j = 0; j < m; ++j) {
        const auto a = static_cast<std::size_t>(j);
        for (std::int64_t k = 0; k < m; ++k)
            scatter(j, k) += other.scatter(j, k) + gap[a] * gap[static_cast<std::size_t>(k)] * static_cast<double>(n) * weight;
        mean[a] += gap[a] * weight;
    }
    n += other.n;
}

Matrix Moments::covariance() const {
    require(n >= 2, "Moments: a covariance needs at least 2 rows, got ", n);
    Matrix c = scatter;
    for (double& v : c.data) v /= static_cast<double>(n - 1);
    return c;
}

std::vector<double> excess_kurtosis(ConstView y) {
    const auto n = static_cast<double>(y.rows);
    const auto m = static_cast<std::size_t>(y.cols);
    std::vector<double> mean(m), unit(m), second(m), fourth(m);
    if (y.rows < 4) return second;
    const auto each_row = [&](const auto& f) {   // all columns move together: no copy by columns
        for (std::int64_t i = 0; i < y.rows; ++i)
            for (std::size_t j = 0; j < m; ++j) f(y.data[static_cast<std::size_t>(i) * m + j], j);
    };
    each_row([&](double v, std::size_t j) { mean[j] += v; });
    for (double& v : mean) v /= n;
    each_row([&](double v, std::size_t j) { unit[j] = std::max(unit[j], std::abs(v - mean[j])); });
    for (double& v : unit) v = v > 0 && std::isfinite(v) ? 1 / v : 0;   // of the largest deviation: no power underflows
    each_row([&](double v, std::size_t j) {
        const double gap = (v - mean[j]) * unit[j], square = gap * gap;
        second[j] += square;
        fourth[j] += square * square;
    });
    for (std::size_t j = 0; j < m; ++j)
        fourth[j] = second[j] > 0
                        ? (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (n * fourth[j] / (second[j] * second[j]) - 3) + 6)
                        : 0;
    return fourth;
}

}  // namespace buffon
