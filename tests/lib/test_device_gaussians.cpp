#include <buffon/gaussians.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include <buffon/device.hpp>
#include <buffon/device_buffer.hpp>
#include <buffon/logspace.hpp>
#include <buffon/stream.hpp>

using namespace buffon;

namespace {

std::vector<Gaussian> gaussians(std::int64_t count, std::int64_t d) {
    std::vector<Gaussian> all;
    for (std::int64_t k = 0; k < count; ++k) {
        Matrix mean(1, d), factor(d, d);
        Stream{5, static_cast<std::uint32_t>(2 * k)}.normal(0, mean);
        Stream{5, static_cast<std::uint32_t>(2 * k + 1)}.normal(0, factor);
        for (std::int64_t i = 0; i < d; ++i)
            for (std::int64_t j = 0; j < d; ++j)
                factor(i, j) = j > i   ? 0.0
                               : j < i ? factor(i, j) / static_cast<double>(d)
                                       : 0.5 + std::abs(factor(i, j));
        all.push_back({mean.data, factor});
    }
    return all;
}

/// Each log density, or that of the mixture with equal shares.
std::vector<double> found_on(const DeviceQueue& queue, const Gaussians& of, std::int64_t count, const Matrix& z,
                             bool mixture) {
    const std::vector<double> log_share(static_cast<std::size_t>(count), -std::log(static_cast<double>(count)));
    const DeviceBuffer groups = DeviceBuffer::of(queue, std::span<const double>(of.groups())),
                       rows = DeviceBuffer::of(queue, std::span<const double>(z.data)),
                       shares = DeviceBuffer::of(queue, std::span<const double>(log_share));
    std::vector<double> out(static_cast<std::size_t>(mixture ? z.rows : z.rows * count));
    const DeviceBuffer there = DeviceBuffer::of(queue, std::span<const double>(out));
    const DeviceLogDensities what{.of = {z.cols, count, groups.as<double>()},
                                  .z = rows.as<double>(),
                                  .rows = z.rows,
                                  .log_share = mixture ? shares.as<double>() : nullptr,
                                  .out = static_cast<double*>(there.data())};
    device_check(queue, device_library().table->log_densities(&queue, &what));
    there.download(out.data());
    return out;
}

}   // namespace

TEST_CASE(
    "in brief: log densities of Gaussians on a device are the processor's, each and of their mixture, in tiles of "
    "every form") {
    for (std::size_t k = 1; k < available_devices().size(); ++k)
        for (const std::int64_t d : {1, 6, 8, 12})   // one thread has a row of up to eight coordinates
            for (const std::int64_t count :
                 {1, 7, 100, 700}) {   // of many the numbers do not fit into a block's memory
                CAPTURE(d);
                CAPTURE(count);
                const Gaussians all(gaussians(count, d));
                Matrix z(700, d), each(z.rows, count);
                Stream{6, 0}.normal(0, z);
                all.log_density(z, each);
                const DeviceQueue queue{.device = static_cast<int>(k) - 1};
                const std::vector<double> there = found_on(queue, all, count, z, false),
                                          whole = found_on(queue, all, count, z, true);
                double worst = 0.0;
                for (std::size_t i = 0; i < there.size(); ++i)
                    worst = std::max(worst, std::abs(there[i] - each.data[i]) / (1 + std::abs(each.data[i])));
                for (std::int64_t i = 0; i < z.rows; ++i) {
                    const double expected = log_sum_exp(each.view().row(i)) - std::log(static_cast<double>(count));
                    worst = std::max(
                        worst, std::abs(whole[static_cast<std::size_t>(i)] - expected) / (1 + std::abs(expected)));
                }
                CHECK(worst < 1e-11);
            }
}

TEST_CASE("log densities of Gaussians on a device: more coordinates than a block has room for are said to be too many") {
    for (std::size_t k = 1; k < available_devices().size(); ++k) {
        const DeviceQueue queue{.device = static_cast<int>(k) - 1};
        const DeviceLogDensities what{.of = {.dim = 4000, .size = 1}, .rows = 1};   // nothing is read
        CHECK_THROWS_WITH_AS(device_check(queue, device_library().table->log_densities(&queue, &what)),
                             doctest::Contains("Gaussians of more than 3200 coordinates do not fit"), std::runtime_error);
    }
}
