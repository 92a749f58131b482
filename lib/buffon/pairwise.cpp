#include <buffon/pairwise.hpp>

#include <algorithm>
#include <cassert>

#include <buffon/kernels.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr std::int64_t strip = 32;   // blocks of rows that are under way together: each has its own sums of columns

std::int64_t blocks(std::int64_t n) { return (n + pair_rows - 1) / pair_rows; }

/// Points in panels, (m / panel, d, panel), filled up with zeros.
std::vector<double> in_panels(ConstView y) {
    std::vector<double> out(static_cast<std::size_t>((y.rows + pair_panel - 1) / pair_panel * pair_panel * y.cols), 0.0);
    for (std::int64_t i = 0; i < y.rows; ++i)
        for (std::int64_t j = 0; j < y.cols; ++j)
            out[static_cast<std::size_t>((i / pair_panel * y.cols + j) * pair_panel + i % pair_panel)] = y(i, j);
    return out;
}

/// Rows of one block, filled up with zeros to whole groups.
std::vector<double> padded(ConstView x) {
    std::vector<double> out(static_cast<std::size_t>(pair_rows * x.cols), 0.0);
    std::copy(x.data, x.data + x.size(), out.begin());
    return out;
}

/// What one block of rows adds.
struct Part {
    std::vector<double> rows, columns;
    double squares = 0.0, twice = 0.0;   // of pairs that count once, and for both orders
};

/// Keys are met a tile at a time, which stays in the second cache while the rows pass.
void meet(PairPass pass, std::int64_t first, std::int64_t last, std::vector<double>& columns, double& squares) {
    constexpr std::int64_t tile = 512;
    static_assert(tile % pair_panel == 0);
    const double* panels = pass.panels;
    for (std::int64_t key = first; key < last; key += tile) {
        pass.panels = panels + key * pass.dim;
        pass.keys = std::min(tile, last - key);
        pass.column_sums = columns.data() + key;
        pass.squares = &squares;
        kernels().pair_sums(pass);
    }
}

void add(std::vector<double>& to, const std::vector<double>& part, std::int64_t at) {
    for (std::size_t i = 0; i < part.size(); ++i) to[static_cast<std::size_t>(at) + i] += part[i];
}

/// Parts of all blocks of x in their order; part(block, rows of the block).
template <class F, class Take>
void for_blocks_in_order(ConstView x, int threads, const F& part, const Take& take) {
    std::vector<Part> parts(static_cast<std::size_t>(strip));
    for (std::int64_t first = 0; first < blocks(x.rows); first += strip) {
        const std::int64_t count = std::min(strip, blocks(x.rows) - first);
        parallel::for_each(count, threads, [&](std::int64_t b) {
            const std::int64_t row = (first + b) * pair_rows;
            parts[static_cast<std::size_t>(b)] = part(row, x.slice(row, std::min<std::int64_t>(pair_rows, x.rows - row)));
        });
        for (std::int64_t b = 0; b < count; ++b) take((first + b) * pair_rows, parts[static_cast<std::size_t>(b)]);
    }
}

PairPass pass_of(PairFunction f, double scale, const std::vector<double>& x, ConstView rows,
                 const std::vector<double>& panels, std::vector<double>& sums) {
    PairPass pass{};
    pass.function = static_cast<int>(f);
    pass.scale = scale;
    pass.x = x.data();
    pass.rows = rows.rows;
    pass.dim = rows.cols;
    pass.panels = panels.data();
    pass.row_sums = sums.data();
    return pass;
}

}  // namespace

KernelSums pair_sums(PairFunction f, double scale, ConstView x, ConstView y, int threads, const PairsDone& done) {
    assert(x.cols == y.cols);
    const std::vector<double> panels = in_panels(y);
    KernelSums out{std::vector<double>(static_cast<std::size_t>(x.rows), 0.0),
                   std::vector<double>(static_cast<std::size_t>(y.rows), 0.0), 0.0};
    const auto part = [&](std::int64_t, ConstView rows) {
        Part p{std::vector<double>(static_cast<std::size_t>(rows.rows), 0.0),
               std::vector<double>(static_cast<std::size_t>(y.rows), 0.0)};
        const std::vector<double> block = padded(rows);
        meet(pass_of(f, scale, block, rows, panels, p.rows), 0, y.rows, p.columns, p.squares);
        return p;
    };
    for_blocks_in_order(x, threads, part, [&](std::int64_t row, const Part& p) {
        add(out.rows, p.rows, row);
        add(out.columns, p.columns, 0);
        out.squares += p.squares;
        if (done) done(std::min(row + pair_rows, x.rows) * y.rows);
    });
    return out;
}

KernelSums pair_sums(PairFunction f, double scale, ConstView x, int threads, const PairsDone& done) {
    const std::vector<double> panels = in_panels(x);
    KernelSums out{std::vector<double>(static_cast<std::size_t>(x.rows), 0.0), {}, 0.0};
    const auto part = [&](std::int64_t first, ConstView rows) {
        Part p{std::vector<double>(static_cast<std::size_t>(rows.rows), 0.0),
               std::vector<double>(static_cast<std::size_t>(x.rows), 0.0)};
        const std::vector<double> block = padded(rows);
        PairPass pass = pass_of(f, scale, block, rows, panels, p.rows);
        pass.without_itself = true;
        meet(pass, first, first + rows.rows, p.columns, p.squares);        // both orders of each pair in the block
        std::fill(p.columns.begin(), p.columns.end(), 0.0);
        pass.without_itself = false;
        meet(pass, first + rows.rows, x.rows, p.columns, p.twice);         // later keys, once for both orders
        return p;
    };
    for_blocks_in_order(x, threads, part, [&](std::int64_t row, const Part& p) {
        add(out.rows, p.rows, row);
        add(out.rows, p.columns, 0);
        out.squares += p.squares + 2 * p.twice;
        const std::int64_t left = std::max<std::int64_t>(0, x.rows - row - pair_rows);
        if (done) done(x.rows * x.rows - left * left);   // both orders of all pairs with a row that has been
    });
    return out;
}

}  // namespace buffon
