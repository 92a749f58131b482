#include <buffon/frechet.hpp>

#include <cmath>

#include <Eigen/Eigenvalues>
#include <doctest/doctest.h>

#include <buffon/stream.hpp>

using namespace buffon;

namespace {

Matrix normal(std::int64_t n, std::int64_t d, std::uint64_t key, double mean = 0.0, double sd = 1.0) {
    Matrix x(n, d);
    Stream{key, 3}.normal(0, x.view());
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = d - 1; j >= 0; --j) x(i, j) = mean + sd * (x(i, j) + (j > 0 ? 0.4 * x(i, j - 1) : 0.0));
    return x;
}

PointSets one(Matrix x) { return {{std::move(x)}, {}}; }

/// By symmetric square roots of Eigen.
double by_roots(const Matrix& x, const Matrix& y) {
    using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const auto moments = [](const Matrix& a) {
        Rows rows = Eigen::Map<const Rows>(a.data.data(), a.rows, a.cols);
        const Eigen::RowVectorXd mean = rows.colwise().mean();
        rows.rowwise() -= mean;
        return std::pair{mean, Eigen::MatrixXd(rows.transpose() * rows / static_cast<double>(a.rows - 1))};
    };
    const auto [mx, cx] = moments(x);
    const auto [my, cy] = moments(y);
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> of_x(cx);
    const Eigen::MatrixXd root =
        of_x.eigenvectors() * of_x.eigenvalues().cwiseMax(0).cwiseSqrt().asDiagonal() * of_x.eigenvectors().transpose();
    const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> both(root * cy * root, Eigen::EigenvaluesOnly);
    return (mx - my).squaredNorm() + cx.trace() + cy.trace() - 2 * both.eigenvalues().cwiseMax(0).cwiseSqrt().sum();
}

struct Repeated {
    double mean = 0, sd = 0, claimed = 0, covered = 0, floor = 0;
};

template <class F>
Repeated repeat(int times, double exact, const F& run) {
    Repeated out;
    double square = 0;
    for (int r = 0; r < times; ++r) {
        const Estimate e = run(static_cast<std::uint64_t>(r));
        out.mean += e.value[0] / times;
        square += e.value[0] * e.value[0] / times;
        out.claimed += e.covariance(0, 0) / times;
        out.floor += std::get<std::vector<double>>(e.diagnostics.at("floor"))[0] / times;
        const auto [low, high] = e.confidence_interval();
        out.covered += (low[0] <= exact && exact <= high[0]) / static_cast<double>(times);
    }
    out.sd = std::sqrt(square - out.mean * out.mean);
    return out;
}

}  // namespace

TEST_CASE("frechet: both routes are the symmetric square roots, for any ranks") {
    struct Case { std::int64_t n, m, d; };
    for (const Case c : {Case{60, 50, 7}, {300, 280, 90}, {40, 200, 60}, {200, 40, 60}, {30, 25, 100}, {61, 70, 60}}) {
        CAPTURE(c.n);
        CAPTURE(c.m);
        Matrix x = normal(c.n, c.d, 1, 0.2, 1.3), y = normal(c.m, c.d, 2);
        CHECK(frechet(one(x), {y}, {.threads = 1}).value[0] == doctest::Approx(by_roots(x, y)).epsilon(1e-7));
        if (c.d < 60 || std::min(c.n, c.m) > c.d)
            CHECK(frechet(one(x), {y}, {.threads = 1}).value[0] == doctest::Approx(by_roots(x, y)).epsilon(1e-10));
        for (std::int64_t i = 0; i < c.n; ++i) x(i, 3) = 2.0;   // constant columns, and one that is the sum of two
        for (std::int64_t i = 0; i < c.m; ++i) y(i, 3) = 2.0, y(i, 5) = y(i, 0) + y(i, 1);
        CHECK(frechet(one(x), {y}, {.threads = 1}).value[0] == doctest::Approx(by_roots(x, y)).epsilon(1e-6));
    }
}

TEST_CASE("frechet: a sample that is one point has no covariance") {
    const Matrix x = normal(60, 3, 1, 0.2, 1.3), point(50, 3, 1.0);
    CHECK(frechet(one(x), {point}, {.threads = 1}).value[0] == doctest::Approx(by_roots(x, point)));
    CHECK(frechet(one(point), {x}, {.threads = 1}).value[0] == doctest::Approx(by_roots(x, point)));
    const Estimate same = frechet(one(point), {point}, {.sizes = 5, .threads = 1});
    CHECK(same.value[0] == doctest::Approx(0.0));
    CHECK(same.std_error()[0] == doctest::Approx(0.0));
}

