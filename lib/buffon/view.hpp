/// Row-major tables of doubles: element (i, j) of an (n, d) table is data[i * d + j]; rows are points, columns coordinates.
/// `Matrix` owns its numbers, `View` and `ConstView` look at somebody else's.
#pragma once

#include <cassert>
#include <cstdint>
#include <span>
#include <vector>

namespace buffon {

namespace detail {
template <class T>
struct BasicView {
    T* data = nullptr;
    std::int64_t rows = 0;
    std::int64_t cols = 0;

    T& operator()(std::int64_t i, std::int64_t j) const {
        assert(i >= 0 && i < rows && j >= 0 && j < cols);
        return data[i * cols + j];
    }
    std::span<T> row(std::int64_t i) const { return {data + i * cols, static_cast<std::size_t>(cols)}; }
    BasicView slice(std::int64_t first, std::int64_t count) const {
        assert(first >= 0 && count >= 0 && first + count <= rows);
        return {data + first * cols, count, cols};
    }
    std::int64_t size() const { return rows * cols; }
};
}  // namespace detail

using View = detail::BasicView<double>;

struct ConstView : detail::BasicView<const double> {
    ConstView() = default;
    ConstView(const double* data, std::int64_t rows, std::int64_t cols) : BasicView{data, rows, cols} {}
    ConstView(detail::BasicView<const double> v) : BasicView(v) {}
    ConstView(View v) : BasicView{v.data, v.rows, v.cols} {}
};

struct Matrix {
    std::int64_t rows = 0;
    std::int64_t cols = 0;
    std::vector<double> data;

    Matrix() = default;
    Matrix(std::int64_t rows, std::int64_t cols, double value = 0.0)
        : rows(rows), cols(cols), data(static_cast<std::size_t>(rows * cols), value) {}

    double& operator()(std::int64_t i, std::int64_t j) { return data[static_cast<std::size_t>(i * cols + j)]; }
    double operator()(std::int64_t i, std::int64_t j) const { return data[static_cast<std::size_t>(i * cols + j)]; }
    View view() { return {data.data(), rows, cols}; }
    ConstView view() const { return {data.data(), rows, cols}; }
    /// Another shape, in the same memory where it has room; what it holds then has no meaning.
    void reshape(std::int64_t new_rows, std::int64_t new_cols) {
        rows = new_rows;
        cols = new_cols;
        data.resize(static_cast<std::size_t>(rows * cols));
    }
    operator View() { return view(); }
    operator ConstView() const { return view(); }
};

}  // namespace buffon
