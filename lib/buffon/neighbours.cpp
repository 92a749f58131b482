#include <buffon/neighbours.hpp>

#include <algorithm>
#include <cassert>
#include <limits>
#include <mutex>
#include <optional>
#include <tuple>
#include <utility>

#include <buffon/metric_kernels.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t tile = 512;   // keys that stay in the second cache while the rows pass
static_assert(tile % near_panel == 0);

std::int64_t blocks(std::int64_t n) { return (n + near_rows - 1) / near_rows; }
std::int64_t shares_of(int threads) { return std::max(threads > 0 ? threads : parallel::default_threads(), 1); }
std::int64_t in_whole_panels(std::int64_t n) { return (n + near_panel - 1) / near_panel * near_panel; }

/// In the order of the products, so that a point is at distance 0 from itself.
std::vector<double> squares_of(ConstView x) {
    std::vector<double> out(static_cast<std::size_t>(in_whole_panels(x.rows)), 0.0);
    for (std::int64_t i = 0; i < x.rows; ++i)
        for (const double v : x.row(i)) out[static_cast<std::size_t>(i)] += v * v;
    return out;
}

/// (m / panel, d, panel), filled up with zeros.
std::vector<double> panels_of(ConstView y) {
    std::vector<double> out(static_cast<std::size_t>(in_whole_panels(y.rows) * y.cols), 0.0);
    for (std::int64_t i = 0; i < y.rows; ++i)
        for (std::int64_t j = 0; j < y.cols; ++j)
            out[static_cast<std::size_t>((i / near_panel * y.cols + j) * near_panel + i % near_panel)] = y(i, j);
    return out;
}

/// Calls f(tile) for keys first ... last - 1, a tile of whole panels at a time; `first` begins a panel.
template <class F>
void for_tiles(NearPass all, std::int64_t first, std::int64_t last, const F& f) {
    for (std::int64_t key = first; key < last; key += tile) {
        NearPass pass = all;
        pass.panels += key * all.dim;
        pass.of_keys += key;
        pass.keys = std::min(tile, last - key);
        f(pass, key);
    }
}

/// Blocks of rows by several threads: f(share, first row, rows as a pass), then one at a time after(share, block).
template <class F, class After>
void for_blocks_in_shares(ConstView x, const std::vector<double>& norms, int threads, const F& f, const After& after) {
    const std::int64_t shares = std::min(shares_of(threads), blocks(x.rows));
    std::mutex one_at_a_time;
    parallel::for_each(shares, threads, [&](std::int64_t share) {
        std::vector<double> rows(static_cast<std::size_t>(near_rows * x.cols), 0.0);
        for (std::int64_t b = share; b < blocks(x.rows); b += shares) {
            const ConstView block = x.slice(b * near_rows, std::min(near_rows, x.rows - b * near_rows));
            std::copy(block.data, block.data + block.size(), rows.begin());
            f(static_cast<std::size_t>(share), b * near_rows,
              NearPass{rows.data(), block.rows, x.cols, norms.data() + b * near_rows, nullptr, nullptr, 0});
            const std::lock_guard lock(one_at_a_time);
            after(static_cast<std::size_t>(share), b);
        }
    });
}

/// Neighbours that one thread has found.
struct Found {
    Matrix squares;
    std::vector<std::int64_t> index;
    std::vector<double> worst;

    Found(std::int64_t keys, std::int64_t k)
        : squares(keys, k, infinity), index(static_cast<std::size_t>(keys * k), -1),
          worst(static_cast<std::size_t>(keys), infinity) {}
};

/// Row i of all that was found; each is in the order of squares, then of indices.
void merge_row(const std::vector<std::optional<Found>>& found, std::int64_t i, Neighbours& out) {
    const std::int64_t k = out.squares.cols;
    std::vector<std::pair<double, std::int64_t>> all;
    for (const std::optional<Found>& f : found)
        for (std::int64_t r = 0; f && r < k; ++r)
            all.emplace_back(f->squares(i, r), f->index[static_cast<std::size_t>(i * k + r)]);
    std::partial_sort(all.begin(), all.begin() + k, all.end());
    for (std::int64_t r = 0; r < k; ++r)
        std::tie(out.squares(i, r), out.index[static_cast<std::size_t>(i * k + r)]) = all[static_cast<std::size_t>(r)];
}

}  // namespace

Neighbours nearest_neighbours(ConstView x, std::int64_t k, int threads, const BlockDone& done) {
    assert(k >= 1 && k < x.rows);
    const std::vector<double> panels = panels_of(x), norms = squares_of(x);
    std::vector<std::optional<Found>> found(static_cast<std::size_t>(shares_of(threads)));
    std::int64_t met = 0;
    for_blocks_in_shares(x, norms, threads, [&](std::size_t share, std::int64_t first, NearPass rows) {
        if (!found[share]) found[share].emplace(in_whole_panels(x.rows), k);
        Found& own = *found[share];
        rows.panels = panels.data();
        rows.of_keys = norms.data();
        const auto meet = [&](bool itself) {
            return [&, itself](const NearPass& pass, std::int64_t key) {
                metric_kernels().nearest({pass, itself, k, first, key, own.squares.data.data() + first * k,
                                          own.index.data() + first * k, own.squares.data.data() + key * k,
                                          own.index.data() + key * k, own.worst.data() + key});
            };
        };
        for_tiles(rows, first, first + rows.rows, meet(true));
        for_tiles(rows, first + rows.rows, x.rows, meet(false));   // a later block begins a panel; each pair tells both
    }, [&](std::size_t, std::int64_t b) {
        const std::int64_t count = std::min(near_rows, x.rows - b * near_rows);
        met += count * (2 * (x.rows - b * near_rows) - count);
        if (done) done(met);
    });
    Neighbours out{Matrix(x.rows, k), std::vector<std::int64_t>(static_cast<std::size_t>(x.rows * k))};
    for (std::int64_t i = 0; i < x.rows; ++i) merge_row(found, i, out);
    return out;
}

void for_close_pairs(ConstView x, ConstView y, std::span<const double> around_x, std::span<const double> around_y,
                     const TakePairs& take, int threads, const BlockDone& done) {
    assert(x.cols == y.cols);
    const std::vector<double> panels = panels_of(y), norms = squares_of(x), of_keys = squares_of(y);
    std::vector<double> around_keys(around_y.begin(), around_y.end());
    around_keys.resize(static_cast<std::size_t>(in_whole_panels(y.rows)), 0.0);
    struct Room {
        std::vector<ClosePair> tile, found;
    };
    std::vector<Room> rooms(static_cast<std::size_t>(shares_of(threads)));
    std::int64_t met = 0;
    for_blocks_in_shares(x, norms, threads, [&](std::size_t share, std::int64_t first, NearPass rows) {
        rows.panels = panels.data();
        rows.of_keys = of_keys.data();
        Room& room = rooms[share];
        room.tile.resize(static_cast<std::size_t>(near_rows * tile));
        room.found.clear();
        for_tiles(rows, 0, y.rows, [&](const NearPass& pass, std::int64_t key) {
            const std::int64_t count = metric_kernels().close_pairs(
                {pass, around_x.data() + first, around_keys.data() + key, first, key, room.tile.data()});
            room.found.insert(room.found.end(), room.tile.begin(), room.tile.begin() + count);
        });
    }, [&](std::size_t share, std::int64_t b) {
        take(rooms[share].found);
        met += std::min(near_rows, x.rows - b * near_rows) * y.rows;
        if (done) done(met);
    });
}

}  // namespace buffon