TEST_CASE("frechet: normal laws in closed form, with the errors that runs have; the floor is the mean of equal ones") {
    constexpr int times = 500;
    // C = s^2 A in both: d |mean|^2 + (s - 1)^2 tr A, A of x_j + 0.4 x_(j - 1)
    const double d = 6, trace = 1 + (d - 1) * 1.16;
    const auto bias_free = [&](double mean, double sd) { return d * mean * mean + (sd - 1) * (sd - 1) * trace; };
    const Repeated apart = repeat(times, bias_free(0.7, 1.8), [&](std::uint64_t r) {
        return frechet(one(normal(600, 6, 2 * r, 0.7, 1.8)), {normal(500, 6, 2 * r + 1)}, {.threads = 1});
    });
    CHECK(std::abs(apart.mean - bias_free(0.7, 1.8)) < 0.35 * apart.sd);
    CHECK(std::sqrt(apart.claimed) / apart.sd == doctest::Approx(1).epsilon(0.12));
    CHECK(apart.covered > 0.9);
    CHECK(apart.covered < 0.975);
    const Repeated equal = repeat(times, 0.0, [&](std::uint64_t r) {
        return frechet(one(normal(600, 6, 2 * r)), {normal(500, 6, 2 * r + 1)}, {.threads = 1});
    });
    CHECK(equal.floor / equal.mean == doctest::Approx(1).epsilon(0.08));
    CHECK(std::sqrt(equal.claimed) > 0.8 * equal.sd);
    const Repeated line = repeat(200, 0.0, [&](std::uint64_t r) {
        return frechet(one(normal(600, 6, 2 * r)), {normal(500, 6, 2 * r + 1)}, {.sizes = 5, .threads = 1});
    });
    CHECK(std::abs(line.mean) < 0.12 * equal.mean);   // of the bias 1 / n nothing is left
    CHECK(line.covered > 0.9);
}

TEST_CASE("frechet: errors of the route by products are those of the other") {
    const Matrix x = normal(80, 70, 1, 0.3, 1.2), y = normal(71, 70, 2);
    Matrix wide_x(80, 200), wide_y(71, 200);   // the same points in more columns: fewer rows than columns
    for (std::int64_t i = 0; i < 80; ++i)
        for (std::int64_t j = 0; j < 70; ++j) wide_x(i, 2 * j) = x(i, j);
    for (std::int64_t i = 0; i < 71; ++i)
        for (std::int64_t j = 0; j < 70; ++j) wide_y(i, 2 * j) = y(i, j);
    const Estimate a = frechet(one(x), {y}, {.threads = 1}), b = frechet(one(wide_x), {wide_y}, {.threads = 1}),
                   c = frechet(one(wide_y), {wide_x}, {.threads = 1});
    CHECK(b.value[0] == doctest::Approx(a.value[0]).epsilon(1e-8));
    CHECK(b.std_error()[0] == doctest::Approx(a.std_error()[0]).epsilon(1e-3));
    CHECK(c.value[0] == doctest::Approx(a.value[0]).epsilon(1e-8));
    CHECK(c.std_error()[0] == doctest::Approx(a.std_error()[0]).epsilon(1e-3));
    CHECK(a.warnings.size() == 1);
}

TEST_CASE("frechet: joint errors, threads, refusals") {
    const Matrix x = normal(300, 4, 1), y = normal(250, 4, 2);
    Matrix other = x;
    for (double& v : other.data) v = 0.2 + 1.1 * v;
    const Estimate e = frechet({{x, other}, {"a", "b"}}, {y}, {.threads = 1}),
                   two = frechet({{x, other}, {"a", "b"}}, {y}, {.threads = 3});
    CHECK(e.value == two.value);
    CHECK(e.covariance.data == two.covariance.data);
    CHECK(e.n == 850);
    CHECK(frechet(one(other), {y}).std_error()[0] == doctest::Approx(e.std_error()[1]));
    CHECK_THROWS_WITH(frechet(one(x), {y}, {.sizes = 2}), "frechet: sizes must be 0 or at least 3, got 2");
    CHECK_THROWS_WITH(frechet(one(normal(3, 4, 1)), {y}), "frechet: x must have at least 4 rows, got 3");
}
