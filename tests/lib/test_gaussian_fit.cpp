#include <buffon/gaussian_fit.hpp>

#include <buffon/logspace.hpp>
#include <buffon/normal_functions.hpp>

#include <Eigen/Dense>
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace buffon;

namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

const FitOptions plain{.shrink = false, .relative_jitter = 0};

/// Correlated normal points with unequal variances, around (1, 2, ...).
Matrix points(std::int64_t n, std::int64_t d, std::uint32_t id) {
    Matrix z(n, d);
    Stream{41, id}.uniform(0, z);
    for (double& v : z.data) v = normal_quantile(v);
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = d - 1; j >= 0; --j)
            z(i, j) = static_cast<double>(j + 1) * (1 + z(i, j) + (j > 0 ? 0.8 * z(i, j - 1) : 0.0));
    return z;
}

std::vector<double> weights(std::int64_t n, std::uint32_t id) {
    std::vector<double> w(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < w.size(); ++i) {
        const double u = Stream{41, id}.uniform(static_cast<std::int64_t>(i), 0);
        w[i] = u < 0.2 ? 0.0 : u * u;
    }
    return w;
}

Eigen::Map<const RowMajor> eigen(const Matrix& m) { return {m.data.data(), m.rows, m.cols}; }

struct Moments {
    Eigen::VectorXd mean;
    Eigen::MatrixXd covariance;
    double effective;
};

Moments oracle(const Matrix& z, const std::vector<double>& w) {
    const Eigen::Map<const Eigen::VectorXd> p(w.data(), z.rows);
    const Eigen::VectorXd mean = eigen(z).transpose() * p / p.sum();
    const Eigen::MatrixXd gap = eigen(z).rowwise() - mean.transpose();
    return {mean, gap.transpose() * p.asDiagonal() * gap / p.sum(), p.sum() * p.sum() / p.squaredNorm()};
}

Eigen::MatrixXd covariance(const Gaussian& g) { return eigen(g.factor) * eigen(g.factor).transpose(); }

void check(const std::optional<Gaussian>& fit, const Eigen::VectorXd& mean, const Eigen::MatrixXd& expected) {
    REQUIRE(fit.has_value());
    CHECK((Eigen::Map<const Eigen::VectorXd>(fit->mean.data(), mean.size()) - mean).norm() < 1e-12 * (1 + mean.norm()));
    CHECK((covariance(*fit) - expected).norm() < 1e-12 * expected.norm());
}

/// Two far apart clouds, 30 % and 70 %.
Matrix two_clouds(std::int64_t n) {
    Matrix z(n, 2);
    Stream{41, 9}.uniform(0, z);
    for (std::int64_t i = 0; i < n; ++i) {
        const bool left = Stream{41, 10}.uniform(i, 0) < 0.3;
        z(i, 0) = (left ? -5.0 : 4.0) + (left ? 0.5 : 1.0) * normal_quantile(z(i, 0));
        z(i, 1) = (left ? 1.0 : -2.0) + (left ? 2.0 : 0.3) * normal_quantile(z(i, 1)) + (left ? 0.0 : 0.5 * (z(i, 0) - 4.0));
    }
    return z;
}

}  // namespace

TEST_CASE("fit_gaussian: without shrinkage the weighted maximum likelihood, computed with Eigen") {
    for (const std::int64_t d : {1, 2, 5}) {
        const Matrix z = points(300, d, 1);
        const auto w = weights(300, 2);
        const Moments m = oracle(z, w);
        check(fit_gaussian(z, w, plain), m.mean, m.covariance);
    }
}

TEST_CASE("fit_gaussian: jitter is relative to the mean variance, or absolute, and added to all") {
    const Matrix z = points(200, 3, 3);
    const auto w = weights(200, 4);
    const Moments m = oracle(z, w);
    const double added = 0.02 * m.covariance.diagonal().mean() + 0.5;
    check(fit_gaussian(z, w, {.shrink = false, .relative_jitter = 0.02, .absolute_jitter = 0.5}), m.mean,
          m.covariance + added * Eigen::MatrixXd::Identity(3, 3));
}

