#include <buffon/diffusion/denoiser_errors.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <buffon/diffusion/gaussian_mixture.hpp>
#include <buffon/stream.hpp>

using namespace buffon;
using namespace buffon::diffusion;

TEST_CASE("denoiser_errors: of a normal law the exact denoiser has the linear error, the identity sigma^2") {
    Matrix mean(1, 2), covariance(2, 2);
    covariance.data = {1.0, 0.0, 0.0, 4.0};
    const GaussianMixture law({1.0}, mean, {covariance});
    Matrix data(4000, 2);
    const double none = 0.0;
    law.forward(std::span(&none, 1), Stream{1, 7}, 0, data);
    const std::vector<double> levels{0.2, 1.0, 5.0};
    const DenoiserErrors exact = denoiser_errors(law, data, levels, {}, 3);
    const DenoiserErrors same = denoiser_errors(
        {2, [](const Query& q, View out) { std::copy_n(q.x.data, q.x.size(), out.data); }}, data, levels, {}, 3);
    for (std::size_t j = 0; j < 3; ++j) {
        const double s2 = levels[j] * levels[j], linear = 0.5 * (s2 / (1 + s2) + 4 * s2 / (4 + s2));
        CHECK(std::abs(exact.linear[j] / linear - 1) < 0.05);   // of the variances of 4,000 rows
        CHECK(std::abs(exact.error[j] - linear) < 5 * exact.std_error[j]);
        CHECK(std::abs(same.error[j] - s2) < 5 * same.std_error[j]);
        CHECK(exact.std_error[j] > 0);
    }
    CHECK_THROWS_AS(denoiser_errors(law, Matrix(1, 2), levels, {}, 3), std::invalid_argument);
}
