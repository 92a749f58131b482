#include <buffon/bootstrap_t.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr std::int64_t most_bins = 1'024;
constexpr std::int64_t resamples = 2'000;
constexpr double levels[] = {0.5, 0.8, 0.9, 0.95, 0.98, 0.99};

struct MeanAndError {
    double mean = 0, variance = 0;   // variance of the mean
};

/// Of column j of rows that `at` picks: at(stratum, i) of its n rows.
template <class At>
MeanAndError weighted(const std::vector<Stratum>& strata, std::int64_t j, const At& at) {
    MeanAndError out;
    for (std::size_t h = 0; h < strata.size(); ++h) {
        const Matrix& rows = strata[h].rows.bins();
        const std::int64_t n = rows.rows;
        if (n < 2) continue;
        double sum = 0, squares = 0;
        for (std::int64_t i = 0; i < n; ++i) {
            const double v = rows(at(h, i), j);
            sum += v;
            squares += v * v;
        }
        const double mean = sum / static_cast<double>(n), w = strata[h].weight;
        out.mean += w * mean;
        out.variance += w * w * std::max(squares / static_cast<double>(n) - mean * mean, 0.0) / static_cast<double>(n - 1);
    }
    return out;
}

/// The value that a share p of the ordered ones lies below.
double quantile(const std::vector<double>& ordered, double p) {
    const double at = p * static_cast<double>(ordered.size()) - 0.5;
    return ordered[static_cast<std::size_t>(std::clamp(std::round(at), 0.0, static_cast<double>(ordered.size() - 1)))];
}

}  // namespace

void BinnedRows::add(ConstView rows) {
    if (open_.cols != rows.cols) {
        open_ = Matrix(1, rows.cols);
        bins_.cols = rows.cols;
    }
    for (std::int64_t i = 0; i < rows.rows; ++i) {
        for (std::int64_t j = 0; j < rows.cols; ++j) open_(0, j) += rows(i, j);
        if (++filled_ < each_) continue;
        for (double& v : open_.data) {
            bins_.data.push_back(v / static_cast<double>(each_));
            v = 0;
        }
        ++bins_.rows;
        filled_ = 0;
        if (bins_.rows < 2 * most_bins) continue;
        for (std::int64_t b = 0; b < most_bins; ++b)
            for (std::int64_t j = 0; j < bins_.cols; ++j) bins_(b, j) = 0.5 * (bins_(2 * b, j) + bins_(2 * b + 1, j));
        bins_.rows = most_bins;
        bins_.data.resize(static_cast<std::size_t>(most_bins * bins_.cols));
        each_ *= 2;
    }
}

Bounds bootstrap_t(const std::vector<Stratum>& strata, const std::vector<std::int64_t>& columns, const Stream& stream, bool shares, int threads) {
    const auto count = static_cast<std::int64_t>(std::size(levels)), m = static_cast<std::int64_t>(columns.size());
    Bounds bounds{{std::begin(levels), std::end(levels)}, Matrix(m, count), Matrix(m, count)};
    std::vector<MeanAndError> own;
    for (const std::int64_t column : columns) own.push_back(weighted(strata, column, [](std::size_t, std::int64_t i) { return i; }));
    Matrix ratios(m, resamples);
    parallel::for_each(resamples, threads, [&](std::int64_t b) {
        std::vector<std::vector<std::int64_t>> pick(strata.size());
        std::int64_t component = 0;
        for (std::size_t h = 0; h < strata.size(); ++h)
            for (std::int64_t i = 0, n = strata[h].rows.bins().rows; i < n; ++i)
                pick[h].push_back(static_cast<std::int64_t>(stream.uniform(b, component++) * static_cast<double>(n)));
        for (std::int64_t j = 0; j < m; ++j) {
            const MeanAndError again = weighted(strata, columns[static_cast<std::size_t>(j)], [&](std::size_t h, std::int64_t i) { return pick[h][static_cast<std::size_t>(i)]; });
            const double error = std::sqrt(again.variance), by = again.mean - own[static_cast<std::size_t>(j)].mean;
            ratios(j, b) = error > 0 ? by / error : by < 0 ? -std::numeric_limits<double>::max() : by > 0 ? std::numeric_limits<double>::max() : 0.0;
        }
    });
    for (std::int64_t j = 0; j < m; ++j) {
        std::vector<double> ordered(ratios.view().row(j).begin(), ratios.view().row(j).end());
        std::ranges::sort(ordered);
        const auto [mean, variance] = own[static_cast<std::size_t>(j)];
        const double error = std::sqrt(variance);
        for (std::int64_t k = 0; k < count; ++k) {
            const double tail = 0.5 * (1 - levels[k]);
            double low = mean - error * quantile(ordered, 1 - tail), high = mean - error * quantile(ordered, tail);
            if (error == 0) low = high = mean;
            bounds.low(j, k) = shares ? std::max(low, 0.0) : low;
            bounds.high(j, k) = shares ? std::min(high, 1.0) : high;
        }
    }
    return bounds;
}

}  // namespace buffon
