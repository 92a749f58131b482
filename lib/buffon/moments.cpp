#include <buffon/moments.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/check.hpp>
#include <buffon/kernels.hpp>
#include <buffon/sums.hpp>

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
    for (std::int64_t j = 0; j < y.cols && y.rows > 0; ++j) {
        moments.mean[static_cast<std::size_t>(j)] = kernels().centre(y[j], y.rows, &moments.scatter(j, j));
        for (std::int64_t k = 0; k < j; ++k)
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
    std::vector<double> kurtosis(static_cast<std::size_t>(y.cols), 0.0);
    if (y.rows < 4) return kurtosis;
    std::vector<double> columns = columns_of(y);
    for (std::int64_t j = 0; j < y.cols; ++j) {
        double* column = columns.data() + j * y.rows;
        const double mean = sum_of(y.rows, [=](std::int64_t i) { return column[i]; }) / n;
        double largest = 0;
        for (std::int64_t i = 0; i < y.rows; ++i) largest = std::max(largest, std::abs(column[i] - mean));
        if (!(largest > 0) || !std::isfinite(largest)) continue;
        for (std::int64_t i = 0; i < y.rows; ++i) {   // in units of the largest neither squares nor fourth powers underflow
            const double gap = (column[i] - mean) / largest;
            column[i] = gap * gap;
        }
        const double second = sum_of(y.rows, [=](std::int64_t i) { return column[i]; }) / n;
        const double fourth = dot(column, column, y.rows) / n;
        kurtosis[static_cast<std::size_t>(j)] = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (fourth / (second * second) - 3) + 6);
    }
    return kurtosis;
}

}  // namespace buffon
