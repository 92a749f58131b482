#include <buffon/on_device.hpp>

#include <doctest/doctest.h>

#include <bit>
#include <cmath>
#include <stdexcept>

#include <buffon/device.hpp>
#include <buffon/parallel.hpp>

using namespace buffon;

namespace {

/// Not the functor: the formula of Saltelli and Sobol' over the table of uniforms, in its own words.
Moments g_function_on_rows(const GFunctionAt& term, std::int64_t n) {
    Matrix u(n, term.dim), y(n, 1, 1.0);
    term.stream.uniform(term.first, u);
    for (std::int64_t i = 0; i < n; ++i)
        for (int j = 0; j < term.dim; ++j) y(i, 0) *= (std::abs(4 * u(i, j) - 2) + term.a[j]) / (1 + term.a[j]);
    Moments total;
    for (std::int64_t first = 0; first < n; first += parallel::block_size)
        total.merge(Moments(y.view().slice(first, std::min(parallel::block_size, n - first))));
    return total;
}

const std::int64_t far = (std::int64_t{1} << 32) - 11;   // crosses the low word of the index

}  // namespace

TEST_CASE("uniforms: every device gives the bits of Stream, for odd and even widths") {
    for (const auto& device : available_devices())
        for (const std::int64_t cols : {1, 2, 5, 16})
            for (const std::int64_t rows : {0, 1, 4096, 10'007}) {
                CAPTURE(device);
                CAPTURE(cols);
                Matrix found(rows, cols), expected(rows, cols);
                const Stream stream{0x299f31d0a4093822, 7};
                on_device::uniforms(device, stream, far, found);
                stream.uniform(far, expected);
                CHECK(found.data == expected.data);
            }
}

TEST_CASE("moments: every device gives the bits of the formula over rows, block by block") {
    GFunctionAt term{{11, 2}, far, 6, {0, 0.5, 3, 9, 99, 99}};
    for (const auto& device : available_devices())
        for (const std::int64_t n : {1, 8, 4095, 4096, 4097, 100'003}) {
            CAPTURE(device);
            CAPTURE(n);
            const Moments found = on_device::moments(device, term, n), expected = g_function_on_rows(term, n);
            CHECK(found.n == n);
            CHECK(std::bit_cast<std::uint64_t>(found.mean[0]) == std::bit_cast<std::uint64_t>(expected.mean[0]));
            CHECK(std::bit_cast<std::uint64_t>(found.scatter(0, 0)) == std::bit_cast<std::uint64_t>(expected.scatter(0, 0)));
        }
}

TEST_CASE("moments: the mean of the g-function is 1 within 5 standard errors; nothing has no moments") {
    GFunctionAt term{{5, 0}, 0, 16, {}};
    for (int j = 0; j < 16; ++j) term.a[j] = j;
    for (const auto& device : available_devices()) {
        const Moments m = on_device::moments(device, term, 1'000'000);
        CHECK(std::abs(m.mean[0] - 1) < 5 * std::sqrt(m.covariance()(0, 0) / 1e6));
        CHECK(on_device::moments(device, term, 0).n == 0);
    }
}

TEST_CASE("a device that is not there is named, with what was found") {
    Matrix out(1, 1);
    for (const char* device : {"cuda:99", "gpu", "", "cuda:-1"}) {
        CAPTURE(device);
        CHECK_THROWS_AS(on_device::uniforms(device, Stream{1, 0}, 0, out), std::invalid_argument);
        CHECK_THROWS_WITH(
            on_device::moments(device, GFunctionAt{}, 5),
            doctest::Contains(("device '" + std::string(device) + "' is not there; CUDA: " + cuda_status()).c_str()));
    }
}
