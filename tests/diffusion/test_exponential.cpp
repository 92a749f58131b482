#include <buffon/diffusion/exponential.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

using namespace buffon::diffusion;

namespace {

using Numbers = std::vector<double>;

double relative(double a, double b) { return std::abs(a - b) / std::abs(b); }

/// phi_k(z) = integral of e^((1 - s) z) s^(k-1) / (k-1)! over [0, 1], by the midpoint rule extrapolated once.
long double phi_by_quadrature(int k, long double z) {
    const auto rule = [&](int n) {
        long double sum = 0;
        for (int i = 0; i < n; ++i) {
            const long double s = (i + 0.5L) / n;
            sum += std::exp((1 - s) * z) * std::pow(s, static_cast<long double>(k - 1));
        }
        return sum / n / std::tgamma(static_cast<long double>(k));
    };
    const long double coarse = rule(1000), fine = rule(2000), finest = rule(4000);
    const long double a = fine + (fine - coarse) / 3, b = finest + (finest - fine) / 3;
    return b + (b - a) / 15;
}

const std::vector<ExponentialStep> steps{{Prediction::data, -5.0, -3.2},  {Prediction::noise, -5.0, -3.2},
                                         {Prediction::data, 1.3, 1.3001}, {Prediction::noise, 1.3, 1.3001},
                                         {Prediction::data, -1.0, 4.0},   {Prediction::noise, -1.0, 4.0}};

}  // namespace

TEST_CASE("exponential: phi functions are their integrals, for small, large, positive and negative z") {
    for (int k = 1; k <= 4; ++k)
        for (const double z : {-6.0, -1.5, -1.0, -0.999, -0.1, -1e-5, 1e-8, 0.3, 0.999, 1.0, 3.0}) {
            CAPTURE(k);
            CAPTURE(z);
            CHECK(relative(phi(k, z), static_cast<double>(phi_by_quadrature(k, z))) < 2e-14);
        }
    for (int k = 0; k <= 6; ++k) CHECK(phi(k, 0.0) == doctest::Approx(1 / std::tgamma(k + 1.0)).epsilon(1e-15));
    CHECK(phi(0, 0.7) == doctest::Approx(std::exp(0.7)).epsilon(1e-15));
    CHECK(phi(0, -2.0) == doctest::Approx(std::exp(-2.0)).epsilon(1e-15));
}

TEST_CASE("exponential: weights of up to five nodes integrate polynomials in lambda exactly") {
    for (const ExponentialStep& step : steps) {
        Numbers nodes;
        for (const double place : {0.0, -1.3, -2.0, 1.0, -3.4}) {
            nodes.push_back(step.lambda_from + place * step.h());
            const Numbers w = step.weights(nodes);
            for (std::size_t j = 0; j < nodes.size(); ++j) {
                double sum = 0, size = 0;
                for (std::size_t k = 0; k < nodes.size(); ++k) {
                    const double part = w[k] * std::pow(step.place(nodes[k]), static_cast<double>(j));
                    sum += part;
                    size += std::abs(part);
                }
                CHECK(std::abs(sum - step.moment(static_cast<int>(j))) <= 1e-13 * size);
            }
        }
    }
}

TEST_CASE("exponential: moments are integrals of the kernel") {
    for (const ExponentialStep& step : steps)
        for (int j = 0; j < 4; ++j) {
            double sum = 0;   // midpoint rule: its error is h^2 / 24 / n^2 of the integrand's curvature
            const int n = 20'000;
            for (int i = 0; i < n; ++i) {
                const double s = (i + 0.5) / n, lambda = step.lambda_from + s * step.h();
                const double kernel =
                    step.prediction == Prediction::data ? std::exp(lambda - step.lambda_to) : -std::exp(-lambda);
                sum += kernel * std::pow(s, j) * step.h() / n;
            }
            CHECK(relative(step.moment(j), sum) < 1e-6);
        }
    const ExponentialStep to_zero{Prediction::noise, -1.0, HUGE_VAL};
    CHECK(to_zero.moment(0) == doctest::Approx(-std::exp(1.0)));
    CHECK(ExponentialStep{Prediction::data, -1.0, HUGE_VAL}.keep() == 0.0);
}

TEST_CASE("exponential: quadrature finds the weights in lambda, and those of Adams and Bashforth in rho") {
    for (const ExponentialStep& step : steps) {
        const Numbers nodes{step.lambda_from, step.lambda_from - 0.8 * step.h(), step.lambda_from - 1.9 * step.h()};
        const Numbers exact = step.weights(nodes), found = step.weights(nodes, [](double lambda) { return lambda; });
        double size = 0;
        for (const double w : exact) size = std::max(size, std::abs(w));
        for (std::size_t k = 0; k < 3; ++k) CHECK(std::abs(found[k] - exact[k]) < 2e-12 * size);
    }
    Numbers nodes;
    for (const double rho : {5.0, 6.0, 7.0, 8.0}) nodes.push_back(-std::log(rho));
    const Numbers w = ExponentialStep{Prediction::noise, nodes[0], -std::log(4.0)}.weights(
        nodes, [](double lambda) { return std::exp(-lambda); });
    const Numbers classical{-55. / 24, 59. / 24, -37. / 24, 9. / 24};
    for (std::size_t k = 0; k < 4; ++k) CHECK(w[k] == doctest::Approx(classical[k]).epsilon(1e-13));
}
