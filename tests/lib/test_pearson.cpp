#include <buffon/joint.hpp>

#include <buffon/distribution.hpp>
#include <buffon/stream.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <stdexcept>
#include <string>

using namespace buffon;

namespace {

Matrix pair(double r) {
    Matrix m(2, 2, 1.0);
    m(0, 1) = m(1, 0) = r;
    return m;
}

double normal_correlation(Univariate a, Univariate b, double r) {
    return gaussian_copula_from_pearson({a, b}, pair(r)).correlation()(0, 1);
}

struct Correlation {
    double value, error;
};

/// Sample correlation of columns i and j of n independent draws; its error from the spread over 100 groups.
Correlation sampled(const Joint& law, std::int64_t n, std::int64_t i, std::int64_t j) {
    Matrix x(n, law.dim());
    Distribution(law).sample({77, 0}, 0, x);
    const auto correlation = [&](std::int64_t first, std::int64_t count) {
        double a = 0, b = 0, aa = 0, bb = 0, ab = 0;
        for (std::int64_t r = first; r < first + count; ++r) {
            a += x(r, i);
            b += x(r, j);
        }
        a /= static_cast<double>(count);
        b /= static_cast<double>(count);
        for (std::int64_t r = first; r < first + count; ++r) {
            aa += (x(r, i) - a) * (x(r, i) - a);
            bb += (x(r, j) - b) * (x(r, j) - b);
            ab += (x(r, i) - a) * (x(r, j) - b);
        }
        return ab / std::sqrt(aa * bb);
    };
    const double whole = correlation(0, n);
    double squares = 0;
    for (std::int64_t g = 0; g < 100; ++g) squares += std::pow(correlation(g * n / 100, n / 100) - whole, 2);
    return {whole, std::sqrt(squares / 99 / 100)};
}

}  // namespace

TEST_CASE("normal pairs keep their correlation, others follow the closed forms") {
    CHECK(normal_correlation(Normal(3, 2), Normal(-1, 5), 0.4) == doctest::Approx(0.4).epsilon(1e-12));
    CHECK(normal_correlation(Normal(), Uniform(0, 1), 0) == 0.0);
    // Pearson = sqrt(3 / pi) rho for a normal and a uniform law, 6 / pi asin(rho / 2) for two uniforms
    CHECK(normal_correlation(Normal(), Uniform(2, 7), 0.6) ==
          doctest::Approx(0.6 / std::sqrt(3 / std::numbers::pi)).epsilon(1e-9));
    CHECK(normal_correlation(Uniform(0, 1), Uniform(-4, 1), -0.5) ==
          doctest::Approx(2 * std::sin(-0.5 * std::numbers::pi / 6)).epsilon(1e-9));
    // log-normals with s, t: (e^{s t rho} - 1) / sqrt((e^{s^2} - 1)(e^{t^2} - 1)) = r
    const double s = 0.8, t = 1.1, r = 0.55;
    const double want = std::log1p(r * std::sqrt(std::expm1(s * s) * std::expm1(t * t))) / (s * t);
    CHECK(normal_correlation(LogNormal(0, s), LogNormal(2, t), r) == doctest::Approx(want).epsilon(1e-11));
}

TEST_CASE("draws of the joint law have the correlations asked for") {
    const std::vector<Univariate> laws{LogNormal(0, 1), Uniform(-1, 3), Normal(5, 2), LogNormal(1, 0.3)};
    Matrix r(4, 4);
    r.data = {1, 0.5, -0.3, 0.2, 0.5, 1, 0.1, 0.2, -0.3, 0.1, 1, -0.4, 0.2, 0.2, -0.4, 1};
    const Joint law(laws, {}, gaussian_copula_from_pearson(laws, r));
    for (std::int64_t i = 0; i < 4; ++i)
        for (std::int64_t j = 0; j < i; ++j) {
            const Correlation found = sampled(law, 400'000, i, j);
            CAPTURE(i);
            CAPTURE(j);
            CHECK(std::abs(found.value - r(i, j)) < 5 * found.error);   // six comparisons: one false alarm in 300,000
            CHECK(found.error < 0.01);                                 // a copula that ignores the laws is off by 0.05 and more
        }
    CHECK(std::abs(sampled(Joint(laws, {}, GaussianCopula(r)), 400'000, 0, 1).value - 0.5) >
          0.05);   // so the check above can fail
}

TEST_CASE("a correlation that no Gaussian copula reaches is refused with the range that is") {
    // two log-normals with sigma 2: at best 1, at worst (e^{-4} - 1) / (e^4 - 1) = -e^{-4} = -0.018316
    std::string message;
    try {
        normal_correlation(LogNormal(0, 2), LogNormal(0, 2), -0.2);
    } catch (const std::invalid_argument& error) {
        message = error.what();
    }
    CHECK(message.starts_with("GaussianCopula: from_pearson reaches correlations in -0.0183156 ... 1"));
    CHECK(message.ends_with("for such a pair of laws, got -0.2"));
    CHECK_NOTHROW(normal_correlation(LogNormal(0, 2), LogNormal(0, 2), -0.0183));
}

TEST_CASE("a matrix of another shape is refused") {
    CHECK_THROWS_WITH_AS(gaussian_copula_from_pearson({Normal(), Normal(), Normal()}, pair(0.1)),
                         "GaussianCopula: correlation must have shape (3, 3), got (2, 2)", std::invalid_argument);
}
