#include <buffon/gaussians.hpp>

#include <buffon/linalg.hpp>
#include <buffon/multivariate_normal.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/stream.hpp>

#include <boost/math/distributions/fisher_f.hpp>
#include <boost/math/distributions/students_t.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace buffon;

namespace {

Matrix uniforms(std::int64_t n, std::int64_t d, std::uint32_t id, double low = -3, double high = 3) {
    Matrix u(n, d);
    Stream{21, id}.uniform(0, u);
    for (double& v : u.data) v = low + (high - low) * v;
    return u;
}

Gaussian gaussian(std::int64_t d, std::uint32_t id) {
    Gaussian g{uniforms(1, d, id).data, uniforms(d, d, id + 1, -1.0 / static_cast<double>(d), 1.0 / static_cast<double>(d))};
    for (std::int64_t i = 0; i < d; ++i) {
        g.factor(i, i) = 0.3 + std::abs(g.factor(i, i));
        for (std::int64_t j = i + 1; j < d; ++j) g.factor(i, j) = 0;
    }
    return g;
}

std::vector<Gaussian> gaussians(std::int64_t count, std::int64_t d) {
    std::vector<Gaussian> all;
    for (std::int64_t k = 0; k < count; ++k) all.push_back(gaussian(d, static_cast<std::uint32_t>(100 + 2 * k)));
    return all;
}

MultivariateNormal oracle(const Gaussian& g) {
    Matrix covariance(g.dim(), g.dim());
    for (std::int64_t i = 0; i < g.dim(); ++i)
        for (std::int64_t j = 0; j < g.dim(); ++j)
            for (std::int64_t k = 0; k < g.dim(); ++k) covariance(i, j) += g.factor(i, k) * g.factor(j, k);
    return MultivariateNormal(g.mean, covariance);
}

}  // namespace

TEST_CASE("Gaussians: log densities equal those of MultivariateNormal, for numbers around the groups of eight") {
    for (const std::int64_t d : {1, 2, 6, 17})
        for (const std::int64_t count : {1, 7, 8, 9, 20}) {
            const auto components = gaussians(count, d);
            const Matrix z = uniforms(67, d, 3);
            Matrix out(z.rows, count);
            Gaussians(components).log_density(z, out);
            for (std::int64_t k = 0; k < count; ++k) {
                std::vector<double> expected(static_cast<std::size_t>(z.rows));
                oracle(components[static_cast<std::size_t>(k)]).log_density(z, expected);
                for (std::int64_t i = 0; i < z.rows; ++i)
                    REQUIRE(out(i, k) == doctest::Approx(expected[static_cast<std::size_t>(i)]).epsilon(1e-11));
            }
        }
}

TEST_CASE("Gaussians: results go into their columns, the others are left alone") {
    const auto components = gaussians(9, 2);
    const Matrix z = uniforms(30, 2, 4);
    Matrix alone(30, 9), beside(30, 12, 42.0);
    Gaussians(components).log_density(z, alone);
    Gaussians(components).log_density(z, beside, 2);
    for (std::int64_t i = 0; i < 30; ++i)
        for (std::int64_t k = 0; k < 12; ++k) CHECK(beside(i, k) == (k < 2 || k == 11 ? 42.0 : alone(i, k - 2)));
}

TEST_CASE("Gaussians: bits depend neither on the other components nor on how rows are batched") {
    const auto components = gaussians(19, 3);
    const Matrix z = uniforms(50, 3, 5);
    Matrix all(50, 19), one(50, 1), rows(50, 19);
    Gaussians(components).log_density(z, all);
    for (std::size_t k = 0; k < components.size(); ++k) {
        Gaussians({components[k]}).log_density(z, one);
        for (std::int64_t i = 0; i < 50; ++i) REQUIRE(one(i, 0) == all(i, static_cast<std::int64_t>(k)));
    }
    for (std::int64_t i = 0; i < 50; i += 7)
        Gaussians(components).log_density(z.view().slice(i, std::min<std::int64_t>(7, 50 - i)),
                                          rows.view().slice(i, std::min<std::int64_t>(7, 50 - i)));
    CHECK(rows.data == all.data);
}

