#include <buffon/slices_on_device.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/device.hpp>
#include <buffon/stream.hpp>

using namespace buffon;

namespace {

Matrix normal(std::int64_t n, std::int64_t d, std::uint32_t stream) {
    Matrix x(n, d);
    Stream{8, stream}.normal(0, x.view());
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
    const SliceSums here = slice_sums(x, y, options, 1), there = slice_sums_on_device("test", {x, {}}, {y}, options, device);
    CHECK(gap(there.squares.data, here.squares.data) < 1e-13);
    CHECK(there.own == doctest::Approx(here.own).epsilon(1e-12));
    for (std::size_t s = 0; s < x.size(); ++s) {
        CHECK(gap(there.of_x[s], here.of_x[s]) < 1e-12);
        CHECK(gap(there.of_y[s], here.of_y[s]) < 1e-12);
    }
}

std::vector<std::string> devices() {
    auto all = available_devices();
    all.erase(all.begin());
    return all;
}

}  // namespace

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
