#include <buffon/diffusion/loss_levels.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

using namespace buffon;
using namespace buffon::diffusion;

namespace {

double sum(const std::vector<double>& v) { return std::accumulate(v.begin(), v.end(), 0.0); }

/// Taught that a term is f(log sigma), by a fine grid of levels.
template <class F>
LossLevels taught(std::int64_t bins, double floor, const F& f) {
    LossLevels levels(1, std::exp(4.0), bins, floor);
    std::vector<double> sigma, term;
    for (int i = 0; i < 4'000; ++i) {
        const double u = (i + 0.5) / 1'000;
        sigma.push_back(std::exp(u));
        term.push_back(f(u));
    }
    levels.learn(sigma, term);
    return levels;
}

}  // namespace

TEST_CASE("loss_levels: the density is a floor and the root of the mean square in each bin") {
    const LossLevels levels = taught(4, 0.2, [](double u) { return std::floor(u) + 1; });   // 1, 2, 3, 4
    for (std::size_t b = 0; b < 4; ++b) {
        CHECK(levels.mass()[b] == doctest::Approx(0.05 + 0.8 * static_cast<double>(b + 1) / 10));
        CHECK(levels.mean_square()[b] == doctest::Approx((b + 1.0) * (b + 1.0)));
    }
    CHECK(sum(levels.mass()) == doctest::Approx(1).epsilon(1e-14));
}

TEST_CASE("loss_levels: weighted means are those of log sigma uniform, of a lattice and of independent levels") {
    const LossLevels levels = taught(8, 0.1, [](double u) { return std::exp(2 * u); });
    const double exact = std::expm1(8.0) / 8;   // mean of exp(2 u), u uniform on (0, 4)
    for (const bool independent : {false, true}) {
        double mean = 0, square = 0;
        constexpr int runs = 400;
        for (int r = 0; r < runs; ++r) {
            const LossLevels::Draws at = levels.draw(16, {3, 0}, r, independent);
            double one = 0;
            for (std::size_t i = 0; i < 16; ++i) {
                one += at.weight[i] * at.sigma[i] * at.sigma[i] / 16;
                CHECK(at.weight[i] <= 10 + 1e-12);   // 1 / floor
            }
            mean += one / runs;
            square += one * one / runs;
        }
        const double sd = std::sqrt(square - mean * mean);
        CHECK(std::abs(mean - exact) < 4.5 * sd / std::sqrt(static_cast<double>(runs)));
        CHECK(sd < (independent ? 0.15 : 0.06) * exact);   // independent uniform levels: 0.35
    }
}

TEST_CASE("loss_levels: of terms constant in each bin the optimal density leaves no variance") {
    const LossLevels levels = taught(4, 1e-9, [](double u) { return std::floor(u) + 1; });
    const LossLevels::Draws at = levels.draw(100, {3, 0}, 0, true);
    for (std::size_t i = 0; i < 100; ++i)
        CHECK(at.weight[i] * (std::floor(std::log(at.sigma[i])) + 1) == doctest::Approx(2.5).epsilon(1e-6));
}

TEST_CASE("loss_levels: what is not known is drawn as the mean of what is, and old squares fade") {
    LossLevels levels(1, std::exp(2.0), 2, 0.5, 0.75);
    CHECK(levels.mass() == std::vector<double>{0.5, 0.5});
    const double low[] = {std::exp(0.5)};
    levels.learn(low, std::vector<double>{3});
    CHECK(levels.mass() == std::vector<double>{0.5, 0.5});
    levels.learn(low, std::vector<double>{1});
    CHECK(levels.mean_square() == std::vector<double>{0.75 * 9 + 0.25, 0.0});
    levels.learn(std::vector<double>{std::exp(1.5)}, std::vector<double>{0.0});
    CHECK(levels.mass()[0] == doctest::Approx(0.75));
}

TEST_CASE("loss_levels: levels that cannot be are refused") {
    CHECK_THROWS_AS(LossLevels(0, 1), std::invalid_argument);
    CHECK_THROWS_AS(LossLevels(2, 1), std::invalid_argument);
    CHECK_THROWS_AS(LossLevels(1, 2, 0), std::invalid_argument);
    CHECK_THROWS_AS(LossLevels(1, 2, 4, 0.0), std::invalid_argument);
    LossLevels levels(1, 2);
    CHECK_THROWS_AS(levels.learn(std::vector<double>{3}, std::vector<double>{1}), std::invalid_argument);
    CHECK_THROWS_AS(
        levels.learn(std::vector<double>{1.5}, std::vector<double>{std::numeric_limits<double>::quiet_NaN()}),
        std::invalid_argument);
    CHECK_THROWS_AS(levels.learn(std::vector<double>{1.5}, std::vector<double>{1e200}), std::invalid_argument);
    CHECK_THROWS_AS(levels.learn(std::vector<double>{1.5}, std::vector<double>{1, 2}), std::invalid_argument);
}

TEST_CASE("loss_levels: what was learnt goes on elsewhere, to the bit") {
    LossLevels levels(0.1, 10, 5, 0.2, 0.5), other(0.1, 10, 5, 0.2, 0.5);
    levels.learn(std::vector<double>{0.2, 3.0}, std::vector<double>{1.5, 0.1});
    other.go_on_from(levels.learnt());
    for (LossLevels* each : {&levels, &other}) each->learn(std::vector<double>{0.2, 7.0}, std::vector<double>{0.3, 0.7});
    CHECK(other.mass() == levels.mass());
    CHECK(other.mean_square() == levels.mean_square());
    CHECK_THROWS_AS(LossLevels(0.1, 10, 4).go_on_from(levels.learnt()), std::invalid_argument);
}
