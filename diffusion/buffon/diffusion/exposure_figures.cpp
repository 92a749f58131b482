#include <buffon/diffusion/exposure_figures.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <buffon/pairwise.hpp>

namespace buffon::diffusion {
namespace {

double mean_of(const std::vector<double>& v) {
    double sum = 0.0;
    for (const double a : v) sum += a;
    return sum / static_cast<double>(v.size());
}

std::vector<double> centred(std::vector<double> v) {
    const double mean = mean_of(v);
    for (double& a : v) a -= mean;
    return v;
}

std::vector<double> column_means(ConstView x) {
    std::vector<double> means(static_cast<std::size_t>(x.cols));
    for (std::int64_t i = 0; i < x.rows; ++i)
        for (std::int64_t j = 0; j < x.cols; ++j) means[static_cast<std::size_t>(j)] += x(i, j) / static_cast<double>(x.rows);
    return means;
}

/// of(x - mean) of each row.
template <class F>
std::vector<double> about(ConstView x, std::span<const double> mean, const F& of) {
    std::vector<double> out, gap(static_cast<std::size_t>(x.cols));
    for (std::int64_t i = 0; i < x.rows; ++i) {
        for (std::int64_t j = 0; j < x.cols; ++j) gap[static_cast<std::size_t>(j)] = x(i, j) - mean[static_cast<std::size_t>(j)];
        out.push_back(of(gap));
    }
    return out;
}

double square(const std::vector<double>& v) {
    double sum = 0.0;
    for (const double a : v) sum += a * a;
    return sum;
}

/// Of a measured |m|^2 with its bias.
Figure squared_figure(double raw, double bias, std::vector<double> rows) {
    return {raw - bias, std::move(rows), true, raw, bias};
}

}  // namespace

double Figure::variance() const {
    const auto n = static_cast<double>(rows.size());
    return square(rows) / (n * (n - 1));
}

Figure mean_figure(std::vector<double> values) {
    const double mean = mean_of(values);
    return {mean, centred(std::move(values))};
}

Figure ratio_figure(const std::vector<double>& a, const std::vector<double>& b) {
    const double above = mean_of(a), below = mean_of(b), ratio = above / below;
    std::vector<double> rows;
    for (std::size_t i = 0; i < a.size(); ++i) rows.push_back((a[i] - above - ratio * (b[i] - below)) / below);
    return {ratio, std::move(rows)};
}

Figure variance_ratio(ConstView x, double variance) {
    const auto n = static_cast<double>(x.rows);
    std::vector<double> squares = about(x, column_means(x), square);
    for (double& s : squares) s *= n / (n - 1) / variance;
    return mean_figure(std::move(squares));
}

Figure moment_ratio(ConstView x, double moment) {
    std::vector<double> squares = about(x, std::vector<double>(static_cast<std::size_t>(x.cols)), square);
    for (double& s : squares) s /= moment;
    return mean_figure(std::move(squares));
}

Figure mean_shift(ConstView x, std::span<const double> mean) {
    const auto n = static_cast<double>(x.rows);
    const std::vector<double> at = column_means(x);
    std::vector<double> shift = at;
    for (std::size_t j = 0; j < shift.size(); ++j) shift[j] -= mean[j];
    double spread = 0.0;
    for (const double s : about(x, at, square)) spread += s / (n - 1);
    return squared_figure(square(shift), spread / n, about(x, at, [&](const std::vector<double>& gap) {
        double along = 0.0;
        for (std::size_t j = 0; j < gap.size(); ++j) along += 2 * shift[j] * gap[j];
        return along;
    }));
}

Figure spread_gap(ConstView e, double sigma) {
    const auto n = static_cast<double>(e.rows), d = static_cast<double>(e.cols);
    const std::vector<double> at = column_means(e);
    std::vector<double> rows(static_cast<std::size_t>(e.rows)), gaps(rows.size());
    double spread = 0.0;
    for (std::int64_t j = 0; j < e.cols; ++j) {
        for (std::size_t i = 0; i < gaps.size(); ++i)
            gaps[i] = std::pow(e(static_cast<std::int64_t>(i), j) - at[static_cast<std::size_t>(j)], 2) * n / (n - 1);
        const double variance = mean_of(gaps), s = std::sqrt(variance);
        if (!(s > 0)) continue;
        const std::vector<double> of_variance = centred(gaps);
        spread += (s + square(of_variance) / (n * (n - 1)) / (8 * variance * s)) /
                  d;   // the root of a variance is too small on average
        for (std::size_t i = 0; i < rows.size(); ++i) rows[i] += of_variance[i] / (2 * s * d);
    }
    const double gap = spread - sigma, bias = square(rows) / (n * (n - 1));
    for (double& r : rows) r *= 2 * gap;
    return squared_figure(gap * gap, bias, std::move(rows));
}

std::vector<double> own_distances(ConstView y, int threads) { return pair_sums(PairFunction::distance, 0.0, y, threads).rows; }

Figure energy_gap(ConstView x, ConstView y, const std::vector<double>& own_y, int threads) {
    const auto n = static_cast<double>(x.rows);
    const KernelSums across = pair_sums(PairFunction::distance, 0.0, x, y, threads);
    const std::vector<double> own_x = own_distances(x, threads);
    const double within = (mean_of(own_x) + mean_of(own_y)) / (n - 1);
    std::vector<double> rows;
    for (std::size_t i = 0; i < own_x.size(); ++i)
        rows.push_back(2 * ((across.rows[i] + across.columns[i]) / n - (own_x[i] + own_y[i]) / (n - 1)));
    const double value = 2 * mean_of(across.rows) / n - within;
    // with the pairs (i, i) it is a squared distance in the space of the kernel -|x - y|
    return squared_figure(value + within / n, within / n, centred(std::move(rows)));
}

}  // namespace buffon::diffusion
