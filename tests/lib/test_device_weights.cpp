#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include <doctest/doctest.h>

#include <buffon/device.hpp>
#include <buffon/device_buffer.hpp>
#include <buffon/gaussians.hpp>
#include <buffon/stream.hpp>

using namespace buffon;

namespace {

struct Shape {
    std::int64_t d, laws, components;
    bool fitted, own;
    std::int64_t rows;
    double initial;   // share of q_0
};

/// What is weighed, and what the processor makes of it.
struct Case {
    std::vector<Gaussian> gaussians;
    std::vector<double> alpha, y;
    Matrix z, u;
    std::vector<double> sums;   // (own_sums, laws)
    double highest = 0.0;
};

std::vector<Gaussian> some_gaussians(std::int64_t count, std::int64_t d) {
    std::vector<Gaussian> all;
    for (std::int64_t k = 0; k < count; ++k) {
        Matrix mean(1, d), factor(d, d);
        Stream{7, static_cast<std::uint32_t>(2 * k)}.normal(0, mean);
        Stream{7, static_cast<std::uint32_t>(2 * k + 1)}.normal(0, factor);
        for (double& m : mean.data) m *= 0.5;
        for (std::int64_t i = 0; i < d; ++i)
            for (std::int64_t j = 0; j < d; ++j) factor(i, j) = j > i ? 0.0 : j < i ? 0.2 * factor(i, j) : 0.7 + 0.3 * std::abs(factor(i, j));
        all.push_back({mean.data, factor});
    }
    return all;
}

Case case_of(const Shape& s) {
    const std::int64_t size = s.laws + s.components + (s.fitted ? s.laws : 0), left = s.components + 2;
    const auto numbers = static_cast<std::size_t>(s.rows);
    Case c{some_gaussians(size, s.d), {s.initial}, std::vector<double>(numbers), Matrix(s.rows, s.d),
           Matrix(s.rows, left + s.laws + (s.own ? size - s.components : 0)),
           std::vector<double>(static_cast<std::size_t>(DeviceWeights::own_sums * s.laws), 0.0)};
    Stream{8, 1}.normal(0, c.z.view());
    Matrix answers(s.rows, 1);
    Stream{8, 2}.normal(0, answers.view());
    c.y = answers.data;
    for (std::int64_t k = 0; k < s.components; ++k)   // one of them is not sampled
        c.alpha.push_back(k == 1 ? 0.0 : (1 - s.initial) / static_cast<double>(s.components > 1 ? s.components - 1 : 1));
    const Gaussians all(c.gaussians);
    Matrix log_density(s.rows, size);
    all.log_density(c.z, log_density);
    Matrix means(size, s.d), peaks(size, size);
    for (std::int64_t k = 0; k < size; ++k) std::ranges::copy(c.gaussians[static_cast<std::size_t>(k)].mean, means.view().row(k).begin());
    all.log_density(means, peaks);
    c.highest = peaks(0, 0);
    for (std::int64_t k = 0; k < size; ++k) c.highest = std::max(c.highest, peaks(k, k));
    for (std::int64_t i = 0; i < s.rows; ++i) {
        const auto density = [&](std::int64_t k) { return std::exp(log_density(i, k)); };
        double initial = 0.0, q = 0.0;
        for (std::int64_t k = 0; k < s.laws; ++k) initial += density(k) / static_cast<double>(s.laws);
        for (std::int64_t k = 0; k < s.components; ++k) q += c.alpha[static_cast<std::size_t>(k + 1)] * density(s.laws + k);
        q += s.initial * initial;
        const double y = c.y[static_cast<std::size_t>(i)];
        c.u(i, 0) = initial / q - 1;
        for (std::int64_t k = 0; k < s.components; ++k) c.u(i, 1 + k) = density(s.laws + k) / q - 1;
        c.u(i, left - 1) = 1.0;
        for (std::int64_t j = 0; j < s.laws; ++j) {
            const double f = density(j) / q - 1, t = (f + 1) * y, g = s.fitted ? density(s.laws + s.components + j) / q - 1 : 0.0,
                         counted = s.initial * initial / q >= 0.5 ? t : 0.0;
            c.u(i, left + j) = t;
            if (s.own) c.u(i, left + s.laws + j) = f;
            if (s.own && s.fitted) c.u(i, left + 2 * s.laws + j) = g;
            const double terms[] = {f * f, f * t, f * g, g * g, g * t, std::abs(counted), counted * counted};
            for (std::int64_t k = 0; k < DeviceWeights::own_sums; ++k) c.sums[static_cast<std::size_t>(k * s.laws + j)] += terms[k];
        }
    }
    return c;
}

template <class T>
DeviceBuffer on(const DeviceQueue& queue, const std::vector<T>& numbers) {
    return DeviceBuffer::of(queue, std::span<const T>(numbers));
}

double worst_gap(const std::vector<double>& there, const std::vector<double>& here) {
    REQUIRE(there.size() == here.size());
    double worst = 0;
    for (std::size_t i = 0; i < here.size(); ++i) {
        const double gap = std::abs(there[i] - here[i]) / (1 + std::abs(here[i]));
        if (!(gap <= worst)) worst = gap;   // NaN stays
    }
    return worst;
}

void check_weights(const DeviceQueue& queue, const Shape& s) {
    CAPTURE(s.d);
    CAPTURE(s.laws);
    CAPTURE(s.components);
    CAPTURE(s.rows);
    const Case c = case_of(s);
    const std::vector<double> none(c.u.data.size(), std::nan(""));
    const DeviceBuffer groups = on(queue, Gaussians(c.gaussians).groups()), alpha = on(queue, c.alpha), z = on(queue, c.z.data),
                       y = on(queue, c.y);
    for (const bool close : {true, false}) {   // relative to the highest density, or to the highest at each row
        CAPTURE(close);
        DeviceWeights w{.gaussians = {s.d, static_cast<std::int64_t>(c.gaussians.size()), groups.as<double>()},
                        .laws = s.laws,
                        .components = s.components,
                        .own = s.own,
                        .highest = c.highest,
                        .close = close,
                        .alpha = alpha.as<double>(),
                        .z = z.as<double>(),
                        .y = y.as<double>(),
                        .rows = s.rows};
        REQUIRE(w.width() == c.u.cols);
        const DeviceBuffer u = on(queue, none), records(queue, w.blocks() * DeviceWeights::own_sums * s.laws * 8);
        w.u = static_cast<double*>(u.data());
        w.records = static_cast<double*>(records.data());
        device_check(queue, device_library().table->weigh(&queue, &w));
        std::vector<double> rows(c.u.data.size()), parts(static_cast<std::size_t>(w.blocks() * DeviceWeights::own_sums * s.laws));
        u.download(rows.data());
        records.download(parts.data());
        CHECK(worst_gap(rows, c.u.data) < 1e-11);
        std::vector<double> sums(c.sums.size(), 0.0);
        for (std::size_t k = 0; k < parts.size(); ++k) sums[k % sums.size()] += parts[k];
        CHECK(worst_gap(sums, c.sums) < 1e-10);
    }
}

}  // namespace

