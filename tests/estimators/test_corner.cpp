#include <buffon/corner.hpp>

#include <cmath>
#include <numeric>

#include <doctest/doctest.h>

#include <buffon/form.hpp>
#include <buffon/half_space.hpp>
#include <buffon/testing_reliability.hpp>

using namespace buffon;

namespace {

double dot(const std::vector<double>& a, const std::vector<double>& b) {
    return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

/// a' C a of the law's covariance.
double variance(const Gaussian& g, const std::vector<double>& a) {
    double sum = 0;
    for (std::int64_t k = 0; k < g.dim(); ++k) {
        double part = 0;
        for (std::int64_t i = 0; i < g.dim(); ++i) part += g.factor(i, k) * a[static_cast<std::size_t>(i)];
        sum += part * part;
    }
    return sum;
}

}  // namespace

TEST_CASE("corner: of planes at a right angle each distance has the law of its half-space, and nothing else changes") {
    const std::vector<double> u{2, 3, 0}, first{1, 0, 0}, second{0, 1, 0}, across{0, 0, 1};
    const auto laws = about_corner(u, {first, second});
    REQUIRE(laws.size() == 4);
    const TailLaw a = tail_law(2), b = tail_law(3);
    CHECK(dot(laws[0].mean, first) == doctest::Approx(a.mean));
    CHECK(dot(laws[0].mean, second) == doctest::Approx(b.mean));
    CHECK(variance(laws[0], first) == doctest::Approx(a.sd * a.sd));
    CHECK(variance(laws[0], second) == doctest::Approx(b.sd * b.sd));
    for (const Gaussian& law : laws) CHECK(variance(law, across) == doctest::Approx(1));
    CHECK(variance(laws[1], first) == doctest::Approx(1));   // wide along the first
    CHECK(laws[3].mean == u);
    CHECK(variance(laws[3], second) == doctest::Approx(1));
}

TEST_CASE("corner: oblique planes keep their distances apart") {
    const double c = -0.6, s = 0.8;
    const std::vector<double> first{1, 0}, second{c, s}, u{2 + 3 * c, 3 * s};   // shares 2 and 3
    const auto laws = about_corner(u, {first, second});
    REQUIRE(laws.size() == 4);
    const std::vector<double> sum{1 + c, s},
        difference{1 - c, -s};   // uncorrelated distances: their sum and difference vary alike
    CHECK(variance(laws[0], sum) == doctest::Approx(variance(laws[0], difference)));
    CHECK(dot(laws[0].mean, first) > dot(u, first));
    CHECK(dot(laws[0].mean, second) > dot(u, second));
}

TEST_CASE("corner: a point that the normals do not lead to is none") {
    CHECK(about_corner({1, 1, 5}, {{1, 0, 0}, {0, 1, 0}}).empty());    // far off their plane
    CHECK(about_corner({2, -1, 0}, {{1, 0, 0}, {0, 1, 0}}).empty());   // behind the second
    CHECK(about_corner({2, 2, 0}, {{1, 0, 0}, {1, 0, 0}}).empty());    // one plane twice
}

TEST_CASE("corner: form samples parallel systems of two and of three components well") {
    for (const auto& known : {testing::component_system(10, {3.0, 3.5}, 0.5, true),
                              testing::component_system(10, {2.5, 2.5, 2.5}, 0.3, true)}) {
        double w = 0;
        for (std::uint64_t key = 1; key <= 20; ++key) {
            const Estimate e = form(known.problem, {.budget = 5'000, .rng = key, .threads = 1});
            CHECK(std::abs(e.value[0] - known.exact[0]) < 5 * e.std_error()[0]);
            w += static_cast<double>(e.n) * std::pow(e.value[0] / known.exact[0] - 1, 2) / 20;
        }
        MESSAGE(known.name << ": W " << w);
        CHECK(w < 8);   // of N(u, I) alone 11 and 21
    }
}
