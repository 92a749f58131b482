#include <buffon/subset_neighbours.hpp>

#include <algorithm>
#include <limits>

namespace buffon {
namespace {

constexpr std::int64_t lanes = 8;

/// Where v (n) is least, the first of equals.
std::int64_t least(const double* v, std::int64_t n) {
    double lane[lanes];
    std::fill_n(lane, lanes, std::numeric_limits<double>::infinity());
    std::int64_t i = 0;
    for (; i + lanes <= n; i += lanes)
        for (std::int64_t l = 0; l < lanes; ++l) lane[l] = v[i + l] < lane[l] ? v[i + l] : lane[l];
    double best = *std::min_element(lane, lane + lanes);
    for (; i < n; ++i) best = std::min(best, v[i]);
    return std::find(v, v + n, best) - v;
}

}  // namespace

SubsetNeighbours::SubsetNeighbours(ConstView z)
    : n_(z.rows), d_(z.cols), evens_((z.rows + 1) / 2), columns_(static_cast<std::size_t>(z.rows * z.cols)) {
    for (std::int64_t c = 0; c < d_; ++c)
        for (std::int64_t i = 0; i < n_; ++i)
            columns_[static_cast<std::size_t>(c * n_ + (i % 2 == 0 ? i / 2 : evens_ + i / 2))] = z(i, c);
}

/// Depth first: level k holds the squared distances of a subset of k coordinates.
struct SubsetNeighbours::Search {
    const SubsetNeighbours& table;
    const Found& found;
    std::int64_t place;
    std::vector<double> levels;

    void extend(std::uint64_t u, std::int64_t level, std::int64_t from) {
        const std::int64_t n = table.n_;
        const double* before = levels.data() + level * n;
        double* after = levels.data() + (level + 1) * n;
        for (std::int64_t c = from; c < table.d_; ++c) {
            const double* z = table.columns_.data() + c * n;
            const double own = z[place];
            for (std::int64_t i = 0; i < n; ++i) after[i] = before[i] + (z[i] - own) * (z[i] - own);
            const std::uint64_t next = u | std::uint64_t{1} << c;
            if (level + 1 < table.d_)
                found(next, 2 * least(after, table.evens_), 2 * least(after + table.evens_, n - table.evens_) + 1);
            if (level + 2 < table.d_ + 1) extend(next, level + 1, c + 1);
        }
    }
};

void SubsetNeighbours::of(std::int64_t row, const Found& found) const {
    Search search{*this, found, row % 2 == 0 ? row / 2 : evens_ + row / 2,
                  std::vector<double>(static_cast<std::size_t>((d_ + 1) * n_))};
    search.levels[static_cast<std::size_t>(search.place)] = std::numeric_limits<double>::infinity();
    search.extend(0, 0, 0);
}

}  // namespace buffon
