#include <buffon/diffusion/chain_target.hpp>

#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include "chains.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

TEST_CASE("chain_target: a mixture tells all it knows, of one class if asked, and a denoiser tells nothing more than itself") {
    const GaussianMixture plain = chains::gmm2d();
    const GaussianMixture model{plain.weights(), plain.means(), plain.covariances(), {0, 1, 0, 1, 0, 1, 0, 1}};
    Matrix x(2, 2);
    x.data = {1, 2, 3.5, 0.5};
    const std::vector<double> sigma{0.5, 0.5};
    std::vector<double> density(2), of_class(2);
    chain_target(model).log_density(x, sigma, density, 1);
    CHECK(density[0] == doctest::Approx(-9.4148368).epsilon(1e-8));   // specified values of this mixture
    CHECK(density[1] == doctest::Approx(-5.05676234).epsilon(1e-8));
    chain_target(model, 1).log_density(x, sigma, of_class, 1);
    std::vector<double> expected(2);
    model.given(1).log_density(x, sigma, expected, 1);
    CHECK(of_class == expected);
    CHECK(chain_target(model).modes == 8);
    CHECK(chain_target(model, 1).modes == 4);
    CHECK_THROWS_AS(chain_target(model, 2), std::invalid_argument);
    const ChainTarget bare = chain_target(Denoiser(model));
    CHECK((!bare.log_density && !bare.sigma_posterior && !bare.posterior_sample && bare.modes == 0));
}

TEST_CASE("chain_target: classes of a data set are its modes, their masses those of their points") {
    Matrix points(5, 1);
    points.data = {-2, -1.9, 1, 1.1, 1.2};
    const Empirical model(points, {.weights = {1, 2, 3, 4, 5}, .labels = {0, 0, 1, 1, 1}});
    const ChainTarget target = chain_target(model);
    REQUIRE(target.modes == 2);
    Matrix x(3, 1), modes(3, 2);
    x.data = {-2, 0.1, 1};
    const std::vector<double> sigma{0.5, 100.0, 0.3};
    target.mode_probabilities(x, sigma, modes, 1);
    for (std::int64_t i = 0; i < 3; ++i) {
        double of[] = {0.0, 0.0};
        for (int k = 0; k < 5; ++k)
            of[k < 2 ? 0 : 1] +=
                (k + 1) * std::exp(-0.5 * std::pow((x(i, 0) - points(k, 0)) / sigma[static_cast<std::size_t>(i)], 2));
        CHECK(modes(i, 0) == doctest::Approx(of[0] / (of[0] + of[1])).epsilon(1e-12));
        CHECK(modes(i, 1) == doctest::Approx(of[1] / (of[0] + of[1])).epsilon(1e-12));
    }
    Matrix levels(3, 2);
    const std::vector<double> grid{0.1, 1.0};
    target.sigma_posterior(x, grid, levels, 1);
    CHECK(levels(0, 0) + levels(0, 1) == doctest::Approx(1));
    CHECK(chain_target(model, 1).modes == 0);
}
