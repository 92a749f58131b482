#include <buffon/diffusion/noise_scaled.hpp>

#include <buffon/diffusion/solvers/ddim.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

TEST_CASE("noise_scaled: the noise prediction is that of the model times the factor, of each level") {
    const GaussianMixture model = problems::g2();
    const Matrix x = problems::starts(6, 2);
    const std::vector<double> sigma{0.1, 0.5, 1, 2, 3, 4};
    Matrix plain(6, 2), scaled(6, 2), by_level(6, 2);
    model.denoise(x, sigma, plain);
    noise_scaled(model, 1.02).denoise({x, sigma, {}, 1}, scaled);
    noise_scaled(model, [](double s) { return 1 + s / 100; }).denoise({x, sigma, {}, 1}, by_level);
    for (std::int64_t i = 0; i < 6; ++i)
        for (std::int64_t j = 0; j < 2; ++j) {
            CHECK(x(i, j) - scaled(i, j) == doctest::Approx(1.02 * (x(i, j) - plain(i, j))).epsilon(1e-12));
            CHECK(x(i, j) - by_level(i, j) ==
                  doctest::Approx((1 + sigma[static_cast<std::size_t>(i)] / 100) * (x(i, j) - plain(i, j)))
                      .epsilon(1e-12));
        }
    CHECK_THROWS_AS((void)noise_scaled(model, 0.0), std::invalid_argument);
    CHECK_THROWS_AS(noise_scaled(model, [](double) { return -1.0; }).denoise({x, sigma, {}, 1}, scaled), std::invalid_argument);
}

TEST_CASE("noise_scaled: with a larger prediction a sampler ends nearer to the modes") {
    const auto spread = [](double factor) {
        const Matrix x =
            problems::solve(noise_scaled(problems::g1(), factor), ddim(VP(), {.steps = 50}), problems::starts(64, 1));
        double sum = 0.0;
        for (const double v : x.data) sum += (v - 1.2) * (v - 1.2) / 64;
        return std::sqrt(sum);
    };
    CHECK(spread(1.02) < spread(1.0));
    CHECK(spread(1.0) < spread(0.98));
}
