#include <buffon/diffusion/mixture_fit.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <doctest/doctest.h>

#include <buffon/stream.hpp>

using namespace buffon;
using namespace buffon::diffusion;

namespace {

Matrix table(std::int64_t rows, std::int64_t cols, std::vector<double> data) {
    Matrix m(rows, cols);
    m.data = std::move(data);
    return m;
}

/// Three modes of different sizes in coordinates of scales 1 and 1000; the second class is the mode on the right.
const GaussianMixture truth({0.5, 0.2, 0.3}, table(3, 2, {-3, 0, 0, 4'000, 5, 1'000}),
                            {table(2, 2, {0.5, 300, 300, 4e5}), table(2, 2, {0.2, 0, 0, 1e5}),
                             table(2, 2, {0.1, -100, -100, 2e5})},
                            {0, 0, 1});

Matrix draws(std::int64_t n, std::uint64_t key) {
    Matrix out(n, 2);
    const double data[] = {0.0};
    truth.forward(data, Stream{key, 0}, 0, out);
    return out;
}

double mean_log_density(const GaussianMixture& g, const Matrix& x) {
    std::vector<double> out(static_cast<std::size_t>(x.rows));
    const double data[] = {0.0};
    g.log_density(x, data, out);
    return std::accumulate(out.begin(), out.end(), 0.0) / static_cast<double>(x.rows);
}

}   // namespace

TEST_CASE("mixture_fit: modes in coordinates of very different scales are found, with their weights and covariances") {
    const GaussianMixture fitted = fit_mixture(draws(4'000, 1), {.components = 3, .rng = 1});
    REQUIRE(fitted.size() == 3);
    const Matrix fresh = draws(20'000, 2);
    const double lost = mean_log_density(truth, fresh) - mean_log_density(fitted, fresh);
    MESSAGE("mean log density lost " << lost);
    CHECK(lost < 0.01);   // 17 parameters / (2 * 4,000) = 0.002
    std::vector<double> weights = fitted.weights();
    std::ranges::sort(weights);
    const double expected[] = {0.2, 0.3, 0.5};
    for (std::size_t k = 0; k < 3; ++k)
        CHECK(std::abs(weights[k] - expected[k]) < 4.5 * std::sqrt(expected[k] / 4'000));
    for (std::int64_t k = 0; k < 3; ++k)
        if (const auto at = static_cast<std::size_t>(k); fitted.weights()[at] > 0.4) {
            const Matrix c = fitted.covariances()[at];
            CHECK(c(0, 0) == doctest::Approx(0.5).epsilon(0.15));
            CHECK(c(1, 1) == doctest::Approx(4e5).epsilon(0.15));
            CHECK(c(0, 1) == doctest::Approx(300).epsilon(0.2));
        }
}

TEST_CASE("mixture_fit: classes have components of their own; diagonal ones no covariances; the key says all") {
    const Matrix x = draws(3'000, 3);
    OneOrMany<std::int64_t> labels;
    for (std::int64_t i = 0; i < x.rows; ++i) labels.values.push_back(x(i, 0) > 3);
    const GaussianMixture fitted = fit_mixture(x, {.components = 2, .labels = labels, .rng = 1});
    CHECK(fitted.classes() == 2);
    const double right = fitted.given(1).means()(0, 0);
    CHECK(right == doctest::Approx(5).epsilon(0.02));
    const GaussianMixture flat = fit_mixture(x, {.components = 3, .diagonal = true, .rng = 1});
    CHECK(flat.covariances()[0](0, 1) == 0);
    CHECK(mean_log_density(flat, x) < mean_log_density(fit_mixture(x, {.components = 3, .rng = 1}), x));
    CHECK(fit_mixture(x, {.components = 3, .rng = 7}).means().data ==
          fit_mixture(x, {.components = 3, .rng = 7}).means().data);
}

TEST_CASE("mixture_fit: a constant coordinate stays what it is") {
    Matrix x(200, 2);
    Stream{5, 0}.normal(0, x);
    for (std::int64_t i = 0; i < x.rows; ++i) x(i, 1) = -1;
    const GaussianMixture fitted = fit_mixture(x, {.components = 1, .rng = 1});
    CHECK(fitted.means()(0, 1) == doctest::Approx(-1).epsilon(1e-12));
    CHECK(fitted.covariances()[0](1, 1) == 0);
    CHECK(fitted.covariances()[0](0, 0) == doctest::Approx(1).epsilon(0.3));
}

TEST_CASE("mixture_fit: what cannot be is refused by name") {
    const Matrix x = draws(10, 1);
    CHECK_THROWS_WITH_AS(fit_mixture(x, {.components = 11}), "fit_mixture: 11 components need as many points, got 10",
                         std::invalid_argument);
    CHECK_THROWS_AS(fit_mixture(x, {.components = 0}), std::invalid_argument);
    CHECK_THROWS_WITH_AS(fit_mixture(x, {.components = 1, .labels = {{0, 0, 0, 0, 0, 0, 0, 0, 0, 2}}}),
                         "fit_mixture: 1 components need as many points of class 1, got 0", std::invalid_argument);
    CHECK_THROWS_AS(fit_mixture(x, {.components = 1, .labels = {{0, 1}}}), std::invalid_argument);
    Matrix bad = x;
    bad(3, 1) = std::numeric_limits<double>::quiet_NaN();
    CHECK_THROWS_WITH_AS(fit_mixture(bad), "fit_mixture: points must be finite, got nan in row 3",
                         std::invalid_argument);
}
