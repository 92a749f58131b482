/// Softmax-weighted averages over a table of points, the hot loop of an ideal denoiser: for a row x and a variance v the
/// weights are softmax_i(log a_i - |x - y_i|^2 / (2 v)). One pass over tiles of points with the running maximum; nothing of size
/// rows x points is stored. Not installed. T is float or double; sums over 64 coordinates are as accurate as T.
/// Source: Milakov, Gimelshein, "Online normalizer calculation for softmax", arXiv:1805.02867.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <buffon/kernels.hpp>
#include <buffon/view.hpp>

namespace buffon {

template <class T>
class Attention {
public:
    /// @param points (m, d)   @param log_weights (m), log a_i
    /// @param sizes numbers of points of consecutive groups, each of which can be asked alone; positive, their sum is m
    Attention(ConstView points, std::span<const double> log_weights, std::span<const std::int64_t> sizes);

    /// Averages of the points for each row of x: of all of them (`group` = -1) or of one group's. variance: one per row, >= 0,
    /// where 0 stands for the limit, the nearest point. mean: (n, d). A row's bits depend on that row alone.
    /// A row that is so far out that its scores overflow gets NaN.
    void average(ConstView x, std::span<const double> variance, std::int64_t group, View mean,
                 const Kernels& use = kernels()) const;

private:
    struct Block;
    void run(Block& block, std::int64_t group, bool direct, const Kernels& use) const;
    void load(Block& block, ConstView x, std::span<const double> variance, std::span<const std::int64_t> rows) const;

    std::int64_t dim_, keys_ = 0, stride_;
    double scale_squared_ = 0.0;                     // largest |y - centre|^2
    T cutoff_;
    std::vector<double> centre_;                     // of the points; all is relative to it
    std::vector<std::int64_t> starts_;               // first key of each group, and the end
    std::vector<T> panels_, half_norms_, log_weights_, values_;
};

extern template class Attention<double>;
extern template class Attention<float>;

}  // namespace buffon
