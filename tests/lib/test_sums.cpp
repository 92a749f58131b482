#include <buffon/sums.hpp>

#include <buffon/stream.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <numeric>
#include <vector>

using namespace buffon;

TEST_CASE("sum_of: visits each index once, for every remainder of eight lanes") {
    for (std::int64_t n = 0; n < 40; ++n) {
        std::vector<int> visits(static_cast<std::size_t>(n));
        const double sum = sum_of(n, [&](std::int64_t i) {
            ++visits[static_cast<std::size_t>(i)];
            return std::ldexp(1.0, static_cast<int>(i));   // any other set of terms has another sum
        });
        CHECK(sum == std::ldexp(1.0, static_cast<int>(n)) - 1.0);
        for (const int v : visits) CHECK(v == 1);
    }
}

TEST_CASE("sum_of: has the bits of the promised order, eight interleaved lanes combined pairwise") {
    const std::int64_t n = 1003;
    const auto term = [](std::int64_t i) { return std::exp(20 * Stream{1, 0}.uniform(i, 0)); };
    double lane[8] = {};
    for (std::int64_t i = 0; i < n; ++i) lane[i % 8] += term(i);
    const double promised = ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7]));
    double one_by_one = 0;
    for (std::int64_t i = 0; i < n; ++i) one_by_one += term(i);
    CHECK(sum_of(n, term) == promised);
    CHECK(promised != one_by_one);   // otherwise the check above says nothing
}

TEST_CASE("dot: equals the standard library's inner product to rounding") {
    std::vector<double> a(517), b(517);
    for (std::size_t i = 0; i < a.size(); ++i) {
        a[i] = Stream{2, 0}.uniform(static_cast<std::int64_t>(i), 0);
        b[i] = Stream{2, 0}.uniform(static_cast<std::int64_t>(i), 1) - 0.5;
    }
    // 517 terms below 1/2: rounding below 517 * 1.1e-16 * 130
    CHECK(std::abs(dot(a.data(), b.data(), 517) - std::inner_product(a.begin(), a.end(), b.begin(), 0.0)) < 1e-11);
    CHECK(dot(a.data(), b.data(), 0) == 0.0);
}
