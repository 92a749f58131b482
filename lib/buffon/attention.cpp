#include <buffon/attention.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>

namespace buffon {
namespace {

template <class T>
constexpr std::int64_t panel = attention_panel_bytes / static_cast<std::int64_t>(sizeof(T));

constexpr std::int64_t block_rows = 64;   // that meet a tile of points while it is in the cache

std::int64_t rounded_up(std::int64_t n, std::int64_t to) { return (n + to - 1) / to * to; }

/// Below it the product form of the distance loses digits in the weights: its error is about eps |y|^2 / v.
template <class T>
constexpr double direct_below = std::is_same_v<T, float> ? 1e-2 : 1e-6;

/// Smallest variance whose inverse, times a distance, is a number of use.
template <class T>
constexpr double least_variance = std::is_same_v<T, float> ? 1e-30 : 1e-300;

}  // namespace

template <class T>
struct Attention<T>::Block {
    std::vector<T> x, variance, inverse, top, total, mean;
    std::int64_t rows = 0;   // a multiple of attention_rows
};

template <class T>
Attention<T>::Attention(ConstView points, std::span<const double> log_weights, std::span<const std::int64_t> sizes)
    : dim_(points.cols), stride_(rounded_up(points.cols, panel<T>)), centre_(static_cast<std::size_t>(points.cols), 0.0) {
    assert(static_cast<std::int64_t>(log_weights.size()) == points.rows);
    for (std::int64_t i = 0; i < points.rows; ++i)
        for (std::int64_t j = 0; j < dim_; ++j)
            centre_[static_cast<std::size_t>(j)] += points(i, j) / static_cast<double>(points.rows);
    starts_.push_back(0);
    for (const std::int64_t size : sizes) starts_.push_back(starts_.back() + rounded_up(size, panel<T>));
    keys_ = starts_.back();
    // all that is left out together weighs less than half a unit in the last place
    cutoff_ = static_cast<T>(std::log(static_cast<double>(points.rows)) - std::log(std::numeric_limits<T>::epsilon() / 2));
    panels_.assign(static_cast<std::size_t>(keys_ * dim_), T(0));
    values_.assign(static_cast<std::size_t>(keys_ * stride_), T(0));
    half_norms_.assign(static_cast<std::size_t>(keys_), T(0));
    log_weights_.assign(static_cast<std::size_t>(keys_), -std::numeric_limits<T>::infinity());
    std::int64_t i = 0;
    for (std::size_t g = 0; g < sizes.size(); ++g)
        for (std::int64_t key = starts_[g]; key < starts_[g] + sizes[g]; ++key, ++i) {
            double norm = 0.0;
            for (std::int64_t j = 0; j < dim_; ++j) {
                const T y = static_cast<T>(points(i, j) - centre_[static_cast<std::size_t>(j)]);
                norm += static_cast<double>(y) * static_cast<double>(y);
                panels_[static_cast<std::size_t>((key / panel<T> * dim_ + j) * panel<T> + key % panel<T>)] = y;
                values_[static_cast<std::size_t>((j / panel<T> * keys_ + key) * panel<T> + j % panel<T>)] = y;
            }
            half_norms_[static_cast<std::size_t>(key)] = static_cast<T>(norm / 2);
            log_weights_[static_cast<std::size_t>(key)] = static_cast<T>(log_weights[static_cast<std::size_t>(i)]);
            scale_squared_ = std::max(scale_squared_, norm);
        }
    assert(i == points.rows);
}

template <class T>
void Attention<T>::load(Block& block, ConstView x, std::span<const double> variance, std::span<const std::int64_t> rows) const {
    block.rows = rounded_up(static_cast<std::int64_t>(rows.size()), attention_rows);
    const auto n = static_cast<std::size_t>(block.rows);
    block.x.assign(n * static_cast<std::size_t>(dim_), T(0));
    block.variance.assign(n, T(1));
    block.inverse.assign(n, T(1));
    block.top.resize(n);
    block.total.resize(n);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const double* from = x.row(rows[i]).data();
        T* to = block.x.data() + static_cast<std::int64_t>(i) * dim_;
        for (std::int64_t j = 0; j < dim_; ++j) to[j] = static_cast<T>(from[j] - centre_[static_cast<std::size_t>(j)]);
        const double v = std::clamp(variance[static_cast<std::size_t>(rows[i])], least_variance<T>, 1 / least_variance<T>);
        block.variance[i] = static_cast<T>(v);
        block.inverse[i] = static_cast<T>(1 / v);
    }
}

template <class T>
void Attention<T>::run(Block& block, std::int64_t group, bool direct, const Kernels& use) const {
    block.mean.resize(static_cast<std::size_t>(block.rows * stride_));
    const auto g = static_cast<std::size_t>(group);
    const AttentionPass<T> pass{.panels = panels_.data(),
                                .half_norms = half_norms_.data(),
                                .log_weights = log_weights_.data(),
                                .values = values_.data(),
                                .keys = keys_,
                                .dim = dim_,
                                .first = group < 0 ? 0 : starts_[g],
                                .last = group < 0 ? keys_ : starts_[g + 1],
                                .x = block.x.data(),
                                .variance = block.variance.data(),
                                .inverse = block.inverse.data(),
                                .rows = block.rows,
                                .direct = direct,
                                .cutoff = cutoff_,
                                .top = block.top.data(),
                                .total = block.total.data(),
                                .mean = block.mean.data(),
                                .stride = stride_};
    if constexpr (std::is_same_v<T, double>) use.attention(pass);
    else use.attention_single(pass);
}

template <class T>
void Attention<T>::average(ConstView x, std::span<const double> variance, std::int64_t group, View mean,
                           const Kernels& use) const {
    const auto product_form = [&](std::int64_t i) {
        return variance[static_cast<std::size_t>(i)] >= direct_below<T> * scale_squared_;
    };
    std::vector<std::int64_t> rows(static_cast<std::size_t>(x.rows));
    std::iota(rows.begin(), rows.end(), 0);
    const auto direct = static_cast<std::size_t>(std::stable_partition(rows.begin(), rows.end(), product_form) - rows.begin());
    Block block;
    const auto run_rows = [&](std::span<const std::int64_t> some, bool differences) {
        load(block, x, variance, some);
        run(block, group, differences, use);
        for (std::size_t i = 0; i < some.size(); ++i) {
            const std::span<double> out = mean.row(some[i]);
            const T* sum = block.mean.data() + static_cast<std::int64_t>(i) * stride_;
            const bool known = std::isfinite(block.top[i]);
            for (std::size_t j = 0; j < out.size(); ++j)
                out[j] = known ? centre_[j] + static_cast<double>(sum[j]) / static_cast<double>(block.total[i])
                               : std::numeric_limits<double>::quiet_NaN();
        }
    };
    const std::span<const std::int64_t> order(rows);
    for (std::size_t i = 0; i < rows.size();) {
        const bool differences = i >= direct;
        const std::size_t end = std::min(i + block_rows, differences ? rows.size() : direct);
        run_rows(order.subspan(i, end - i), differences);
        i = end;
    }
}

template class Attention<double>;
template class Attention<float>;

}  // namespace buffon