TEST_CASE("fit_gaussian: shrinkage of Schaefer and Strimmer with the effective size of the weights") {
    for (const std::int64_t n : {12, 40, 4000}) {
        const std::int64_t d = 4;
        const Matrix z = points(n, d, 5);
        const auto w = weights(n, 6);
        const Moments m = oracle(z, w);
        const Eigen::MatrixXd& s = m.covariance;
        const Eigen::MatrixXd diagonal = s.diagonal().asDiagonal();
        const Eigen::MatrixXd off = s - diagonal;
        const Eigen::MatrixXd products = s.diagonal() * s.diagonal().transpose();
        const double cross = products.sum() - products.diagonal().sum();
        const double centre = s.diagonal().mean();
        const double one = std::min(1.0, (cross + off.squaredNorm()) / m.effective / off.squaredNorm());
        const double two = std::min(
            1.0, 2 * s.diagonal().squaredNorm() / m.effective / (s.diagonal().array() - centre).matrix().squaredNorm());
        CHECK(one > 0);
        CHECK((n < 100 || one < 0.1));
        const Eigen::MatrixXd expected = (1 - one) * off + (1 - two) * diagonal + two * centre * Eigen::MatrixXd::Identity(d, d);
        check(fit_gaussian(z, w, {.relative_jitter = 0}), m.mean, expected);
    }
}

TEST_CASE("fit_gaussian: one coordinate is not shrunk, diagonal keeps the variances only") {
    const auto w = weights(50, 7);
    const Matrix line = points(50, 1, 8), z = points(50, 3, 8);
    const Moments one = oracle(line, w), m = oracle(z, w);
    check(fit_gaussian(line, w, {.relative_jitter = 0}), one.mean, one.covariance);
    check(fit_gaussian(z, w, {.shrink = false, .diagonal = true, .relative_jitter = 0}), m.mean,
          m.covariance.diagonal().asDiagonal());
}

TEST_CASE("fit_gaussian: neither the scale of the weights nor rows of weight 0 count") {
    Matrix z = points(100, 3, 11);
    auto w = weights(100, 12);
    const auto first = fit_gaussian(z, w, {});
    for (std::size_t i = 0; i < w.size(); ++i)
        if (w[i] == 0)
            for (double& v : z.view().row(static_cast<std::int64_t>(i))) v = 1e9;
    for (double& v : w) v *= 0x1p-500;
    const auto again = fit_gaussian(z, w, {});
    REQUIRE(first.has_value());
    REQUIRE(again.has_value());
    CHECK(again->mean == first->mean);
    CHECK(eigen(again->factor).isApprox(eigen(first->factor), 1e-14));
}

TEST_CASE("fit_gaussian: singular data get as much jitter as they need, no more") {
    Matrix z(40, 3);
    for (std::int64_t i = 0; i < 40; ++i)
        for (std::int64_t j = 0; j < 3; ++j) z(i, j) = static_cast<double>(i * (j + 1)) / 40;   // on a line
    const std::vector<double> w(40, 1.0);
    const auto fit = fit_gaussian(z, w, plain);
    REQUIRE(fit.has_value());
    const Moments m = oracle(z, w);
    CHECK((covariance(*fit) - m.covariance).norm() < 1e-8 * m.covariance.norm());
    for (std::int64_t j = 0; j < 3; ++j) CHECK(fit->factor(j, j) > 0);
}

TEST_CASE("fit_gaussian: a single point has no scale: nothing, unless the jitter is absolute") {
    const Matrix z(10, 2, 3.0);
    const std::vector<double> w(10, 1.0), none(10, 0.0);
    CHECK(!fit_gaussian(z, w, {}).has_value());
    check(fit_gaussian(z, w, {.absolute_jitter = 1e-6}), Eigen::Vector2d(3, 3), 1e-6 * Eigen::Matrix2d::Identity());
    CHECK(!fit_gaussian(z, none, {}).has_value());
}

TEST_CASE("fit_mixture: EM finds the two clouds, from either start") {
    const Matrix z = two_clouds(3000);
    const std::vector<double> w(3000, 2.0);
    for (const bool random : {false, true}) {
        auto fit = fit_mixture(z, w, 2, {.shrink = false, .random_start = random}, {5, 1});
        REQUIRE(fit.size() == 2);
        std::ranges::sort(fit, {}, [](const auto& c) { return c.law.mean[0]; });
        // 5 standard errors of 900 and 2,100 points
        CHECK(fit[0].share == doctest::Approx(0.3).epsilon(0.14));
        CHECK(fit[0].share + fit[1].share == doctest::Approx(1.0));
        CHECK(std::abs(fit[0].law.mean[0] + 5.0) < 0.09);
        CHECK(std::abs(fit[0].law.mean[1] - 1.0) < 0.34);
        CHECK(std::abs(fit[1].law.mean[0] - 4.0) < 0.11);
        CHECK(std::abs(fit[1].law.mean[1] + 2.0) < 0.07);
        CHECK((covariance(fit[0].law) - Eigen::Vector2d(0.25, 4.0).asDiagonal().toDenseMatrix()).norm() < 1.0);
        Eigen::Matrix2d right;
        right << 1.0, 0.5, 0.5, 0.34;
        CHECK((covariance(fit[1].law) - right).norm() < 0.25);
    }
}

