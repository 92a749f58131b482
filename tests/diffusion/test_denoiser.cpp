#include <buffon/diffusion/denoiser.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

using namespace buffon::diffusion;
using buffon::Matrix;
using buffon::View;

namespace {

/// The denoiser of N(0, I): x / (1 + sigma^2); of class c: of N(c, I).
Denoiser normal(std::int64_t classes = 0) {
    return {2,
            [](const Query& q, View out) {
                for (std::int64_t i = 0; i < out.rows; ++i) {
                    const double s = q.sigma.size() == 1 ? q.sigma[0] : q.sigma[static_cast<std::size_t>(i)];
                    const double c = q.labels.empty() ? 0.0 : static_cast<double>(q.labels[static_cast<std::size_t>(i)]);
                    for (std::int64_t j = 0; j < 2; ++j) out(i, j) = c + (q.x(i, j) - c) / (1 + s * s);
                }
            },
            {.name = "normal", .classes = classes, .sigma_min = 0.1, .sigma_max = 10}};
}

}  // namespace

TEST_CASE("denoiser: one level or one per row, labels, score") {
    Matrix x(2, 2), out(2, 2);
    x.data = {1, 2, 3, 4};
    const std::vector<double> two{1, 3};
    normal().denoise({.x = x, .sigma = two, .labels = {}}, out);
    CHECK(out.data == std::vector{0.5, 1.0, 0.3, 0.4});
    normal().score({.x = x, .sigma = two, .labels = {}}, out);
    CHECK(out(0, 1) == -1.0);   // -x / (1 + sigma^2)
    CHECK(out(1, 0) == doctest::Approx(-0.3));
    const std::vector<double> one{1};
    const std::vector<std::int64_t> labels{2, 0};
    normal(3).denoise({.x = x, .sigma = one, .labels = labels}, out);
    CHECK(out.data == std::vector{1.5, 2.0, 1.5, 2.0});
}

TEST_CASE("denoiser: refuses shapes, levels and labels that it does not know") {
    Matrix x(2, 2), wide(2, 3), out(2, 2);
    const auto ask = [&](const Denoiser& model, buffon::ConstView at, std::vector<double> sigma,
                         std::vector<std::int64_t> labels) {
        model.denoise({.x = at, .sigma = sigma, .labels = labels}, out);
    };
    CHECK_THROWS_WITH(ask(normal(), wide, {1}, {}), "normal: x must have shape (n, 2), got (2, 3)");
    CHECK_THROWS_WITH(ask(normal(), x, {1, 1, 1}, {}), "normal: sigma must be one number or one per row (2), got 3 numbers");
    CHECK_THROWS_WITH(ask(normal(), x, {0.01}, {}), "normal: sigma must lie in [0.1, 10], got 0.01");
    CHECK_THROWS_AS(ask(normal(), x, {std::numeric_limits<double>::quiet_NaN()}, {}), std::invalid_argument);
    CHECK_THROWS_WITH(ask(normal(), x, {1}, {0, 0}), "normal: condition must be None, this model is unconditional");
    CHECK_THROWS_WITH(ask(normal(2), x, {1}, {0, 2}), "normal: condition must lie in 0 ... 1 (-1: none), got 2");
    CHECK_THROWS_WITH(ask(normal(2), x, {1}, {0}), "normal: condition must hold one label per row (2), got 1");
    CHECK_THROWS_AS(Denoiser(0, [](const Query&, View) {}), std::invalid_argument);
    CHECK_THROWS_AS(Denoiser(2, {}), std::invalid_argument);
}
