#include <buffon/working_space.hpp>

#include <buffon/moments.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/stream.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>

using namespace buffon;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

GaussianCopula pair(double rho) {
    Matrix r(2, 2, 1.0);
    r(0, 1) = r(1, 0) = rho;
    return GaussianCopula(r);
}

MultivariateNormal correlated(double mean, double rho) {
    Matrix c(2, 2);
    c.data = {4.0, 2.0 * rho, 2.0 * rho, 1.0};
    return MultivariateNormal({mean, -mean}, c);
}

Matrix uniforms(std::int64_t n, std::int64_t d, std::uint32_t id, double low = 0, double high = 1) {
    Matrix u(n, d);
    Stream{51, id}.uniform(0, u);
    for (double& v : u.data) v = low + (high - low) * v;
    return u;
}

Matrix densities(const WorkingSpace& space, const Matrix& z) {
    Matrix out(z.rows, space.laws());
    space.log_density(z, out);
    return out;
}

Matrix x_of(const WorkingSpace& space, const Matrix& z) {
    Matrix x(z.rows, z.cols);
    space.to_x(z, x);
    return x;
}

std::vector<double> log_density(const Distribution& law, const Matrix& x) {
    std::vector<double> out(static_cast<std::size_t>(x.rows));
    law.log_density(x, out);
    return out;
}

/// log f(x(z)) + log |dx / dz| by the definition, whatever way the space takes.
void check_transformation(const WorkingSpace& space, const std::vector<Distribution>& laws, const Matrix& z, double tolerance) {
    const Matrix x = x_of(space, z), density = densities(space, z);
    std::vector<double> slope(static_cast<std::size_t>(z.rows));
    space.log_jacobian(z, slope);
    for (std::size_t j = 0; j < laws.size(); ++j) {
        const auto f = log_density(laws[j], x);
        for (std::size_t i = 0; i < f.size(); ++i) {
            const double value = density(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j));
            CHECK((value == f[i] + slope[i] ||
                   value == doctest::Approx(f[i] + slope[i]).epsilon(tolerance)));   // both may be -inf
        }
    }
}

/// log |dx / dz| against central differences of to_x in one coordinate.
void check_slope(const WorkingSpace& space, const Matrix& z) {
    const double h = 1e-6;
    Matrix up = z, down = z;
    for (double& v : up.data) v += h;
    for (double& v : down.data) v -= h;
    const Matrix a = x_of(space, up), b = x_of(space, down);
    std::vector<double> slope(static_cast<std::size_t>(z.rows));
    space.log_jacobian(z, slope);
    for (std::int64_t i = 0; i < z.rows; ++i) {
        double expected = 0;
        for (std::int64_t j = 0; j < z.cols; ++j) expected += std::log(std::abs(a(i, j) - b(i, j)) / (2 * h));
        CHECK(slope[static_cast<std::size_t>(i)] == doctest::Approx(expected).epsilon(1e-6));
    }
}

/// Integrals of the densities over a grid of [-14, 14]^d.
std::vector<double> integrals(const WorkingSpace& space, double step) {
    const auto side = static_cast<std::int64_t>(28 / step);
    const std::int64_t n = space.dim() == 1 ? side : side * side;
    Matrix z(n, space.dim());
    for (std::int64_t i = 0; i < n; ++i) {
        z(i, 0) = -14 + step * static_cast<double>(i % side);
        if (space.dim() == 2) z(i, 1) = -14 + step * static_cast<double>(i / side);
    }
    const Matrix density = densities(space, z);
    std::vector<double> sums(static_cast<std::size_t>(space.laws()));
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < space.laws(); ++j)
            sums[static_cast<std::size_t>(j)] += std::exp(density(i, j)) * std::pow(step, static_cast<double>(space.dim()));
    return sums;
}

const std::vector<Distribution> normals{Joint({Normal(1, 2), LogNormal(0.3, 0.5)}, {}, pair(-0.6)),
                                        Joint({Normal(0, 1), LogNormal(0, 0.7)})};
const std::vector<Distribution> bounded{Joint({Uniform(-1, 3), LogNormal(0, 0.5)}, {}, pair(0.4)),
                                        Joint({Uniform(0, 2), LogNormal(0.4, 0.3)})};
const std::vector<Distribution> vectors{correlated(1, 0.5), correlated(0, -0.8)};
const std::vector<Distribution> mixed{Distribution(LogNormal(0, 0.5)),
                                      Distribution(Normal(1, 1))};   // log-normal on the whole line

}  // namespace

TEST_CASE("standardised: densities are those of x times |dx / dz|; the fast way of Gaussian laws changes nothing") {
    for (const auto* laws : {&normals, &bounded, &vectors}) {
        const WorkingSpace space = WorkingSpace::standardised(*laws);
        CHECK(space.laws() == 2);
        CHECK(space.dim() == 2);
        const Matrix z = uniforms(200, 2, 1, -3, 3);
        check_transformation(space, *laws, z, 1e-11);
        check_slope(space, z);
    }
    check_transformation(WorkingSpace::standardised(mixed), mixed, uniforms(200, 1, 2, 0, 3), 1e-11);
}

