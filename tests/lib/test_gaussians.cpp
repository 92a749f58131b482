#include <buffon/gaussians.hpp>

#include <buffon/multivariate_normal.hpp>
#include <buffon/stream.hpp>

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
