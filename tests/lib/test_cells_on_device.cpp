#include <buffon/cells_on_device.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include <buffon/device.hpp>

using namespace buffon;

namespace {

std::vector<DeviceQueue> queues() {
    std::vector<DeviceQueue> all;
    for (std::size_t i = 1; i < available_devices().size(); ++i) all.push_back({.device = static_cast<int>(i) - 1});
    return all;
}

Matrix normal_points(std::int64_t n, std::int64_t d) {
    Matrix y(n, d);
    Stream{3, 0}.normal(0, y);
    return y;
}

std::vector<double> some_heights(std::int64_t n) {
    std::vector<double> h;
    for (std::int64_t i = 0; i < n; ++i) h.push_back(0.3 * std::sin(static_cast<double>(3 * i)));
    return h;
}

Distribution joint_of(std::int64_t d, const Univariate& law) {
    return Joint(std::vector<Univariate>(static_cast<std::size_t>(d), law));
}

MultivariateNormal slanted(std::int64_t d) {
    Matrix c(d, d, 0.4);
    for (std::int64_t j = 0; j < d; ++j) c(j, j) = 1.0 + 0.1 * static_cast<double>(j);
    return {std::vector<double>(static_cast<std::size_t>(d), 0.7), c};
}

/// Sources that a device draws, and one that it does not.
std::vector<Distribution> sources(std::int64_t d) {
    return {joint_of(d, Normal()), slanted(d), joint_of(d, Uniform(0, 1)), joint_of(d, LogNormal(0, 0.5)),
            joint_of(d, Gamma(2.0, 1.0))};
}

constexpr std::int64_t dims[] = {1, 2, 7, 32, 33, 64, 100}, sizes[] = {2, 100, 128, 129, 1000};

}  // namespace

