#include <buffon/mixture.hpp>

#include <buffon/normal_functions.hpp>
#include <buffon/stream.hpp>

#include <boost/math/distributions/normal.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

#include "../refusal.hpp"

using namespace buffon;

namespace {

using Wide = long double;

struct Peak {
    double weight, mean, sd;
};

Mixture on_the_line(const std::vector<Peak>& peaks) {
    std::vector<double> weights;
    std::vector<MultivariateNormal> components;
    for (const auto& peak : peaks) {
        weights.push_back(peak.weight);
        components.push_back({{peak.mean}, Matrix(1, 1, peak.sd * peak.sd)});
    }
    return {weights, components};
}

/// Normal score of x by sums of Boost.Math's cdf in long double, from the lighter tail.
double oracle_score(const std::vector<Peak>& peaks, double x) {
    const boost::math::normal_distribution<Wide> standard;
    Wide lower = 0, upper = 0, total = 0;
    for (const auto& peak : peaks) {
        const Wide t = (Wide(x) - peak.mean) / peak.sd;
        lower += peak.weight * cdf(standard, t);
        upper += peak.weight * cdf(complement(standard, t));
        total += peak.weight;
    }
    return static_cast<double>(lower < upper ? quantile(standard, lower / total) : quantile(complement(standard, upper / total)));
}

double to_normal(const Mixture& law, double x) {
    double u = 0;
    law.to_normal({&x, 1, 1}, {&u, 1, 1});
    return u;
}

double from_normal(const Mixture& law, double u) {
    double x = 0;
    law.from_normal({&u, 1, 1}, {&x, 1, 1});
    return x;
}

Matrix square(std::vector<double> entries) {
    Matrix m(2, 2);
    m.data = std::move(entries);
    return m;
}

Mixture plane() {
    return {{1, 3}, {{{-1, 2}, square({1, 0.5, 0.5, 2})}, {{2, -1}, square({0.5, -0.3, -0.3, 0.7})}}};
}

double density(double x, double y) {
    const auto component = [&](double m, double n, double a, double b, double c) {   // closed inverse of [[a, b], [b, c]]
        const double det = a * c - b * b, dx = x - m, dy = y - n;
        return std::exp(-(c * dx * dx - 2 * b * dx * dy + a * dy * dy) / (2 * det)) / (2 * std::numbers::pi * std::sqrt(det));
    };
    return 0.25 * component(-1, 2, 1, 0.5, 2) + 0.75 * component(2, -1, 0.5, -0.3, 0.7);
}

const std::vector<std::vector<Peak>> lines = {
    {{1, 2, 0.5}},
    {{0.5, -1, 1}, {0.5, 1, 1}},
    {{0.3, -6, 1}, {0.7, 6, 0.5}},
    {{1e-9, -30, 0.1}, {1, 0, 1}, {1e-12, 12, 3}},
    {{0.2, 1e6, 1}, {0.8, 1e6 + 3, 0.01}},
    {{0.5, 0, 1}, {0.5, 0, 1e-4}},
};

}  // namespace

TEST_CASE("on the line, scores are those of Boost.Math's cdfs to 1e-12, |u| up to 8 and beyond") {
    for (std::size_t l = 0; l < lines.size(); ++l) {
        CAPTURE(l);
        const Mixture law = on_the_line(lines[l]);
        for (double x = -34; x <= 34; x += 0.37) {
            const double shifted = x + (l == 4 ? 1e6 : 0);
            const double want = oracle_score(lines[l], shifted);
            if (std::abs(want) < 37) CHECK(std::abs(to_normal(law, shifted) - want) < 1e-12);
        }
    }
}

TEST_CASE("on the line, from_normal finds the point whose score by Boost.Math is u") {
    for (std::size_t l = 0; l < lines.size(); ++l) {
        const Mixture law = on_the_line(lines[l]);
        for (double u = -8; u <= 8; u += 0.109375) {
            CAPTURE(l);
            CAPTURE(u);
            const double x = from_normal(law, u);
            // exact to 1e-12 in u, or as near as neighbouring doubles x allow
            const double spacing = std::abs(oracle_score(lines[l], std::nextafter(x, 1e9)) -
                                            oracle_score(lines[l], std::nextafter(x, -1e9)));
            CHECK(std::abs(oracle_score(lines[l], x) - u) < std::max(1e-12, spacing));
        }
    }
}

