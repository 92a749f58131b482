#include <buffon/diffusion/brownian.hpp>

#include <buffon/diffusion/solvers/ancestral.hpp>
#include <buffon/diffusion/solvers/heun.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;
using buffon::Stream;

namespace {

constexpr Stream stream{17, 3};

Matrix increment(double from, double to, std::int64_t n) {
    Matrix out(n, 2);
    brownian_increment(stream, 0, from, to, out);
    return out;
}

double product(const Matrix& a, const Matrix& b) {
    double sum = 0.0;
    for (std::size_t i = 0; i < a.data.size(); ++i) sum += a.data[i] * b.data[i] / static_cast<double>(a.data.size());
    return sum;
}

double clock(double rho) { return rho / (1 + rho); }

Matrix end_of(std::int64_t steps, NoiseKind noise) {
    SampleOptions options;
    options.n = 400;
    options.rng = 2;
    options.noise = noise;
    return sample(problems::g1(), ancestral(VP(), {.steps = steps}), options).x;
}

}  // namespace

TEST_CASE("brownian: increments of one path add up, whatever the steps") {
    const Matrix whole = increment(50, 0.01, 30), a = increment(50, 0.7, 30), b = increment(0.7, 0.01, 30);
    const double ua = clock(50) - clock(0.7), ub = clock(0.7) - clock(0.01);
    for (std::size_t i = 0; i < whole.data.size(); ++i)
        CHECK(std::sqrt(ua) * a.data[i] + std::sqrt(ub) * b.data[i] ==
              doctest::Approx(std::sqrt(ua + ub) * whole.data[i]).epsilon(1e-9).scale(1));
    Matrix later(2, 2);
    brownian_increment(stream, 28, 50, 0.7, later);
    for (std::size_t i = 0; i < 4; ++i) CHECK(later.data[i] == a.data[56 + i]);
    CHECK_THROWS_AS(increment(1, 1, 1), std::invalid_argument);
}

TEST_CASE("brownian: increments are standard normal, and independent over intervals and components") {
    constexpr std::int64_t n = 100'000;
    const std::vector<double> levels{148, 20, 1.7, 0.9, 0.0105, 0.0101, 0};
    std::vector<Matrix> all;
    for (std::size_t i = 0; i + 1 < levels.size(); ++i) all.push_back(increment(levels[i], levels[i + 1], n));
    const double one = 1 / std::sqrt(2.0 * n);   // standard error of a mean of products; 5 of them
    for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK(std::abs(product(all[i], all[i]) - 1) < 5 * std::sqrt(2.0) * one);
        CHECK(std::abs(product(all[i], Matrix(n, 2, 1.0))) < 5 * one);
        double fourth = 0.0, across = 0.0;
        for (std::int64_t k = 0; k < n; ++k) {
            fourth += std::pow(all[i](k, 0), 4) / n;
            across += all[i](k, 0) * all[i](k, 1) / n;
        }
        CHECK(std::abs(fourth - 3) < 5 * std::sqrt(96.0 / n));
        CHECK(std::abs(across) < 5 / std::sqrt(static_cast<double>(n)));
        for (std::size_t j = 0; j < i; ++j) CHECK(std::abs(product(all[i], all[j])) < 5 * one);
    }
}

TEST_CASE("brownian: on one path halving the steps halves the distance, of strong order 1; on independent ones it stays") {
    const Matrix finest = end_of(1280, NoiseKind::brownian);
    const double coarse = problems::rms_error(end_of(40, NoiseKind::brownian), finest),
                 fine = problems::rms_error(end_of(160, NoiseKind::brownian), finest);
    CHECK(std::log2(coarse / fine) / 2 > 0.8);
    CHECK(problems::rms_error(end_of(160, NoiseKind::independent), finest) > 5 * fine);
}

TEST_CASE("brownian: rows that raise the level have no place on a path") {
    SampleOptions options;
    options.n = 2;
    options.rng = 1;
    options.noise = NoiseKind::brownian;
    CHECK_THROWS_AS((void)sample(problems::g1(), heun(EDM(), {.steps = 4}, {.s_churn = 1}), options), std::invalid_argument);
}
