#include <buffon/diffusion/input_perturbed.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <buffon/stream.hpp>

#include "problems.hpp"

using namespace buffon;
using namespace buffon::diffusion;

TEST_CASE("input_perturbed: the best prediction of eps from x0 + sigma (eps + gamma xi) on Gaussian data, in closed form") {
    const double gamma = 0.4, c = 0.3 * 0.3;   // of g1, mean 1.2
    const std::vector<double> sigma{0.2, 1.0, 5.0};
    Matrix x(3, 1), out(3, 1);
    x.data = {1.0, -2.0, 7.0};
    const Denoiser model = input_perturbed(problems::g1(), gamma);
    model.denoise({x, sigma, {}, 1}, out);
    for (std::int64_t i = 0; i < 3; ++i) {
        const double s = sigma[static_cast<std::size_t>(i)];
        const double eps = s * (x(i, 0) - 1.2) / (c + s * s * (1 + gamma * gamma));
        CHECK(out(i, 0) == doctest::Approx(x(i, 0) - s * eps).epsilon(1e-12));
    }
}

TEST_CASE("input_perturbed: no other function of the perturbed input is nearer to its target") {
    const GaussianMixture model = problems::g2();
    constexpr std::int64_t n = 20'000;
    const double gamma = 0.5;
    const std::vector<double> sigma{0.8};
    Matrix x(n, 2), eps(n, 2), xi(n, 2), perturbed(n, 2), plain(n, 2);
    Denoiser(model).traits().draw({3, 1}, -1, x);
    Stream{3, 2}.normal(0, eps);
    Stream{3, 3}.normal(0, xi);
    for (std::size_t i = 0; i < x.data.size(); ++i) x.data[i] += sigma[0] * (eps.data[i] + gamma * xi.data[i]);
    input_perturbed(model, gamma).denoise({x, sigma, {}, 1}, perturbed);
    model.denoise(x, sigma, plain);
    double better = 0.0, along = 0.0, square = 0.0;
    for (std::size_t i = 0; i < x.data.size(); ++i) {
        const double a = (x.data[i] - perturbed.data[i]) / sigma[0] - eps.data[i],
                     b = (x.data[i] - plain.data[i]) / sigma[0] - eps.data[i];
        better += b * b - a * a;
        along += a * (b - a);   // its error is orthogonal to every function of x
        square += a * (b - a) * a * (b - a);
    }
    CHECK(better > 0);
    CHECK(std::abs(along) < 5 * std::sqrt(square));
}

TEST_CASE("input_perturbed: gamma 0 changes nothing, the range shrinks by the root, others are refused") {
    const Denoiser model = problems::g2();
    Matrix x = problems::starts(5, 2), a(5, 2), b(5, 2);
    const std::vector<double> sigma{0.7};
    model.denoise({x, sigma, {}, 1}, a);
    input_perturbed(model, 0).denoise({x, sigma, {}, 1}, b);
    for (std::size_t i = 0; i < a.data.size(); ++i) CHECK(b.data[i] == doctest::Approx(a.data[i]).epsilon(1e-13));
    Denoiser::Traits traits;
    traits.sigma_max = 10;
    traits.sigma_min = 0.1;
    const Denoiser narrow = input_perturbed(
        {2, [](const Query& q, View out) { std::copy_n(q.x.data, out.size(), out.data); }, traits}, std::sqrt(3.0));
    CHECK(narrow.traits().sigma_max == doctest::Approx(5));
    CHECK(narrow.traits().sigma_min == doctest::Approx(0.05));
    CHECK_THROWS_AS((void)input_perturbed(model, -0.1), std::invalid_argument);
    CHECK_THROWS_AS((void)input_perturbed(model, std::numeric_limits<double>::infinity()), std::invalid_argument);
}
