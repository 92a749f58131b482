#include <buffon/slices_on_device.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/device.hpp>
#include <buffon/device_buffer.hpp>
#include <buffon/stream.hpp>

using namespace buffon;

namespace {

Matrix normal(std::int64_t n, std::int64_t d, std::uint32_t stream, double scale = 1.0) {
    Matrix x(n, d);
    Stream{8, stream}.normal(0, x.view());
    for (double& v : x.data) v *= scale;
    return x;
}

double gap(const std::vector<double>& a, const std::vector<double>& b) {
    double largest = 0.0, scale = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) {
        largest = std::max(largest, std::abs(a[i] - b[i]));
        scale = std::max(scale, std::abs(b[i]));
    }
    return largest / scale;
}

/// Devices against the processor: they differ in the order of sums alone.
void check_alike(const std::vector<Matrix>& x, const Matrix& y, std::int64_t directions, const std::string& device) {
    const SliceOptions options{.key = 4, .directions = directions, .progress = {}};
    const SliceSums here = slice_sums(x, y, options, 1),
                    there = slice_sums_on_device("test", {x, {}}, {y}, options, device);
    CHECK(gap(there.squares.data, here.squares.data) < 1e-13);
    CHECK(there.own == doctest::Approx(here.own).epsilon(1e-12));
    CHECK(gap(there.covariance.data, here.covariance.data) < 1e-12);
}

std::vector<DeviceQueue> queues() {
    std::vector<DeviceQueue> all;
    for (std::size_t i = 1; i < available_devices().size(); ++i) all.push_back({.device = static_cast<int>(i) - 1});
    return all;
}

/// Arrays of floats, which lie on a device, against doubles of the same numbers.
void check_floats_alike(const DeviceQueue& queue, std::vector<Matrix> x, Matrix y, std::int64_t directions) {
    std::vector<DeviceBuffer> memory;
    const auto there = [&](Matrix& of) {
        std::vector<float> singles(of.data.begin(), of.data.end());
        of.data.assign(singles.begin(), singles.end());
        memory.push_back(DeviceBuffer::of(queue, std::span<const float>(singles)));
        return DeviceArray{queue, memory.back().data(), true, of.rows, of.cols};
    };
    PointSets arrays;
    for (Matrix& set : x) arrays.arrays.push_back(there(set));
    const DeviceArray reference = there(y);
    const SliceOptions options{.key = 4, .directions = directions, .progress = {}};
    const SliceSums here = slice_sums(x, y, options, 1),
                    found = slice_sums_on_device("test", arrays, {{}, reference}, options, "cpu");
    CHECK(gap(found.squares.data, here.squares.data) < 3e-6);
    CHECK(found.own == doctest::Approx(here.own).epsilon(3e-6));
    CHECK(gap(found.covariance.data, here.covariance.data) < 3e-6);
}

std::vector<std::string> devices() {
    auto all = available_devices();
    all.erase(all.begin());
    return all;
}

}   // namespace

TEST_CASE(
    "slices on a device: few rows and many, of equal numbers and not, one dimension and many, several parts of the "
    "directions") {
    for (const std::string& device : devices()) {
        for (const std::int64_t d : {1, 3, 16, 70}) {
            CAPTURE(d);
            check_alike({normal(300, d, 1), normal(257, d, 2), normal(4, d, 3)}, normal(300, d, 0), 5, device);
        }
        check_alike({normal(5'001, 5, 1)}, normal(2'500, 5, 0), 200, device);   // two parts
        check_alike({normal(20'000, 2, 1)}, normal(30'001, 2, 0), 2, device);
    }
}

TEST_CASE(
    "slices on a device: floats give what the processor gives, to their precision, wherever rows begin and however "
    "large they are") {
    for (const DeviceQueue& queue : queues())
        for (const std::int64_t d : {1, 3, 4, 64, 1001})
            for (const double scale : {1e-15, 1.0, 1e15}) {
                CAPTURE(d);
                CAPTURE(scale);
                check_floats_alike(queue,
                                   {normal(300, d, 1, scale), normal(257, d, 2, scale), normal(300, d, 3, scale)},
                                   normal(300, d, 0, scale), 5);
            }
}

TEST_CASE(
    "in brief: slices on a device, of both precisions, in several segments and parts, are those of the processor") {
    for (const std::string& device : devices())
        check_alike({normal(4'500, 5, 1), normal(300, 5, 2)}, normal(2'300, 5, 0), 130, device);
    for (const DeviceQueue& queue : queues()) {
        check_floats_alike(queue, {normal(2'300, 70, 1)}, normal(2'300, 70, 0), 130);
        check_floats_alike(queue, {normal(2'300, 64, 1)}, normal(100, 64, 0), 3);
    }
}

TEST_CASE("slices on a device: equal numbers keep the order of their rows, zeros of both signs are equal") {
    for (const std::string& device : devices()) {
        Matrix x = normal(3'000, 1, 1), y = normal(1'000, 1, 0);
        for (double& v : x.data) v = std::round(v);   // -0 among them
        for (double& v : y.data) v = std::round(v);
        check_alike({x}, y, 3, device);
    }
}

TEST_CASE("slices on a device: a row that is not finite is named, and a device that is not there") {
    Matrix x = normal(100, 3, 1);
    const Matrix y = normal(50, 3, 0);
    const SliceOptions options{.key = 4, .directions = 3, .progress = {}};
    CHECK_THROWS_AS(slice_sums_on_device("test", {{x}, {}}, {y}, options, "cuda:9"), std::invalid_argument);
    x(70, 1) = std::numeric_limits<double>::quiet_NaN();
    x(90, 2) = std::numeric_limits<double>::infinity();
    for (const std::string& device : devices()) {
        CHECK_THROWS_WITH_AS(slice_sums_on_device("test", {{x}, {}}, {y}, options, device),
                             "test: x must be finite, row 70 is not", std::invalid_argument);
        CHECK_THROWS_WITH_AS(slice_sums_on_device("test", {{y}, {}}, {x}, options, device),
                             "test: y must be finite, row 70 is not", std::invalid_argument);
    }
}
