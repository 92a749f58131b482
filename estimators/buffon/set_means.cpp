#include <buffon/set_means.hpp>

#include <algorithm>
#include <map>

#include <buffon/moments.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

/// Blocks between two moments at which a run may be ended: seconds, whatever the number of columns.
std::int64_t blocks_together(std::int64_t columns) {
    constexpr std::int64_t products = std::int64_t{1} << 34;
    return std::clamp<std::int64_t>(products / (parallel::block_size * columns * columns), 4, 64);
}

/// Of samples of one size, side by side.
Moments moments_of(const PointSets& x, const std::vector<std::int64_t>& sets, std::int64_t q, int threads,
                   const RowFunctions& functions, const RowsDone& done) {
    const auto k = static_cast<std::int64_t>(sets.size());
    const auto set = [&](std::int64_t s) -> const Matrix& {
        return x.sets[static_cast<std::size_t>(sets[static_cast<std::size_t>(s)])];
    };
    const auto of_rows = [&](std::int64_t first, std::int64_t count) {
        Matrix all(count, k * q), own(count, q);
        for (std::int64_t s = 0; s < k; ++s) {
            functions(sets[static_cast<std::size_t>(s)], set(s).view().slice(first, count), own);
            for (std::int64_t i = 0; i < count; ++i) std::ranges::copy(own.view().row(i), all.view().row(i).begin() + s * q);
        }
        return Moments(all);
    };
    Moments total;
    const std::int64_t rows = set(0).rows, together = parallel::block_size * blocks_together(k * q);
    for (std::int64_t begin = 0; begin < rows; begin += together) {   // sums are added in one order, whatever is done together
        const std::int64_t here = std::min(together, rows - begin);
        parallel::reduce_blocks(here, threads, total,
                                [&](std::int64_t first, std::int64_t count) { return of_rows(begin + first, count); });
        if (done) done(k * here);
    }
    return total;
}

}  // namespace

SetMeans set_means(const PointSets& x, std::int64_t q, int threads, const RowFunctions& functions, const RowsDone& done) {
    std::map<std::int64_t, std::vector<std::int64_t>> of_size;
    for (std::int64_t s = 0; s < x.size(); ++s) of_size[x.sets[static_cast<std::size_t>(s)].rows].push_back(s);
    SetMeans out{std::vector<double>(static_cast<std::size_t>(x.size() * q)), Matrix(x.size() * q, x.size() * q)};
    for (const auto& [rows, sets] : of_size) {
        const Moments moments = moments_of(x, sets, q, threads, functions, done);
        const double scale = 1 / (static_cast<double>(rows) * static_cast<double>(rows - 1));
        const auto place = [&](std::int64_t j) { return sets[static_cast<std::size_t>(j / q)] * q + j % q; };
        for (std::int64_t i = 0; i < moments.scatter.rows; ++i) {
            out.value[static_cast<std::size_t>(place(i))] = moments.mean[static_cast<std::size_t>(i)];
            for (std::int64_t j = 0; j < moments.scatter.cols; ++j)
                out.covariance(place(i), place(j)) = scale * moments.scatter(i, j);
        }
    }
    return out;
}

}  // namespace buffon