TEST_CASE("fit_mixture: weights choose what is seen") {
    const Matrix z = two_clouds(2000);
    std::vector<double> w(2000, 1.0);
    for (std::int64_t i = 0; i < 2000; ++i)
        if (z(i, 0) < 0) w[static_cast<std::size_t>(i)] = 0;
    for (const auto& c : fit_mixture(z, w, 2, {}, {5, 2})) CHECK(c.law.mean[0] > 0);
}

TEST_CASE("fit_mixture: one component is the Gaussian itself; same stream, same bits") {
    const Matrix z = two_clouds(500);
    const auto w = weights(500, 13);
    const auto one = fit_mixture(z, w, 1, {}, {5, 3});
    REQUIRE(one.size() == 1);
    CHECK(one[0].share == 1.0);
    CHECK(one[0].law.factor.data == fit_gaussian(z, w, {})->factor.data);
    const auto a = fit_mixture(z, w, 3, {}, {5, 4}), b = fit_mixture(z, w, 3, {}, {5, 4});
    REQUIRE(a.size() == b.size());
    for (std::size_t k = 0; k < a.size(); ++k) {
        CHECK(a[k].share == b[k].share);
        CHECK(a[k].law.factor.data == b[k].law.factor.data);
    }
}

TEST_CASE("fit_mixture: more components than points, no weight at all") {
    Matrix z(3, 1);
    z.data = {0.0, 1.0, 5.0};
    const std::vector<double> w(3, 1.0), none(3, 0.0);
    const auto fit = fit_mixture(z, w, 6, {.absolute_jitter = 1e-4}, {5, 5});
    CHECK(!fit.empty());
    CHECK(fit.size() <= 3);
    CHECK(fit_mixture(z, none, 2, {}, {5, 6}).empty());
}

TEST_CASE("fit_gaussians: each column as fit_gaussian alone, its mean and covariance far from the middle or near it") {
    for (const std::int64_t d : {1, 3, 6}) {
        const Matrix z = points(1500, d, 14);
        Matrix w(1500, 11);
        std::vector<double> sizes;
        for (std::int64_t p = 0; p < w.cols; ++p) {
            std::vector<double> column = weights(1500, static_cast<std::uint32_t>(15 + p));
            for (std::int64_t i = 0; i < w.rows; ++i)
                w(i, p) = column[static_cast<std::size_t>(i)] *= std::exp(0.3 * static_cast<double>(p) * z(i, 0));
            sizes.push_back(effective_size(column));
        }
        const auto fits = fit_gaussians(z, w, sizes, {});
        REQUIRE(fits.size() == 11);
        for (std::int64_t p = 0; p < w.cols; ++p) {
            std::vector<double> column;
            for (std::int64_t i = 0; i < w.rows; ++i) column.push_back(w(i, p));
            const auto alone = fit_gaussian(z, column, {});
            REQUIRE(alone.has_value());
            check(fits[static_cast<std::size_t>(p)], Eigen::Map<const Eigen::VectorXd>(alone->mean.data(), d),
                  covariance(*alone));
        }
    }
}

TEST_CASE("fit_gaussians: a cloud of 1e-9 far from all others keeps its digits; no weight, no Gaussian") {
    Matrix z = points(400, 2, 30), w(400, 3);
    for (std::int64_t i = 0; i < 400; ++i) {
        const bool apart = i % 4 == 0;
        if (apart)
            for (double& v : z.view().row(i)) v = 50 + 1e-9 * v;
        w(i, 0) = apart ? 1.0 : 0.0;
        w(i, 1) = 1.0;
    }
    const std::vector<double> sizes{100, 400, 0};
    const auto fits = fit_gaussians(z, w, sizes, plain);
    std::vector<double> first;
    for (std::int64_t i = 0; i < 400; ++i) first.push_back(w(i, 0));
    REQUIRE(fits[0].has_value());
    CHECK(fits[0]->factor.data == fit_gaussian(z, first, plain)->factor.data);
    CHECK(fits[1].has_value());
    CHECK_FALSE(fits[2].has_value());
}
