#include <buffon/seeded_sums.hpp>

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

using namespace buffon;

namespace {

/// Two factors, -1 or 1 each, and noise -1 or 1: y = 3 + a + 2 b + a b + n (1 + a) in all 64 cases of (a, b, n) and (a', b', n').
std::vector<SeededSums> all_cases(std::int64_t replicates) {
    const auto f = [](double a, double b, double n) { return 3 + a + 2 * b + a * b + n * (1 + a); };
    SeededSums sums(2);
    for (int k = 0; k < 64; ++k) {
        const auto sign = [k](int bit) { return k >> bit & 1 ? 1.0 : -1.0; };
        double u[2][4];
        for (int w = 0; w < 2; ++w) {
            const double n = sign(2 + 3 * w);
            const double values[] = {f(sign(0), sign(1), n), f(sign(3), sign(4), n), f(sign(3), sign(1), n),
                                     f(sign(0), sign(4), n)};
            for (int s = 0; s < 4; ++s) u[w][s] = values[s] - 2.5;
        }
        sums.add(u[0], u[1]);
    }
    return std::vector<SeededSums>(static_cast<std::size_t>(replicates), sums);
}

}  // namespace

TEST_CASE("seeded_sums: over all cases of two-valued inputs every index is its own exactly") {
    double variance = 0;
    const std::vector<Ratio> r = seeded_ratios(all_cases(4), 1, variance);   // groups: a, noise, b
    // of the mean: 1 + 4 + 1 = 6; noise adds E (1 + a)^2 = 2, of which E n (1 + a) = n has 1
    const double exact[] = {1.0 / 6, 1.0 / 8, 4.0 / 6, 2.0 / 6, 2.0 / 8, 5.0 / 6};
    REQUIRE(r.size() == 6);
    CHECK(variance == doctest::Approx(8));
    for (std::size_t i = 0; i < 6; ++i) {
        CHECK(r[i].value() == doctest::Approx(exact[i]));
        for (const double e : r[i].errors()) CHECK(std::abs(e) < 1e-12);   // replicates agree
    }
}

TEST_CASE("seeded_sums: a variance is told from 0 where it is four standard errors away") {
    CHECK_FALSE(hidden_by_noise({1.0, 1.1, 0.9, 1.0}));
    CHECK(hidden_by_noise({1.0, -1.0, 2.0, -0.5}));
    CHECK(hidden_by_noise({0.0, 0.0, 0.0}));
    CHECK(hidden_warning("y").starts_with("output 'y': the variance of its mean over the noise"));
}