TEST_CASE("in brief: weights of aiscv's last sample on a device are the processor's, for every number of coordinates and ragged rows") {
    for (std::size_t k = 1; k < available_devices().size(); ++k) {
        const DeviceQueue queue{.device = static_cast<int>(k) - 1};
        for (const std::int64_t d : {1, 2, 3, 4, 5, 6, 7, 8, 11}) check_weights(queue, {d, 3, 5, true, true, 21, 0.4});
        for (const std::int64_t rows : {1, 7, 8, 255, 257}) check_weights(queue, {3, 5, 4, false, true, rows, 0.4});
    }
}

TEST_CASE("weights of aiscv's last sample on a device are the processor's, in blocks of every size") {
    for (std::size_t k = 1; k < available_devices().size(); ++k) {
        const DeviceQueue queue{.device = static_cast<int>(k) - 1};
        for (const double initial : {0.0, 0.3, 1.0}) check_weights(queue, {2, 20, 11, false, false, 700, initial});
        check_weights(queue, {4, 1, 0, false, true, 300, 1.0});      // a warp, of which one thread has a law
        check_weights(queue, {6, 100, 25, true, true, 700, 0.3});    // the largest of the small blocks
        check_weights(queue, {3, 128, 0, true, true, 300, 1.0});
        check_weights(queue, {3, 115, 27, true, true, 300, 0.3});    // one pair more
        check_weights(queue, {2, 500, 24, false, true, 300, 0.3});   // 512
        check_weights(queue, {2, 501, 24, false, true, 300, 0.3});   // densities in shared memory
    }
}
