#include <buffon/bootstrap_t.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr std::int64_t most_bins = 1'024;
constexpr std::int64_t resamples = 2'000;
constexpr std::int64_t
    tail_rows = 10,
    fewest_rows = 4;   // of fewer than twenty rows half are the tail: strata of a dozen circles know theirs least
constexpr double longest_tail = 50;              // in its begin
constexpr double bend = 2, largest_bend = 0.5;   // tails of index 2 begin flatter: see `Stratum`
constexpr double levels[] = {0.5, 0.8, 0.9, 0.95, 0.98, 0.99};

struct MeanAndError {
    double mean = 0, variance = 0;   // variance of the mean
};

/// Of column j of one stratum: where its tail begins (infinite: nowhere), and the mean of rows whose tail is smooth.
struct Tail {
    double begin = std::numeric_limits<double>::infinity(), rest = 0, mean = 0, index = 2;

    /// At v in (0, 1): P(share > s) = (begin / s)^index, cut where that is `rest`.
    double at(double v) const { return begin * std::pow(rest + (1 - rest) * v, -1 / index); }
};

Tail tail_of(const Stratum& stratum, std::int64_t j) {
    const Matrix& rows = stratum.rows.bins();
    std::vector<double> values;
    for (std::int64_t i = 0; i < rows.rows; ++i) values.push_back(rows(i, j));
    Tail tail;
    const auto n = static_cast<double>(values.size());
    for (const double v : values) tail.mean += v / n;
    if (!stratum.shares || !stratum.rows.single() || rows.rows < fewest_rows) return tail;
    const std::int64_t in_tail = std::min(tail_rows, rows.rows / 2);
    std::ranges::nth_element(values, values.begin() + in_tail, std::greater{});
    const double begin = values[static_cast<std::size_t>(in_tail)];
    if (!(begin > 0 && begin < 1)) return tail;
    const double index = 2 - std::min(bend * static_cast<double>(in_tail) / n, largest_bend);
    const double last = begin / std::min(1.0, longest_tail * begin), rest = std::pow(last, index);
    const double of_tail = begin * index / (index - 1) * (1 - std::pow(last, index - 1)) / (1 - rest);   // its mean
    tail = {begin, rest, 0, index};
    for (const double v : values) tail.mean += (v > begin ? of_tail : v) / n;
    return tail;
}

/// value(stratum, i) of each stratum's n rows.
template <class Value>
MeanAndError weighted(const std::vector<Stratum>& strata, const Value& value) {
    MeanAndError out;
    for (std::size_t h = 0; h < strata.size(); ++h) {
        const std::int64_t n = strata[h].rows.bins().rows;
        if (n < 2) continue;
        double sum = 0, squares = 0;
        for (std::int64_t i = 0; i < n; ++i) {
            const double v = value(h, i);
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

Bounds bootstrap_t(const std::vector<Stratum>& strata, const std::vector<std::int64_t>& columns, const Stream& stream,
                   bool shares, int threads) {
    const auto count = static_cast<std::int64_t>(std::size(levels)), m = static_cast<std::int64_t>(columns.size());
    Bounds bounds{{std::begin(levels), std::end(levels)}, Matrix(m, count), Matrix(m, count)};
    const std::size_t strata_count = strata.size();
    std::vector<MeanAndError> own;
    std::vector<Tail> tails;              // (m, strata)
    std::vector<double> centre;           // (m), of what resamples are drawn from
    for (const std::int64_t column : columns) {
        own.push_back(weighted(strata, [&](std::size_t h, std::int64_t i) { return strata[h].rows.bins()(i, column); }));
        centre.push_back(0);
        for (const Stratum& stratum : strata) {
            tails.push_back(tail_of(stratum, column));
            if (stratum.rows.bins().rows >= 2) centre.back() += stratum.weight * tails.back().mean;
        }
    }
    Matrix ratios(m, resamples);
    parallel::for_each(resamples, threads, [&](std::int64_t b) {
        std::vector<std::vector<std::int64_t>> pick(strata_count);
        std::vector<std::vector<double>> place(strata_count);   // in the tail
        std::int64_t component = 0;
        for (std::size_t h = 0; h < strata_count; ++h)
            for (std::int64_t i = 0, n = strata[h].rows.bins().rows; i < n; ++i) {
                pick[h].push_back(static_cast<std::int64_t>(stream.uniform(b, component++) * static_cast<double>(n)));
                place[h].push_back(strata[h].shares ? stream.uniform(b, component++) : 0.0);
            }
        for (std::int64_t j = 0; j < m; ++j) {
            const auto at = static_cast<std::size_t>(j);
            const MeanAndError again = weighted(strata, [&](std::size_t h, std::int64_t i) {
                const double v = strata[h].rows.bins()(pick[h][static_cast<std::size_t>(i)], columns[at]);
                const Tail& tail = tails[at * strata_count + h];
                return v > tail.begin ? tail.at(place[h][static_cast<std::size_t>(i)]) : v;
            });
            const double error = std::sqrt(again.variance), by = again.mean - centre[at];
            ratios(j, b) = error > 0 ? by / error
                           : by < 0  ? -std::numeric_limits<double>::max()
                           : by > 0  ? std::numeric_limits<double>::max()
                                     : 0.0;
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
