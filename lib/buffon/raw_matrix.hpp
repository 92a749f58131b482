/// A table that is written before it is read: its memory is not cleared, and is kept for the next shape that fits in
/// it. Not installed.
/// Why: clearing tables of tens of megabytes, and asking the system for them again in each step, took a quarter of an
/// adaptation, and
/// all of that on one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <buffon/view.hpp>

namespace buffon {

class RawMatrix {
public:
    RawMatrix() = default;
    RawMatrix(RawMatrix&& other) noexcept { swap(other); }
    RawMatrix& operator=(RawMatrix&& other) noexcept {
        RawMatrix taken(std::move(other));
        swap(taken);
        return *this;
    }
    RawMatrix(const RawMatrix& other) { *this = other; }
    RawMatrix& operator=(const RawMatrix& other) {
        if (this == &other) return *this;
        reshape(other.rows, other.cols);
        std::copy_n(other.numbers_.get(), rows * cols, numbers_.get());
        return *this;
    }
    ~RawMatrix() = default;

    std::int64_t rows = 0, cols = 0;

    /// Room for so many numbers: what it holds is kept.
    void reserve(std::int64_t numbers) {
        if (numbers <= room_) return;
        Numbers larger = allocate(numbers);
        std::copy_n(numbers_.get(), rows * cols, larger.get());
        numbers_ = std::move(larger);
        room_ = numbers;
    }
    /// Another shape; what it holds then has no meaning.
    void reshape(std::int64_t new_rows, std::int64_t new_cols) {
        rows = cols = 0;
        reserve(new_rows * new_cols);
        rows = new_rows;
        cols = new_cols;
    }
    /// So many rows more, without meaning, behind those that it holds; it has as many columns, or no rows yet.
    View add_rows(std::int64_t count, std::int64_t columns) {
        if (rows == 0) cols = columns;
        if ((rows + count) * cols > room_) reserve(std::max((rows + count) * cols, 2 * room_));
        rows += count;
        return view().slice(rows - count, count);
    }

    double& operator()(std::int64_t i, std::int64_t j) { return numbers_[static_cast<std::size_t>(i * cols + j)]; }
    double operator()(std::int64_t i, std::int64_t j) const { return numbers_[static_cast<std::size_t>(i * cols + j)]; }
    View view() { return {numbers_.get(), rows, cols}; }
    ConstView view() const { return {numbers_.get(), rows, cols}; }
    operator View() { return view(); }
    operator ConstView() const { return view(); }

private:
    struct Free {
        void operator()(double* numbers) const;
    };
    using Numbers = std::unique_ptr<double[], Free>;
    static Numbers allocate(std::int64_t numbers);

    void swap(RawMatrix& other) noexcept {
        std::swap(rows, other.rows);
        std::swap(cols, other.cols);
        std::swap(room_, other.room_);
        std::swap(numbers_, other.numbers_);
    }

    std::int64_t room_ = 0;
    Numbers numbers_;
};

/// Room for so many numbers in large pages, for vectors that others see.
void reserve_large(std::vector<double>& v, std::int64_t numbers);

}  // namespace buffon
