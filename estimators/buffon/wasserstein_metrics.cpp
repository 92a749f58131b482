#include <buffon/wasserstein_metrics.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <sstream>
#include <span>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/compared_sets.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/nearest_covariance.hpp>
#include <buffon/parallel.hpp>
#include <buffon/slices.hpp>
#include <buffon/slices_on_device.hpp>
#include <buffon/wasserstein.hpp>

namespace buffon {
namespace {

/// From means of squares and their covariance to roots; a root of 0, of equal samples, has no error.
void take_roots(Estimate& e) {
    for (double& v : e.value) v = std::sqrt(std::max(v, 0.0));
    for (std::int64_t i = 0; i < e.covariance.rows; ++i)
        for (std::int64_t j = 0; j < e.covariance.cols; ++j) {
            const double a = e.value[static_cast<std::size_t>(i)], b = e.value[static_cast<std::size_t>(j)];
            e.covariance(i, j) = a > 0 && b > 0 ? e.covariance(i, j) / (4 * a * b) : 0.0;
        }
}

double square_between(const Matrix& x, const Matrix& y) {
    const double distance = wasserstein(x, y).distance;
    return distance * distance;
}

std::int64_t rows_of(const PointSets& x, std::int64_t s) {
    const auto k = static_cast<std::size_t>(s);
    return x.arrays.empty() ? x.sets[k].rows : x.arrays[k].rows;
}

/// A distance that as many rows of one law would have says nothing.
void keep_floor(Estimate& e, std::vector<double> floor) {
    for (std::size_t k = 0; k < floor.size(); ++k) {
        if (!(e.value[k] - 2 * e.std_error()[k] <= floor[k])) continue;
        std::ostringstream text;
        text.precision(2);
        text << "'" << e.names[k] << "': no sign of a difference: samples of one law, as many rows, are about "
             << floor[k] << " apart";
        e.warnings.push_back(text.str());
    }
    warn_of_overflow(e);
    e.diagnostics["floor"] = std::move(floor);
    e.diagnostics["counted"] = std::string("rows");
}

}  // namespace

Estimate w2(const PointSets& x, const ReferencePoints& y, const W2Options& o) {
    require(o.blocks >= 2, "w2: blocks must be at least 2, got ", o.blocks);
    check_sets("w2", x, y.points, 2 * o.blocks);
    const std::int64_t m = y.points.rows, sets = static_cast<std::int64_t>(x.sets.size());
    for (std::size_t s = 0; s < x.sets.size(); ++s)
        require(x.sets[s].rows == m, "w2: ", name_of(x, s), " must have the ", m, " rows of the reference, got ", x.sets[s].rows);
    Matrix squares(o.blocks, sets);
    std::vector<double> own(static_cast<std::size_t>(o.blocks));
    std::int64_t done = 0;
    for (std::int64_t s = -1; s < sets; ++s) {
        parallel::for_each(o.blocks, o.threads, [&](std::int64_t b) {
            const Matrix reference = block_of(y.points, b, o.blocks);
            if (s >= 0) {
                squares(b, s) = square_between(block_of(x.sets[static_cast<std::size_t>(s)], b, o.blocks), reference);
                return;
            }
            const Matrix other = block_of(y.points, (b + 1) % o.blocks, o.blocks);
            const std::int64_t rows = std::min(reference.rows, other.rows);
            const double distance = wasserstein(reference.view().slice(0, rows), other.view().slice(0, rows)).distance;
            own[static_cast<std::size_t>(b)] = distance * distance;
        });
        if (o.progress) o.progress(done += o.blocks, (sets + 1) * o.blocks, {});
    }
    Estimate e;
    e.names = names_of("w2", x);
    e.value = column_means(squares);
    e.covariance = covariance_of_mean(squares);
    take_roots(e);
    e.n = m * (sets + 1);
    e.degrees_of_freedom = static_cast<double>(o.blocks - 1);
    const double mean = std::accumulate(own.begin(), own.end(), 0.0) / static_cast<double>(o.blocks);
    keep_floor(e, std::vector<double>(x.sets.size(), std::sqrt(mean)));
    e.diagnostics["block"] = m / o.blocks;
    return e;
}

Estimate sliced_w2(const PointSets& x, const ReferencePoints& y, const SlicedW2Options& o) {
    require(o.directions >= 2, "sliced_w2: directions must be at least 2, got ", o.directions);
    check_places("sliced_w2", x, y, o.device, 4);
    const std::uint64_t key = o.rng ? *o.rng : fresh_key();
    const SliceSums sums = y.array || o.device != "cpu"
                               ? slice_sums_on_device("sliced_w2", x, y, {key, o.directions, o.progress}, o.device)
                               : slice_sums(x.sets, y.points, {key, o.directions, o.progress}, o.threads);
    Estimate e;
    e.names = names_of("sliced_w2", x);
    e.value = column_means(sums.squares);
    e.covariance = covariance_of_mean(sums.squares);
    const std::int64_t m = y.array ? y.array->rows : y.points.rows;
    const double half = static_cast<double>((m + 1) / 2), rest = static_cast<double>(m / 2);
    e.n = m;
    std::vector<double> floor;
    for (std::int64_t s = 0; s < x.size(); ++s) {
        for (std::int64_t t = 0; t < x.size(); ++t) e.covariance(s, t) += sums.covariance(s, t);
        const std::int64_t n = rows_of(x, s);
        floor.push_back(std::sqrt(sums.own * (1 / static_cast<double>(n) + 1 / static_cast<double>(m)) / (1 / half + 1 / rest)));
        e.n += n;
    }
    e.covariance = nearest_covariance(e.covariance);
    take_roots(e);
    e.rng_key = key;
    keep_floor(e, std::move(floor));
    return e;
}

}  // namespace buffon
