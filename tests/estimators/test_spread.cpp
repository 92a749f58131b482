#include <buffon/spread.hpp>

#include <array>
#include <cmath>

#include <doctest/doctest.h>

#include <buffon/moments.hpp>
#include <buffon/sobol_sequence.hpp>
#include <buffon/stream.hpp>

using namespace buffon;

namespace {

constexpr std::int64_t n = 1000;
constexpr std::int64_t dim = 4;
const std::array<double, 1> one{1.0};

template <class Points, class F>
Matrix values(const Points& points, std::int64_t count, const F& f) {
    Matrix u(count, dim), y(count, 1);
    points.uniform(0, u);
    for (std::int64_t i = 0; i < count; ++i) y(i, 0) = f(u.view().row(i));
    return y;
}

double smooth(std::span<const double> u) { return std::exp(0.5 * (u[0] + u[1] + u[2] + u[3])); }

/// log2 of the variance of net means of m points over that of independent points, from 400 scrambles.
template <class F>
double true_log_gain(std::int64_t m, const F& f) {
    Matrix means(400, 1);
    double variance = 0;
    for (std::int64_t r = 0; r < means.rows; ++r) {
        const Moments block{ConstView(values(SobolSequence(dim, m, Stream{11, static_cast<std::uint32_t>(r)}), m, f))};
        means(r, 0) = block.mean[0];
        variance += block.covariance()(0, 0) / static_cast<double>(means.rows);
    }
    return std::log2(Moments{ConstView(means)}.covariance()(0, 0) / (variance / static_cast<double>(m)));
}

template <class F>
double mean_log_gain(std::int64_t m, const F& f) {
    double sum = 0;
    for (std::uint32_t r = 0; r < 50; ++r)
        sum += spread_of(values(SobolSequence(dim, n, Stream{5, r}), n, f), n - 1, true).log_gain(one, m) / 50;
    return sum;
}

}  // namespace

TEST_CASE("spread: the variance of a summand is that of the rows") {
    const Matrix y = values(Stream{3, 0}, n, smooth);
    CHECK(spread_of(y, n - 1, true).v[0] == doctest::Approx(Moments{ConstView(y)}.covariance()(0, 0)).epsilon(1e-12));
}

TEST_CASE("spread: hits in the rows that no piece holds are no gain of nets") {
    Matrix y(n, 1);
    for (std::int64_t i = 950; i < n; ++i) y(i, 0) = 1;   // pieces of 128 hold 896 rows
    const Spread few = spread_of(y, n - 1, true);
    CHECK(few.v[0] > 0.04);
    CHECK(few.log_gain(one, 512) == 0.0);
}

TEST_CASE("spread: pieces are consecutive rows, halved from the largest power of two that leaves seven") {
    Matrix y(n, 1);
    for (std::int64_t i = 0; i < n; ++i) y(i, 0) = static_cast<double>(i / 128);   // constant in each piece of 128
    const Spread spread = spread_of(y, n - 1, true);
    REQUIRE(spread.pieces.size() == 4);
    CHECK(spread.pieces[0].points == 128);
    CHECK(spread.pieces[0].count == 7);
    CHECK(spread.pieces[0].variance[0] == doctest::Approx(28.0 / 6.0));   // of 0, 1, ..., 6
    CHECK(spread.pieces[3].points == 16);
}

TEST_CASE("spread: the gain of nets of 1,024 points is foretold for a smooth integrand, within a factor of four on average") {
    const double truth = true_log_gain(1024, smooth);
    REQUIRE(truth < -6);   // nets are worth having here
    CHECK(std::abs(mean_log_gain(1024, smooth) - truth) < 2);
}

TEST_CASE("spread: nets gain little on a rough integrand, and the forecast says so") {
    const auto rough = [](std::span<const double> u) { return std::fmod(1e4 * (u[0] + 1.7 * u[1]) + 1e5 * u[2] * u[3], 1.0); };
    CHECK(std::abs(true_log_gain(1024, rough)) < 0.5);
    CHECK(mean_log_gain(1024, rough) > -2);
}

TEST_CASE("spread: independent points, or a batch too small to be cut, promise no gain") {
    CHECK(spread_of(values(Stream{3, 0}, n, smooth), n - 1, false).log_gain(one, 1024) == 0);
    CHECK(spread_of(values(Stream{3, 0}, 40, smooth), 39, true).log_gain(one, 1024) == 0);
}

TEST_CASE("spread: nets without error gain without bound") {
    Matrix y(n, 1);
    for (std::int64_t i = 0; i < n; ++i) y(i, 0) = i % 2 == 0 ? 1 : -1;
    CHECK(spread_of(y, n - 1, true).log_gain(one, 1024) < -50);
}
