#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <vector>

#include <doctest/doctest.h>

#include <buffon/device.hpp>
#include <buffon/device_pairs.hpp>
#include <buffon/stream.hpp>

using namespace buffon;

namespace {

std::vector<DeviceQueue> queues() {
    std::vector<DeviceQueue> all;
    for (std::size_t i = 1; i < available_devices().size(); ++i) all.push_back({.device = static_cast<int>(i) - 1});
    return all;
}

Matrix normal(std::int64_t n, std::int64_t d, std::uint64_t key, double mean = 0.0) {
    Matrix x(n, d);
    Stream{key, 3}.normal(0, x.view());
    for (double& v : x.data) v += mean;
    return x;
}

/// Floats on a device, and what they are in double.
struct Singles {
    Singles(const DeviceQueue& queue, Matrix of) : host(std::move(of)) {
        std::vector<float> singles(host.data.begin(), host.data.end());
        for (std::size_t i = 0; i < singles.size(); ++i) host.data[i] = singles[i];
        memory = DeviceBuffer::of(queue, std::span<const float>(singles));
        array = {queue, memory.data(), true, host.rows, host.cols};
    }
    Matrix host;
    DeviceBuffer memory;
    DeviceArray array;
};

void check_alike(const std::vector<double>& there, const std::vector<double>& here, double tolerance) {
    REQUIRE(there.size() == here.size());
    double worst = 0;
    for (std::size_t i = 0; i < here.size(); ++i)
        worst = std::max(worst, std::abs(there[i] - here[i]) / (std::abs(here[i]) + 1e-3));
    CHECK(worst < tolerance);
}

void check_alike(const KernelSums& there, const KernelSums& here, double tolerance) {
    check_alike(there.rows, here.rows, tolerance);
    check_alike(there.columns, here.columns, tolerance);
    CHECK(there.squares == doctest::Approx(here.squares).epsilon(tolerance));
}

}  // namespace

TEST_CASE("pair_sums on a device: in double those of the processor, for awkward sizes") {
    for (const DeviceQueue& queue : queues())
        for (const PairFunction f : {PairFunction::gaussian, PairFunction::distance, PairFunction::cubic})
            for (const auto [n, m, d] : {std::array<std::int64_t, 3>{1, 1, 1},
                                         {3, 130, 2},
                                         {64, 16, 5},
                                         {65, 1030, 17},
                                         {700, 513, 33},
                                         {8200, 300, 3}}) {
                CAPTURE(n);
                CAPTURE(static_cast<int>(f));
                const Matrix x = normal(n, d, 1), y = normal(m, d, 2, 0.3);
                const DevicePairPoints there({queue}, x, {}), others({queue}, y, {});
                CHECK(there.first_bad() == n);
                check_alike(pair_sums(f, 0.1, there, others), pair_sums(f, 0.1, x, y), 1e-12);
                check_alike(pair_sums(f, 0.1, there), pair_sums(f, 0.1, x), 1e-12);
            }
}

TEST_CASE("pair_sums on a device: floats by products, by differences where the kernel is narrow, and far from 0") {
    for (const DeviceQueue& queue : queues())
        for (const double mean : {0.0, 1000.0})
            for (const double scale : {0.01, 30.0})
                for (const PairFunction f : {PairFunction::gaussian, PairFunction::distance, PairFunction::cubic}) {
                    if (f == PairFunction::cubic && mean != 0.0) continue;   // products are not relative to a centre
                    CAPTURE(mean);
                    CAPTURE(scale);
                    CAPTURE(static_cast<int>(f));
                    const Singles x(queue, normal(700, 20, 1, mean)), y(queue, normal(300, 20, 2, mean));
                    const std::vector<double> centre(20, f == PairFunction::cubic ? 0.0 : mean);
                    const double used = f == PairFunction::cubic ? 0.05 : scale;
                    const DevicePairPoints there(x.array, centre), others(y.array, centre);
                    check_alike(pair_sums(f, used, there, others), pair_sums(f, used, x.host, y.host), 2e-5);
                    check_alike(pair_sums(f, used, there), pair_sums(f, used, x.host), 2e-5);
                }
}

