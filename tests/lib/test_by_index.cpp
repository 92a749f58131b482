#include <buffon/by_index.hpp>

#include <doctest/doctest.h>
#include <thrust/execution_policy.h>

#include <vector>

#include <buffon/moments.hpp>
#include <buffon/parallel.hpp>
#include <buffon/stream.hpp>

using namespace buffon;

namespace {

/// Signs, sizes and a negative zero.
struct Term {
    double operator()(std::int64_t i) const { return i % 5 == 0 ? -0.0 : 100 * Stream{3, 1}.uniform(i, 0) - 40; }
};

const std::int64_t sizes[] = {1, 7, 8, 9, 4095, 4096, 4097, 10'001};

}  // namespace

TEST_CASE("by_index: a block is a block of all sums") { CHECK(by_index::block_terms == parallel::block_size); }

TEST_CASE("by_index: transform writes f of each index") {
    for (const std::int64_t n : sizes) {
        std::vector<double> out(static_cast<std::size_t>(n) + 1, 7.0);
        by_index::transform(thrust::omp::par, n, Term{}, out.data());
        for (std::int64_t i = 0; i < n; ++i) REQUIRE(out[static_cast<std::size_t>(i)] == Term{}(i));
        CHECK(out.back() == 7.0);
    }
}

TEST_CASE("by_index: block_moments are, bit for bit, those of Moments on each block") {
    for (const std::int64_t n : sizes) {
        CAPTURE(n);
        const std::int64_t blocks = by_index::blocks(n);
        REQUIRE(blocks == (n + 4095) / 4096);
        std::vector<double> lanes(static_cast<std::size_t>(8 * blocks)), mean(static_cast<std::size_t>(blocks)),
            scatter(mean.size());
        by_index::block_moments(thrust::cpp::par, n, Term{}, lanes.data(), mean.data(), scatter.data());
        for (std::int64_t b = 0; b < blocks; ++b) {
            Matrix y(by_index::terms_in(b, n), 1);
            for (std::int64_t i = 0; i < y.rows; ++i) y(i, 0) = Term{}(b * 4096 + i);
            const Moments expected(y);
            CHECK(mean[static_cast<std::size_t>(b)] == expected.mean[0]);
            CHECK(scatter[static_cast<std::size_t>(b)] == expected.scatter(0, 0));
        }
    }
}
