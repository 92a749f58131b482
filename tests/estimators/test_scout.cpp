#include <buffon/scout.hpp>

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>
#include <buffon/stream.hpp>

using namespace buffon;

namespace {

constexpr std::int64_t n = 4'000;

/// Standard normal points in the plane.
Matrix points() {
    Matrix z(n, 2);
    const Stream stream{1, 1};
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < 2; ++j) z(i, j) = normal_quantile(stream.uniform(i, j));
    return z;
}

/// Of the event that z0 exceeds `near` or -z1 exceeds `far`, whose second region has `slope` in the score.
ScoredSummands scored(const Matrix& z, double near, double far, double slope = 1) {
    ScoredSummands out;
    for (std::int64_t i = 0; i < z.rows; ++i) {
        out.w.push_back(1);
        out.s.push_back(std::max(z(i, 0) - near, slope * (-z(i, 1) - far)));
        out.r.push_back(out.s.back() > 0 ? 1.0 : 0.0);
    }
    return out;
}

Gaussian at(double a, double b) {
    Gaussian g{{a, b}, Matrix(2, 2)};
    g.factor(0, 0) = g.factor(1, 1) = 1;
    return g;
}

}  // namespace

TEST_CASE("scout: the index of a linear limit state is a straight line, known to its errors") {
    const ScoredSummands one = scored(points(), 4.5, 1e9);
    const double exact = normal_cdf(-4.5), guess = extrapolated(one.w, one.s, 0), bound = extrapolated(one.w, one.s, 2);
    CHECK(bound > exact);
    CHECK(bound > guess);
    CHECK(std::abs(std::log(guess / exact)) < 3);   // four thousand points of an event of 3.4e-6; measured below 1
    CHECK(extrapolated(std::vector<double>(n, 0.0), one.s, 2) == 0);
}

TEST_CASE("scout: beyond the nearer region the rarer one shows, and has its own mass and reach") {
    const Matrix z = points();
    const Beyond hidden = beyond(z, scored(z, 3.5, 4.2), {at(3.7, 0)}, 30);
    const double exact = 0.5 * normal_cdf(-4.2);   // half of it is beyond
    CHECK(hidden.reach > exact);
    CHECK(hidden.reach < 100 * exact);
    CHECK_FALSE(hidden.seen);
    double sum = 0, mean = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        const double w = hidden.weights[static_cast<std::size_t>(i)];
        if (z(i, 0) >= 0) CHECK(w == 0);
        sum += w;
        mean += w * z(i, 1);
    }
    CHECK(mean / sum < -2);   // on the way to -4.4
    const Beyond hit = beyond(z, scored(z, 3.5, 1.5), {at(3.7, 0)}, 30);
    CHECK(hit.seen);
    CHECK(std::abs(hit.mass / (0.5 * normal_cdf(-1.5)) - 1) < 0.25);   // four standard errors
    CHECK(hit.hits == doctest::Approx(hit.mass * n));
}

TEST_CASE("scout: beyond the only region scores end, and beyond a component about the origin is nothing") {
    const Matrix z = points();
    CHECK(beyond(z, scored(z, 3.5, 1e9), {at(3.7, 0)}, 30).reach < 1e-3 * normal_cdf(-3.5));
    CHECK(beyond(z, scored(z, 3.5, 1e9), {at(2.6, 1.2)}, 30).reach < 0.01 * normal_cdf(-3.5));   // a centre 25 degrees off
    CHECK(beyond(z, scored(z, 3.5, 4.2), {at(3.7, 0), at(0.1, 0.1)}, 30).weights.empty());
    CHECK(beyond(z, scored(z, 3.5, 4.2), {at(3.7, 0), at(-3.7, 0)}, 30).weights.empty());        // no point is left
}
