#include <buffon/metric_kernels.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <doctest/doctest.h>

using namespace buffon;

namespace {

constexpr std::int64_t dim = 5, keys = 41, padded = 48, rows = 61;

/// Numbers without order, and the squares of the points.
struct Points {
    std::vector<double> block = std::vector<double>(near_rows * dim), panels = std::vector<double>(padded * dim),
                        norms = std::vector<double>(near_rows), of_keys = std::vector<double>(padded);

    Points() {
        for (std::size_t i = 0; i < block.size(); ++i) block[i] = std::sin(3.0 * static_cast<double>(i));
        for (std::size_t i = 0; i < panels.size(); ++i) panels[i] = std::cos(2.0 * static_cast<double>(i));
        for (std::int64_t i = 0; i < near_rows; ++i)
            for (std::int64_t j = 0; j < dim; ++j)
                norms[static_cast<std::size_t>(i)] += std::pow(block[static_cast<std::size_t>(i * dim + j)], 2);
        for (std::int64_t i = 0; i < padded; ++i)
            for (std::int64_t j = 0; j < dim; ++j)
                of_keys[static_cast<std::size_t>(i)] += std::pow(
                    panels[static_cast<std::size_t>((i / near_panel * dim + j) * near_panel + i % near_panel)], 2);
    }
    NearPass pass() const { return {block.data(), rows, dim, norms.data(), panels.data(), of_keys.data(), keys}; }
};

}  // namespace

TEST_CASE("metric_kernels: all instruction sets find the same neighbours and pairs, bit for bit") {
    const Points points;
    constexpr double infinity = std::numeric_limits<double>::infinity();
    std::vector<std::vector<double>> found;
    for (const Kernels* level : available_kernels()) {
        std::vector<double> of_rows(rows * 3, infinity), to_keys(padded * 3, infinity), worst(padded, infinity), all;
        std::vector<std::int64_t> by_rows(rows * 3, -1), by_keys(padded * 3, -1);
        metric_kernels(*level).nearest({points.pass(), false, 3, 100, 200, of_rows.data(), by_rows.data(),
                                        to_keys.data(), by_keys.data(), worst.data()});
        all.insert(all.end(), of_rows.begin(), of_rows.end());
        all.insert(all.end(), to_keys.begin(), to_keys.end());
        all.insert(all.end(), by_rows.begin(), by_rows.end());
        all.insert(all.end(), by_keys.begin(), by_keys.end());
        const std::vector<double> around(padded, 2.0);
        std::vector<ClosePair> pairs(rows * keys);
        std::vector<double> around_rows(near_rows, 1.5);
        const std::int64_t count = metric_kernels(*level).close_pairs(
            {points.pass(), around_rows.data(), around.data(), 100, 200, pairs.data()});
        double sum = 0.0, places = 0.0;   // their order depends on the registers
        for (std::int64_t p = 0; p < count; ++p)
            places += static_cast<double>(pairs[static_cast<std::size_t>(p)].row * 1000 +
                                          pairs[static_cast<std::size_t>(p)].key);
        for (std::int64_t p = 0; p < count; ++p) sum = std::max(sum, pairs[static_cast<std::size_t>(p)].square);
        all.insert(all.end(), {static_cast<double>(count), places, sum});
        found.push_back(all);
        CHECK(count > 30);
        CHECK(by_keys[keys * 3] == -1);   // what fills up a panel is nobody's neighbour
    }
    for (const auto& other : found) CHECK(other == found[0]);
}