TEST_CASE("scores far beyond the underflow of the cdf follow the dominating component") {
    const Mixture law = on_the_line({{1, -3, 1}, {1, 3, 2}});
    // P(X > 500) is half that of N(3, 4) at 500 but for exp(-1e5): log of it by Mills' series
    const Wide t = 248.5L;
    const Wide log_p = -t * t / 2 - std::log(t * std::sqrt(2 * std::acos(Wide(-1)))) - 1 / (t * t) - std::log(Wide(2));
    const double u = to_normal(law, 500);
    const Wide z = u;
    const Wide log_q = -z * z / 2 - std::log(z * std::sqrt(2 * std::acos(Wide(-1)))) - 1 / (z * z);
    CHECK(std::abs(log_p / log_q - 1) < 1e-12);
    CHECK(std::abs(from_normal(law, u) - 500) < 1e-11);
}

TEST_CASE("in the plane the second score is the integral of the density over the second coordinate") {
    const Mixture law = plane();
    for (const auto& [x, y] : {std::pair{0.0, 0.5}, {2.5, -2.0}, {-1.5, 3.5}, {0.7, 1.0}}) {
        double below = 0, total = 0;
        const double step = 1e-3;   // midpoint rule: error step^2 / 24 times a slope below 1, so 1e-7
        for (double t = y - 0.5 * step; t > -20; t -= step) below += density(x, t);
        total = below;
        for (double t = y + 0.5 * step; t < 20; t += step) total += density(x, t);
        const double point[] = {x, y};
        double u[2];
        law.to_normal({point, 1, 2}, {u, 1, 2});
        CHECK(normal_cdf(u[1]) == doctest::Approx(below / total).epsilon(1e-6));
        const boost::math::normal first(-1, 1), second(2, std::sqrt(0.5));
        CHECK(normal_cdf(u[0]) == doctest::Approx(0.25 * cdf(first, x) + 0.75 * cdf(second, x)).epsilon(1e-13));
    }
}

TEST_CASE("in the plane, log density is the closed form") {
    const double points[] = {0, 0.5, 2, -1, -3, 4};
    double out[3];
    plane().log_density({points, 3, 2}, out);
    for (int i = 0; i < 3; ++i)
        CHECK(out[i] == doctest::Approx(std::log(density(points[2 * i], points[2 * i + 1]))).epsilon(1e-13));
}

TEST_CASE("log density stays finite where every component's density underflows") {
    const double x = 100;
    double out = 0;
    on_the_line({{1, -1, 1}, {1, 1, 1}}).log_density({&x, 1, 1}, {&out, 1});
    const double want = -0.5 * 99 * 99 - half_log_two_pi - std::log(2.0);   // the other peak weighs exp(-200)
    CHECK(out == doctest::Approx(want).epsilon(1e-15));
}

TEST_CASE("to_normal inverts from_normal in the plane for scores up to 8") {
    const Mixture law = plane();
    for (double a = -8; a <= 8; a += 0.8)
        for (double b = -8; b <= 8; b += 0.8) {
            const double u[] = {a, b};
            double x[2], back[2];
            law.from_normal({u, 1, 2}, {x, 1, 2});
            law.to_normal({x, 1, 2}, {back, 1, 2});
            CAPTURE(a);
            CAPTURE(b);
            CHECK(std::abs(back[0] - a) < 1e-12);
            CHECK(std::abs(back[1] - b) < 1e-12);
        }
}

TEST_CASE("to_normal inverts from_normal in the plane for scores up to 37") {
    const Mixture law = plane();
    for (const double a : {-37.0, -20.0, -10.0, -8.5, 0.4, 8.5, 10.0, 20.0, 37.0})
        for (const double b : {-37.0, -20.0, -10.0, -8.5, 0.4, 8.5, 10.0, 20.0, 37.0}) {
            const double u[] = {a, b};
            double x[2], back[2];
            law.from_normal({u, 1, 2}, {x, 1, 2});
            law.to_normal({x, 1, 2}, {back, 1, 2});
            CAPTURE(a);
            CAPTURE(b);
            CHECK(std::abs(back[0] - a) < 1e-11);
            CHECK(std::abs(back[1] - b) < 1e-11);
        }
}

