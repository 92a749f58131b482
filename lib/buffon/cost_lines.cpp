#include <buffon/cost_lines.hpp>

#include <algorithm>
#include <cmath>

namespace buffon {
namespace {

constexpr std::int64_t largest_table = std::int64_t{1} << 27;   // numbers: 1 GiB
constexpr std::int64_t cheap_dim = 4;                           // distances that are made as fast as they are read

/// out (cols, rows) = table (rows, cols), by tiles that the cache holds.
template <class T>
void transpose(const T* table, std::int64_t rows, std::int64_t cols, std::int64_t row_stride, std::int64_t col_stride,
               double* out) {
    constexpr std::int64_t tile = 32;
    for (std::int64_t i0 = 0; i0 < rows; i0 += tile)
        for (std::int64_t j0 = 0; j0 < cols; j0 += tile)
            for (std::int64_t j = j0; j < std::min(cols, j0 + tile); ++j)
                for (std::int64_t i = i0; i < std::min(rows, i0 + tile); ++i)
                    out[j * rows + i] = static_cast<double>(table[i * row_stride + j * col_stride]);
}

}  // namespace

bool lines_are_columns(const Costs& costs) {
    return costs.rows > costs.cols || (costs.rows == costs.cols && costs.col_stride != 1 && costs.row_stride == 1);
}

CostLines::CostLines(const Costs& costs, const Kernels& use) : kernel_(assign_kernels(use)) {
    swapped_ = lines_are_columns(costs);
    lines_ = real_lines_ = swapped_ ? costs.cols : costs.rows;
    columns_ = swapped_ ? costs.rows : costs.cols;
    stride_ = swapped_ ? costs.col_stride : costs.row_stride;
    const std::int64_t step = swapped_ ? costs.row_stride : costs.col_stride;
    wide_ = costs.wide;
    single_ = costs.single;
    if (step == 1 || columns_ == 1) return;
    copy_.resize(static_cast<std::size_t>(lines_ * columns_));
    if (wide_ != nullptr) transpose(wide_, columns_, lines_, step, stride_, copy_.data());
    else transpose(single_, columns_, lines_, step, stride_, copy_.data());
    wide_ = copy_.data();
    single_ = nullptr;
    stride_ = columns_;
}

CostLines::CostLines(ConstView x, ConstView y, bool root, const Kernels& use)
    : kernel_(assign_kernels(use)), lines_(x.rows), columns_(y.rows), real_lines_(x.rows), dim_(x.cols), root_(root),
      points_(x.data), coordinates_(static_cast<std::size_t>(y.size())), buffer_(static_cast<std::size_t>(y.rows)) {
    transpose(y.data, y.rows, y.cols, y.cols, 1, coordinates_.data());
    if (dim_ <= cheap_dim || lines_ * columns_ > largest_table) return;
    copy_.resize(static_cast<std::size_t>(lines_ * columns_));
    for (std::int64_t i = 0; i < lines_; ++i) std::copy_n(line(i), columns_, copy_.data() + i * columns_);
    wide_ = copy_.data();
    stride_ = columns_;
}

const double* CostLines::line(std::int64_t i) const {
    if (i >= real_lines_) return zeros_.data();
    if (wide_ != nullptr) return wide_ + i * stride_;
    buffer_.resize(static_cast<std::size_t>(columns_));
    if (single_ != nullptr) kernel_.widen(single_ + i * stride_, columns_, buffer_.data());
    else kernel_.distances_to(points_ + i * dim_, coordinates_.data(), columns_, dim_, root_, buffer_.data());
    return buffer_.data();
}

double CostLines::cost(std::int64_t i, std::int64_t j) const {
    if (i >= real_lines_) return 0.0;
    if (wide_ != nullptr) return wide_[i * stride_ + j];
    if (single_ != nullptr) return static_cast<double>(single_[i * stride_ + j]);
    double square = 0.0;
    for (std::int64_t k = 0; k < dim_; ++k) {
        const double apart = points_[i * dim_ + k] - coordinates_[static_cast<std::size_t>(k * columns_ + j)];
        square += apart * apart;
    }
    return root_ ? std::sqrt(square) : square;
}

void CostLines::fill_up() {
    zeros_.assign(static_cast<std::size_t>(columns_), 0.0);
    lines_ = columns_;
}

}  // namespace buffon