TEST_CASE(
    "in brief: pair_sums on a device, of every function in both precisions, are the processor's in several tiles with "
    "ragged ends") {
    for (const DeviceQueue& queue : queues())
        for (const PairFunction f : {PairFunction::gaussian, PairFunction::distance, PairFunction::cubic}) {
            CAPTURE(static_cast<int>(f));
            const Matrix x = normal(150, 19, 1), y = normal(330, 19, 2, 0.3);
            const DevicePairPoints there({queue}, x, {}), others({queue}, y, {});
            CHECK(there.first_bad() == 150);
            check_alike(pair_sums(f, 0.1, there, others), pair_sums(f, 0.1, x, y), 1e-12);
            check_alike(pair_sums(f, 0.1, there), pair_sums(f, 0.1, x), 1e-12);
            const Singles one(queue, x), two(queue, y);
            const DevicePairPoints single(one.array, {}), singles(two.array, {});
            REQUIRE(there.half_squares().size() == 150);
            for (std::int64_t i = 0; i < 150; ++i) {
                double square = 0;
                for (const double v : x.view().row(i)) square += v * v;
                CHECK(there.half_squares()[static_cast<std::size_t>(i)] == doctest::Approx(square / 2).epsilon(1e-13));
                CHECK(single.half_squares()[static_cast<std::size_t>(i)] == doctest::Approx(square / 2).epsilon(1e-5));
            }
            for (const double scale : {0.01, 30.0}) {   // by products, by differences
                const double used = f == PairFunction::cubic ? 0.05 : scale;
                check_alike(pair_sums(f, used, single, singles), pair_sums(f, used, one.host, two.host), 2e-5);
                check_alike(pair_sums(f, used, single), pair_sums(f, used, one.host), 2e-5);
            }
        }
}

TEST_CASE("pair_sums on devices: the same bits on any number of them, and again") {
    for (const DeviceQueue& queue : queues()) {
        const Matrix x = normal(40'000, 3, 1), y = normal(900, 3, 2);
        std::vector<DeviceQueue> all = queues();
        for (int k = 0; k < 3; ++k) all.push_back(queue);   // the same device may stand for several
        const DevicePairPoints one({queue}, x, {}), several(all, x, {}), reference({queue}, y, {}), references(all, y, {});
        const KernelSums alone = pair_sums(PairFunction::gaussian, 0.1, one, reference),
                         together = pair_sums(PairFunction::gaussian, 0.1, several, references);
        CHECK(alone.rows == together.rows);
        CHECK(alone.columns == together.columns);
        CHECK(alone.squares == together.squares);
        const KernelSums own = pair_sums(PairFunction::distance, 0, one), shared = pair_sums(PairFunction::distance, 0, several);
        CHECK(own.rows == shared.rows);
        CHECK(own.squares == shared.squares);
        CHECK(pair_sums(PairFunction::gaussian, 0.1, one, reference).columns == alone.columns);
    }
}

TEST_CASE("pair_sums on a device: more rows than a launch has tiles") {
    for (const DeviceQueue& queue : queues()) {
        const Matrix x = normal(4'300'000, 1, 1), y = normal(2, 1, 2);
        const DevicePairPoints there({queue}, x, {}), others({queue}, y, {});
        check_alike(pair_sums(PairFunction::gaussian, 0.5, there, others), pair_sums(PairFunction::gaussian, 0.5, x, y), 1e-11);
    }
}

TEST_CASE("pair_sums on a device: more coordinates than an axis of a launch has tiles") {
    for (const DeviceQueue& queue : queues()) {
        Matrix x(3, 65'536 * 32 + 1);
        for (std::int64_t i = 0; i < x.rows; ++i) x(i, x.cols - 1) = static_cast<double>(3 * i);
        const Singles single(queue, x);
        const DevicePairPoints there(single.array, {});
        CHECK(there.largest() == 36.0);
        check_alike(pair_sums(PairFunction::distance, 0, there).rows, {9.0, 6.0, 9.0}, 1e-6);
    }
}

TEST_CASE("pair points on a device: the first row that is not finite, the largest norm, the head; progress counts all pairs") {
    for (const DeviceQueue& queue : queues()) {
        Matrix x = normal(3000, 4, 1);
        x(17, 2) = 40;
        std::int64_t last = 0;
        const DevicePairPoints whole({queue}, x, {});
        pair_sums(PairFunction::distance, 0, whole, [&](std::int64_t n) { last = n; });
        CHECK(last == 3000 * 3000);
        CHECK(whole.largest() == doctest::Approx(x(17, 0) * x(17, 0) + x(17, 1) * x(17, 1) + 1600 + x(17, 3) * x(17, 3)));
        x(2500, 0) = std::numeric_limits<double>::infinity();
        x(2100, 3) = std::nan("");
        CHECK(DevicePairPoints({queue}, x, {}).first_bad() == 2100);
        const Singles single(queue, normal(10, 3, 2));
        CHECK(head(single.array, 4).data == std::vector<double>(single.host.data.begin(), single.host.data.begin() + 12));
        CHECK(head(single.array, 99).rows == 10);
    }
}