TEST_CASE("Gaussians: none, and no rows") {
    Matrix out(3, 1, 42.0);
    Gaussians({}).log_density(uniforms(3, 2, 6), out);
    CHECK(out.data == std::vector(3, 42.0));
    CHECK(Gaussians({}).size() == 0);
    Matrix nothing(0, 2);
    Gaussians(gaussians(2, 2)).log_density(Matrix(0, 2), nothing);
}

TEST_CASE("Gaussian: place whitens back") {
    const Gaussian g = gaussian(4, 7);
    const Matrix u = uniforms(1, 4, 8);
    std::vector<double> z = u.data;
    g.place(z.data());
    Matrix x(1, 4), back(1, 4);
    x.data = z;
    oracle(g).to_normal(x, back);
    for (std::int64_t j = 0; j < 4; ++j) CHECK(back(0, j) == doctest::Approx(u(0, j)).epsilon(1e-9));
}

TEST_CASE("Student: log densities are those of the closed form beside Gaussian ones, at one point in one dimension Boost's") {
    const double degrees = 3.5;
    for (const std::int64_t d : {1, 2, 5}) {
        auto components = gaussians(9, d);
        for (const std::size_t k : {0u, 3u, 8u}) components[k].degrees = degrees;
        const Matrix z = uniforms(41, d, 9, -40, 40);
        Matrix out(z.rows, 9), normal(z.rows, 9);
        Gaussians(components).log_density(z, out);
        Gaussians(gaussians(9, d)).log_density(z, normal);
        for (std::int64_t i = 0; i < z.rows; ++i)
            for (std::int64_t k = 0; k < 9; ++k) {
                const Gaussian& g = components[static_cast<std::size_t>(k)];
                if (!g.heavy()) {
                    REQUIRE(out(i, k) == normal(i, k));
                    continue;
                }
                double log_root = 0;
                for (std::int64_t j = 0; j < d; ++j) log_root += std::log(g.factor(j, j));
                const double dim = static_cast<double>(d), log_pi = std::log(3.14159265358979323846);
                const double square = -2 * (normal(i, k) + log_root + 0.5 * dim * (log_pi + std::log(2.0)));
                const double expected = std::lgamma(0.5 * (degrees + dim)) - std::lgamma(0.5 * degrees) -
                                        0.5 * dim * (log_pi + std::log(degrees)) - log_root -
                                        0.5 * (degrees + dim) * std::log1p(square / degrees);
                REQUIRE(out(i, k) == doctest::Approx(expected).epsilon(1e-12));
            }
    }
    Gaussian one{{0.5}, Matrix(1, 1, 2.0), 4};
    Matrix z(1, 1, -3.0), out(1, 1);
    Gaussians({one}).log_density(z, out);
    CHECK(out(0, 0) == doctest::Approx(std::log(boost::math::pdf(boost::math::students_t(4), -1.75) / 2)).epsilon(1e-14));
}

TEST_CASE("Student: place maps uniforms to the law, by its squared distances") {
    Gaussian g = gaussian(3, 7);
    g.degrees = 5;
    const std::int64_t n = 20'000;
    const Matrix u = uniforms(n, 4, 11, 0, 1);
    std::int64_t below = 0;
    const double median = 3 * boost::math::quantile(boost::math::fisher_f(3, 5), 0.5);
    for (std::int64_t i = 0; i < n; ++i) {
        double z[3];
        for (int j = 0; j < 3; ++j) z[j] = normal_quantile(u(i, j + 1));
        g.place(z, u(i, 0));
        for (int j = 0; j < 3; ++j) z[j] -= g.mean[static_cast<std::size_t>(j)];
        solve_lower(g.factor, z);
        below += sum_of_squares(z, 3) < median;
    }
    CHECK(std::abs(static_cast<double>(below) - 0.5 * n) < 5 * std::sqrt(0.25 * n));
}