TEST_CASE("the sample has the mean and covariance of the law, and these are the closed forms") {
    const Mixture law = plane();
    CHECK(law.mean()[0] == doctest::Approx(1.25).epsilon(1e-15));
    CHECK(law.covariance()(0, 1) == doctest::Approx(0.25 * 0.5 - 0.75 * 0.3 - 0.25 * 0.75 * 9).epsilon(1e-14));
    CHECK(law.covariance()(1, 1) == doctest::Approx(0.25 * 2 + 0.75 * 0.7 + 0.25 * 0.75 * 9).epsilon(1e-14));
    const std::int64_t n = 40'000;
    Matrix x(n, 2);
    Stream{.key = 4}.uniform(0, x);
    for (double& v : x.data) v = normal_quantile(v);
    law.from_normal(x, x);
    for (int i = 0; i < 2; ++i)
        for (int j = 0; j <= i; ++j) {   // |z| < 5
            double first = 0, sum = 0, squares = 0;
            for (std::int64_t k = 0; k < n; ++k) {
                const double product = (x(k, i) - law.mean()[i]) * (x(k, j) - law.mean()[j]);
                first += x(k, i) - law.mean()[i], sum += product, squares += product * product;
            }
            CHECK(std::abs(sum / n - law.covariance()(i, j)) < 5 * std::sqrt((squares / n - sum * sum / n / n) / n));
            CHECK(std::abs(first / n) < 5 * std::sqrt(law.covariance()(i, i) / n));
        }
}

TEST_CASE("bits do not depend on how rows are batched, with components that share a mean too") {
    const Mixture shared(
        {1, 2, 1},
        {{{0, 0}, square({1, 0.5, 0.5, 2})}, {{0, 0}, square({4, 0, 0, 1})}, {{0, 1}, square({1, 0, 0, 1})}});
    for (const Mixture& law : {plane(), shared}) {
        Matrix u(300, 2), x(300, 2);
        Stream{.key = 6}.uniform(0, u);
        for (double& v : u.data) v = normal_quantile(v);
        law.from_normal(u, x);
        std::vector<double> all(300);
        law.log_density(x, all);
        for (int i = 0; i < 300; ++i) {
            double y[2], one;
            law.from_normal(ConstView(u).slice(i, 1), {y, 1, 2});
            law.log_density({y, 1, 2}, {&one, 1});
            CHECK((y[0] == x(i, 0) && y[1] == x(i, 1) && one == all[static_cast<std::size_t>(i)]));
        }
    }
}

TEST_CASE("NaN and infinite values pass through") {
    const Mixture law = on_the_line({{1, -1, 1}, {1, 1, 1}});
    CHECK(std::isnan(to_normal(law, std::nan(""))));
    CHECK(std::isnan(from_normal(law, std::nan(""))));
    CHECK(from_normal(law, -INFINITY) == -INFINITY);
    CHECK(to_normal(law, INFINITY) == INFINITY);
    const double x = std::nan("");
    double out = 0;
    law.log_density({&x, 1, 1}, {&out, 1});
    CHECK(std::isnan(out));
}

TEST_CASE("weights are normalised; defects are named") {
    CHECK(plane().weights() == std::vector<double>{0.25, 0.75});
    const MultivariateNormal one({0}, Matrix(1, 1, 1.0));
    CHECK(message([&] { Mixture({}, {}); }) == "Mixture: components must not be empty");
    CHECK(message([&] { Mixture({1}, {one, one}); }) == "Mixture: weights must have one entry per component, 2, got 1");
    CHECK(message([&] { Mixture({1, -0.5}, {one, one}); }) == "Mixture: weights must be positive and finite, got -0.5 at 1");
    CHECK(message([&] { Mixture({1, 1}, {one, plane().components()[0]}); }) ==
          "Mixture: components must have one dimension, got 1 at 0 and 2 at 1");
}
