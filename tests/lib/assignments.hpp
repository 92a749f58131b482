/// Assignment problems for tests, and their solutions by trying all.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include <buffon/stream.hpp>
#include <buffon/view.hpp>

namespace assignments {

using buffon::Matrix;

inline Matrix uniform(std::int64_t rows, std::int64_t cols, std::uint32_t id, double low = -1.0, double high = 1.0) {
    Matrix c(rows, cols);
    buffon::Stream{9, id}.uniform(0, c);
    for (double& x : c.data) x = low + (high - low) * x;
    return c;
}

/// Integers 0 ... `most`: many ties.
inline Matrix integers(std::int64_t rows, std::int64_t cols, std::uint32_t id, double most) {
    Matrix c = uniform(rows, cols, id, 0.0, most + 1.0);
    for (double& x : c.data) x = std::floor(x);
    return c;
}

/// Squared distances of N(0, I) to N(1, I / 4): long augmenting paths in few dimensions.
inline Matrix distances(std::int64_t rows, std::int64_t cols, std::int64_t d, std::uint32_t id) {
    Matrix x(rows, d), y(cols, d), c(rows, cols);
    buffon::Stream{9, id}.normal(0, x);
    buffon::Stream{9, id + 1}.normal(0, y);
    for (std::int64_t i = 0; i < rows; ++i)
        for (std::int64_t j = 0; j < cols; ++j)
            for (std::int64_t k = 0; k < d; ++k) c(i, j) += std::pow(x(i, k) - (1.0 + 0.5 * y(j, k)), 2);
    return c;
}

inline Matrix transposed(const Matrix& c) {
    Matrix t(c.cols, c.rows);
    for (std::int64_t i = 0; i < c.rows; ++i)
        for (std::int64_t j = 0; j < c.cols; ++j) t(j, i) = c(i, j);
    return t;
}

/// Costs of all assignments, lowest first; at most 8 columns.
inline std::vector<double> all_costs(const Matrix& table) {
    const Matrix c = table.rows > table.cols ? transposed(table) : table;
    std::vector<std::int64_t> order(static_cast<std::size_t>(c.cols));
    std::iota(order.begin(), order.end(), 0);
    std::vector<double> costs;
    do {   // the columns that no row takes in their order: each assignment once
        if (!std::is_sorted(order.begin() + c.rows, order.end())) continue;
        double cost = 0.0;
        for (std::int64_t i = 0; i < c.rows; ++i) cost += c(i, order[static_cast<std::size_t>(i)]);
        if (std::isfinite(cost)) costs.push_back(cost);
    } while (std::next_permutation(order.begin(), order.end()));
    std::sort(costs.begin(), costs.end());
    return costs;
}

inline double largest(const Matrix& c) {
    double most = 0.0;
    for (const double x : c.data)
        if (std::isfinite(x)) most = std::max(most, std::abs(x));
    return most;
}

}  // namespace assignments