TEST_CASE("standardised: densities integrate to 1") {
    for (const auto* laws : {&normals, &vectors})
        for (const double integral : integrals(WorkingSpace::standardised(*laws), 0.1))
            CHECK(integral == doctest::Approx(1.0).epsilon(1e-9));
    // the second uniform law is narrower than the first: its density in z jumps to 0, the grid resolves that to its step
    const auto two = integrals(WorkingSpace::standardised(bounded), 0.05);
    CHECK(two[0] == doctest::Approx(1.0).epsilon(1e-6));
    CHECK(two[1] == doctest::Approx(1.0).epsilon(0.05));
    for (const double integral : integrals(WorkingSpace::standardised(mixed), 0.0005))
        CHECK(integral == doctest::Approx(1.0).epsilon(1e-5));
}

TEST_CASE("standardised: q_0 has mean 0 and variance 1 in every coordinate, nearly") {
    for (const auto* laws : {&normals, &bounded, &vectors}) {
        const WorkingSpace space = WorkingSpace::standardised(*laws);
        Matrix z = uniforms(20'000, 2, 3);
        for (std::int64_t i = 0; i < z.rows; ++i) space.draw_initial(Stream{51, 4}.uniform(i, 0), z.view().row(i).data());
        const Moments m{ConstView(z)};
        for (std::int64_t j = 0; j < 2; ++j) {   // 5 standard errors; the scale itself comes from 1,024 net points
            CHECK(std::abs(m.mean[static_cast<std::size_t>(j)]) < 0.04);
            CHECK(std::abs(m.covariance()(j, j) - 1) < 0.08);
        }
    }
}

TEST_CASE("draw_initial: z of the point of the law that v chooses, back to x") {
    for (const auto* laws : {&normals, &bounded, &vectors}) {
        const WorkingSpace space = WorkingSpace::standardised(*laws);
        for (std::size_t law = 0; law < 2; ++law) {
            const Matrix u = uniforms(300, 2, 5);
            Matrix x(300, 2), z = u;
            (*laws)[law].from_uniform(u, x);
            for (std::int64_t i = 0; i < 300; ++i) space.draw_initial(law == 0 ? 0.49 : 0.51, z.view().row(i).data());
            const Matrix back = x_of(space, z);
            for (std::size_t i = 0; i < x.data.size(); ++i) CHECK(back.data[i] == doctest::Approx(x.data[i]).epsilon(1e-12));
        }
    }
}

TEST_CASE("draw_initial: v at the very end of (0, 1) still chooses a law") {
    const WorkingSpace space = WorkingSpace::standardised(normals);
    double z[2] = {0.5, 0.5};
    space.draw_initial(1 - 0x1p-53, z);
    CHECK(std::isfinite(z[0] + z[1]));
}

TEST_CASE("relative_to_initial: q_0 is the mean of the laws, and they become relative to it") {
    const WorkingSpace space = WorkingSpace::standardised(normals);
    std::vector<double> f{std::log(0.2), std::log(0.6), -2000.0, -infinity, -infinity, -infinity};
    const std::vector<double> log_q = space.relative_to_initial({f.data(), 3, 2});
    CHECK(log_q[0] == doctest::Approx(std::log(0.4)));
    CHECK(log_q[1] == doctest::Approx(-2000 - std::log(2.0)));
    CHECK(log_q[2] == -infinity);
    const double expected[] = {0.5, 1.5, 2, 0, 0, 0};
    for (std::size_t i = 0; i < f.size(); ++i) CHECK(f[i] == doctest::Approx(expected[i]));
    double alone[] = {std::log(0.2), -infinity};
    CHECK(WorkingSpace::normal(normals[0]).relative_to_initial({alone, 2, 1}) == std::vector{std::log(0.2), -infinity});
    CHECK(alone[0] == 1.0);
    CHECK(alone[1] == 0.0);
}

TEST_CASE("normal: the standard normal space of one law") {
    for (const auto& law : {normals[0], bounded[0], vectors[0]}) {
        const WorkingSpace space = WorkingSpace::normal(law);
        CHECK(space.laws() == 1);
        const Matrix z = uniforms(100, 2, 6, -3, 3), density = densities(space, z);
        for (std::int64_t i = 0; i < 100; ++i)
            CHECK(density(i, 0) == doctest::Approx(-0.5 * (z(i, 0) * z(i, 0) + z(i, 1) * z(i, 1)) - 2 * half_log_two_pi));
        Matrix x(100, 2), back(100, 2);
        law.from_normal(z, x);
        CHECK(x_of(space, z).data == x.data);
        check_transformation(space, {law}, z, 1e-12);
        double u[2] = {0.3, 0.9};
        space.draw_initial(0.7, u);
        CHECK(u[0] == normal_quantile(0.3));
        CHECK(u[1] == normal_quantile(0.9));
    }
}

TEST_CASE("raw: the coordinates as they are, whether the laws are Gaussian or not") {
    for (const auto* laws : {&vectors, &bounded, &normals}) {
        const WorkingSpace space = WorkingSpace::raw(*laws);
        const Matrix z = uniforms(100, 2, 7, 0.1, 1.9);
        CHECK(x_of(space, z).data == z.data);
        std::vector<double> slope(100, 1.0);
        space.log_jacobian(z, slope);
        CHECK(slope == std::vector(100, 0.0));
        check_transformation(space, *laws, z, 1e-12);
    }
}

TEST_CASE("raw: outside a support the density is 0") {
    const WorkingSpace space = WorkingSpace::raw(bounded);
    Matrix z(1, 2);
    z.data = {2.5, 1.0};   // in the first uniform law only
    const Matrix density = densities(space, z);
    CHECK(std::isfinite(density(0, 0)));
    CHECK(density(0, 1) == -infinity);
}
