/// Blocks of points by columns, and models of them: what lets a compiler turn the loop over points into vector instructions.
#pragma once

#include <algorithm>
#include <array>
#include <cassert>
#include <concepts>
#include <cstdint>
#include <functional>
#include <span>
#include <utility>
#include <vector>

namespace buffon {

namespace detail {
/// Coordinate j of point i is data[j * stride + i].
template <class T>
struct BasicColumns {
    T* data = nullptr;
    std::int64_t rows = 0;   // points
    std::int64_t cols = 0;   // coordinates
    std::int64_t stride = 0;

    T* operator[](std::int64_t j) const {
        assert(j >= 0 && j < cols);
        return data + j * stride;
    }
    BasicColumns slice(std::int64_t first, std::int64_t count) const {
        assert(first >= 0 && count >= 0 && first + count <= rows);
        return {data + first, count, cols, stride};
    }
};
}  // namespace detail

using Columns = detail::BasicColumns<double>;

struct ConstColumns : detail::BasicColumns<const double> {
    ConstColumns() = default;
    ConstColumns(Columns c) : BasicColumns{c.data, c.rows, c.cols, c.stride} {}
};

/// A model of a block: fills y (n, m) from x (n, d). Column y[k] at i depends on x[0][i], ..., x[d - 1][i] only. It is
/// called from
/// several threads at once, with a few hundred points that lie in the first-level cache; x and y do not overlap.
struct ColumnModel {
    std::function<void(ConstColumns x, Columns y)> evaluate;
    std::int64_t outputs = 1;
};

/// One point of a block: p[j] is its coordinate j, read where it stands.
struct ColumnPoint {
    const double* data;
    std::int64_t stride;

    double operator[](std::int64_t j) const { return data[j * stride]; }
};

/// The model that calls f at each point, in a loop that the compiler sees whole: f(p) takes a point as p[0], p[1], ...
/// and gives a
/// number. Where f has neither branches nor calls of functions that are not inlined, the loop becomes vector instructions
/// (with -O3): `Problem(by_columns([](auto p) { return p[0] * p[1]; }), law)`.
template <class F>
    requires std::convertible_to<std::invoke_result_t<const F&, ColumnPoint>, double>
ColumnModel by_columns(F f) {
    return {[f = std::move(f)](ConstColumns x, Columns y) {
                double* __restrict out = y[0];
                for (std::int64_t i = 0; i < x.rows; ++i) out[i] = f(ColumnPoint{x.data + i, x.stride});
            },
            1};
}

namespace detail {
template <class T>
inline constexpr std::int64_t outputs_of = 0;   // numbers in what a function of a point gives; 0: not known beforehand
template <std::convertible_to<double> T>
inline constexpr std::int64_t outputs_of<T> = 1;
template <class T, std::size_t m>
inline constexpr std::int64_t outputs_of<std::array<T, m>> = static_cast<std::int64_t>(m);

inline double entry(double value, std::size_t) { return value; }
template <class Range>
    requires(!std::convertible_to<Range, double>)
double entry(const Range& values, std::size_t k) { return values[k]; }

/// The model that gathers each point and calls f(std::span) there; empty where the number of outputs is not known.
template <class F>
ColumnModel gathered(F f) {
    using Value = std::remove_cvref_t<std::invoke_result_t<const F&, std::span<const double>>>;
    constexpr std::int64_t m = outputs_of<Value>;
    if constexpr (m == 0) return {};
    else return {[f = std::move(f)](ConstColumns x, Columns y) {
                std::vector<double> point(static_cast<std::size_t>(x.cols));
                for (std::int64_t i = 0; i < x.rows; ++i) {
                    for (std::int64_t j = 0; j < x.cols; ++j) point[static_cast<std::size_t>(j)] = x[j][i];
                    const Value value = f(std::span<const double>(point));
                    for (std::int64_t k = 0; k < m; ++k) y[k][i] = entry(value, static_cast<std::size_t>(k));
                }
            },
            m};
}
}  // namespace detail

}  // namespace buffon