TEST_CASE("cells on a device: counts and the sum of the scores are the processor's, to the bit, turned and plain") {
    for (const DeviceQueue& queue : queues())
        for (const std::int64_t d : dims)
            for (const std::int64_t n : sizes)
                for (const Distribution& source : sources(d))
                    for (const int rotations : {0, 1, 3, 4}) {
                        CAPTURE(d);
                        CAPTURE(n);
                        CAPTURE(rotations);
                        const PowerCells cells(normal_points(n, d),
                                               std::vector<double>(static_cast<std::size_t>(d), 0.1), source,
                                               rotations);
                        const CellsOnDevice device(queue, cells);
                        const std::vector<double> h = some_heights(n);
                        const CellCounts here = cells.count(h, 20'000, {7, 2}, 0), there = device.count(h, 20'000, {7, 2});
                        CHECK(there.counts == here.counts);
                        CHECK(there.score_sum == here.score_sum);
                        CHECK(there.draws == here.draws);
                        const bool fast = device.fast();
                        CHECK(device.count(h, 20'000, {7, 2}, false).counts == here.counts);
                        if (n >= 100 && d >= 32) CHECK(device.fast() == fast);   // close calls are few
                    }
}

TEST_CASE("cells on a device: pieces of a long count change nothing, nor do close calls that are too many for tensor cores") {
    for (const DeviceQueue& queue : queues())
        for (const int rotations : {0, 4}) {
            const Matrix y = normal_points(500, 2);
            std::vector<double> h;   // of Voronoi's cells: none is empty
            for (std::int64_t i = 0; i < y.rows; ++i) h.push_back(-0.5 * (y(i, 0) * y(i, 0) + y(i, 1) * y(i, 1)));
            const PowerCells cells(y, {0.0, 0.0}, joint_of(2, Normal()), rotations);
            const CellsOnDevice device(queue, cells);
            const CellCounts here = cells.count(h, 5'000'000, {7, 3}, 0), there = device.count(h, 5'000'000, {7, 3});
            CHECK(there.counts == here.counts);
            CHECK(there.score_sum == here.score_sum);
            CHECK(device.count(h, 5'000'000, {7, 3}, false).counts == here.counts);
            CHECK(!device.fast());   // 500 points in the plane are close to each other
        }
}

TEST_CASE("cells on a device: the two best cells are the processor's, their gap too, and of equal scores the lowest") {
    for (const DeviceQueue& queue : queues())
        for (const std::int64_t d : dims)
            for (const std::int64_t n : sizes)
                for (const bool twice : {false, true}) {
                    CAPTURE(d);
                    CAPTURE(n);
                    CAPTURE(twice);
                    Matrix y = normal_points(n, d);
                    std::vector<double> h = some_heights(n);
                    for (std::int64_t i = n / 2; twice && i < n; ++i) {   // every target again
                        std::copy_n(y.data.begin() + (i - n / 2) * d, d, y.data.begin() + i * d);
                        h[static_cast<std::size_t>(i)] = h[static_cast<std::size_t>(i - n / 2)];
                    }
                    const PowerCells cells(y, std::vector<double>(static_cast<std::size_t>(d), 0.0), joint_of(d, Normal()));
                    const auto here = cells.top_two(h, 4'000, {7, 4}, 0),
                               there = CellsOnDevice(queue, cells).top_two(h, 4'000, {7, 4});
                    bool same = here.size() == there.size();
                    for (std::size_t i = 0; same && i < here.size(); ++i)
                        same = here[i].first == there[i].first && here[i].second == there[i].second &&
                               here[i].gap == there[i].gap;
                    CHECK(same);
                }
}

TEST_CASE(
    "in brief: cells on a device, of few coordinates and of more than stay in a multiprocessor, are the processor's to "
    "the bit") {
    for (const DeviceQueue& queue : queues())
        for (const auto& [d, n] : {std::pair<std::int64_t, std::int64_t>{3, 130}, {64, 900}, {200, 300}})
            for (const Distribution& source : {joint_of(d, Normal()), joint_of(d, LogNormal(0, 0.5))})
                for (const int rotations : {0, 1, 4}) {
                    CAPTURE(d);
                    CAPTURE(rotations);
                    const std::vector<double> h = some_heights(n);
                    const PowerCells cells(normal_points(n, d), std::vector<double>(static_cast<std::size_t>(d), 0.1),
                                           source, rotations);
                    const CellsOnDevice device(queue, cells);
                    const CellCounts here = cells.count(h, 1'000, {7, 2}, 0), there = device.count(h, 1'000, {7, 2});
                    CHECK(there.counts == here.counts);
                    CHECK(there.score_sum == here.score_sum);
                    CHECK(device.count(h, 1'000, {7, 2}, false).counts == here.counts);
                    if (rotations > 0) continue;
                    const auto two = cells.top_two(h, 96, {7, 4}, 0), found = device.top_two(h, 96, {7, 4});
                    for (std::size_t i = 0; i < two.size(); ++i) CHECK(found[i].second == two[i].second);
                }
}

TEST_CASE("cells on a device: what the memory held before changes nothing") {
    constexpr std::uint16_t infinite = 0x7c00;   // of half precision: one in every row of an image, wherever that begins
    std::vector<std::uint16_t> rows(std::size_t{1} << 26, 0);
    for (std::size_t i = 0; i < rows.size(); i += 64) rows[i] = infinite;
    for (const DeviceQueue& queue : queues()) {
        const std::int64_t n = 2000, d = 64;
        const PowerCells cells(normal_points(n, d), std::vector<double>(static_cast<std::size_t>(d), 0.0), joint_of(d, Normal()));
        const std::vector<double> h = some_heights(n);
        const CellsOnDevice device(queue, cells);
        const bool fast = device.fast();
        for (std::uint32_t id = 0; id < 8; ++id) {
            { const DeviceBuffer before = DeviceBuffer::of(queue, std::span<const std::uint16_t>(rows)); }
            CHECK(device.count(h, 20'000, {7, 10 + id}, false).counts == cells.count(h, 20'000, {7, 10 + id}, 0).counts);
        }
        CHECK(device.fast() == fast);   // nor were there too many calls that are close
    }
}
