#include <buffon/point_set.hpp>

#include <buffon/parallel.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <bit>

using namespace buffon;

namespace {

Matrix all_points(const PointSet& set, std::int64_t dim) {
    Matrix out(set.size(), dim);
    set.uniform(0, out);
    return out;
}

}  // namespace

TEST_CASE("PointSet: independent points are the stream's") {
    const PointSet set = PointSet::independent(100, {3, 8});
    CHECK(set.size() == 100);
    CHECK(set.points() == 100);
    CHECK(set.replicates() == 1);
    const Matrix v = all_points(set, 3);
    for (std::int64_t i = 0; i < 100; ++i)
        for (std::int64_t j = 0; j < 3; ++j) CHECK(v(i, j) == Stream{3, 8}.uniform(i, j));
}

TEST_CASE("PointSet: replicate r is the scramble with stream first_id + r") {
    const PointSet set = PointSet::nets(4, 32, 5, 3, 70);
    CHECK(set.size() == 160);
    CHECK(set.points() == 32);
    CHECK(set.replicates() == 5);
    const Matrix v = all_points(set, 4);
    for (std::int64_t r = 0; r < 5; ++r) {
        const SobolSequence net(4, 32, {3, static_cast<std::uint32_t>(70 + r)});
        for (std::int64_t i = 0; i < 32; ++i)
            for (std::int64_t j = 0; j < 4; ++j) REQUIRE(v(r * 32 + i, j) == net.uniform(i, j));
    }
}

TEST_CASE("PointSet: nets may be scrambled by Owen's method") {
    const PointSet set = PointSet::nets(3, 32, 2, 3, 70, Scramble::owen);
    const Matrix v = all_points(set, 3);
    for (std::int64_t i = 0; i < 32; ++i) CHECK(v(32 + i, 2) == SobolSequence(3, 32, {3, 71}, Scramble::owen).uniform(i, 2));
}

TEST_CASE("PointSet: every replicate of a net has one point in each cell of every coordinate") {
    const PointSet set = PointSet::nets(6, 64, 3, 11, 0);
    const Matrix v = all_points(set, 6);
    for (std::int64_t r = 0; r < 3; ++r)
        for (std::int64_t j = 0; j < 6; ++j) {
            std::uint64_t hit = 0;
            for (std::int64_t i = 0; i < 64; ++i) hit |= std::uint64_t{1} << static_cast<int>(64 * v(r * 64 + i, j));
            CHECK(hit == ~std::uint64_t{0});
        }
}

TEST_CASE("PointSet: slices of any size, across replicates, are rows of the whole") {
    for (const PointSet& set : {PointSet::nets(3, 16, 7, 5, 2), PointSet::independent(112, {5, 2})}) {
        const Matrix whole = all_points(set, 3);
        for (const std::int64_t size : {1, 5, 16, 33, 111})
            for (std::int64_t first = 0; first < set.size(); first += size) {
                Matrix part(std::min(size, set.size() - first), 3);
                set.uniform(first, part);
                for (std::int64_t i = 0; i < part.rows; ++i)
                    for (std::int64_t j = 0; j < 3; ++j) REQUIRE(part(i, j) == whole(first + i, j));
            }
    }
}

TEST_CASE("Replication: a power of two of points, at least the wanted replicates and less than twice as many, within budget") {
    for (const std::int64_t wanted : {2, 8, 16})
        for (const std::int64_t budget : {wanted, wanted + 1, 1000L, 4095L, 4096L, 20'000L, 1'000'003L}) {
            const auto plan = Replication::of(budget, wanted);
            CHECK(std::has_single_bit(static_cast<std::uint64_t>(plan.points)));
            CHECK(plan.replicates >= wanted);
            CHECK(plan.replicates < 2 * wanted);
            CHECK(plan.points * plan.replicates <= budget);
            CHECK(plan.points * plan.replicates + plan.points > budget);   // not one replicate more
        }
    CHECK(Replication::of(20'000).points == 1024);
    CHECK(Replication::of(20'000).replicates == 19);
}

TEST_CASE("for_segments: segments tile the range, each in one replicate and one block of sums") {
    for (const std::int64_t points : {1, 64, 4096, 16'384, 10'000}) {
        const std::int64_t n = points == 10'000 ? points : 5 * points;
        std::vector<std::atomic<int>> visits(static_cast<std::size_t>(n));
        std::atomic<bool> good = true;
        for_segments(n, points, 4, [&](std::int64_t first, std::int64_t count) {
            const bool one_replicate = first / points == (first + count - 1) / points;
            if (count < 1 || count > parallel::block_size || first % segment_length(points) != 0 || !one_replicate) good = false;
            for (std::int64_t i = first; i < first + count; ++i) ++visits[static_cast<std::size_t>(i)];
        });
        CHECK(good);
        for (const auto& v : visits) REQUIRE(v == 1);
    }
}
