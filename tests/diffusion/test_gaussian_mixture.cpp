#include <buffon/diffusion/gaussian_mixture.hpp>

#include <buffon/mixture.hpp>
#include <buffon/multivariate_normal.hpp>
#include <buffon/normal_functions.hpp>

#include <doctest/doctest.h>

#include <Eigen/Dense>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

#include "../refusal.hpp"

using namespace buffon;
using diffusion::GaussianMixture;

namespace {

using Numbers = std::vector<double>;

Matrix table(std::int64_t rows, std::int64_t cols, Numbers data) {
    Matrix m(rows, cols);
    m.data = std::move(data);
    return m;
}

/// Three full covariances in the plane.
GaussianMixture plane() {
    return {{0.5, 0.3, 0.2},
            table(3, 2, {-1.0, 0.5, 1.5, -0.5, 0.2, 2.0}),
            {table(2, 2, {0.5, 0.3, 0.3, 0.4}), table(2, 2, {0.2, -0.1, -0.1, 0.9}), table(2, 2, {1.0, 0.0, 0.0, 0.3})}};
}

/// Two components on a line.
GaussianMixture line() { return {{0.7, 0.3}, table(2, 1, {-1.0, 1.2}), {table(1, 1, {0.09}), table(1, 1, {0.25})}}; }

/// A segment, a point and an ellipse: covariances of rank 1, 0 and 2.
GaussianMixture singular() {
    return {{1.0, 1.0, 2.0},
            table(3, 2, {0.0, 0.0, 2.0, 1.0, -1.0, 2.0}),
            {table(2, 2, {1.0, 2.0, 2.0, 4.0}), table(2, 2, {0.0, 0.0, 0.0, 0.0}), table(2, 2, {0.5, 0.1, 0.1, 0.2})}};
}

/// Five round components on a circle: the reference problem of the solvers.
GaussianMixture ring() {
    Numbers weights, means;
    std::vector<Matrix> covariances;
    for (int k = 0; k < 5; ++k) {
        const double sd = 0.15 + 0.05 * k;
        weights.push_back(1 + k);
        means.push_back(2 * std::cos(2 * std::numbers::pi * k / 5));
        means.push_back(2 * std::sin(2 * std::numbers::pi * k / 5));
        covariances.push_back(table(2, 2, {sd * sd, 0, 0, sd * sd}));
    }
    return {weights, table(5, 2, means), covariances};
}

/// Eight components in 16 dimensions with diagonal covariances: their second one.
GaussianMixture wide() {
    Numbers weights, means;
    std::vector<Matrix> covariances;
    for (int k = 0; k < 8; ++k) {
        weights.push_back(1 + k % 3);
        covariances.emplace_back(16, 16);
        for (int j = 0; j < 16; ++j) {
            means.push_back(1.5 * std::sin(1.7 * (k + 1) + 0.9 * (j + 1) * (k + 2)));
            covariances.back()(j, j) = std::pow(0.2 + 0.05 * ((k + j) % 4), 2);
        }
    }
    return {weights, table(8, 16, means), covariances};
}

Matrix points(std::int64_t n, std::int64_t d, double scale) {
    Matrix x(n, d);
    for (std::size_t i = 0; i < x.data.size(); ++i) x.data[i] = scale * std::sin(1.0 + 2.3 * static_cast<double>(i));
    return x;
}

Matrix denoise(const GaussianMixture& g, const Matrix& x, const Numbers& sigma, int threads = 0) {
    Matrix out(x.rows, x.cols);
    g.denoise(x, sigma, out, threads);
    return out;
}
Matrix score(const GaussianMixture& g, const Matrix& x, const Numbers& sigma, int threads = 0) {
    Matrix out(x.rows, x.cols);
    g.score(x, sigma, out, threads);
    return out;
}
Numbers log_density(const GaussianMixture& g, const Matrix& x, const Numbers& sigma, int threads = 0) {
    Numbers out(static_cast<std::size_t>(x.rows));
    g.log_density(x, sigma, out, threads);
    return out;
}
Matrix responsibilities(const GaussianMixture& g, const Matrix& x, const Numbers& sigma, int threads = 0) {
    Matrix out(x.rows, g.size());
    g.responsibilities(x, sigma, out, threads);
    return out;
}
Matrix jacobian(const GaussianMixture& g, const Matrix& x, const Numbers& sigma, int threads = 0) {
    Matrix out(x.rows, x.cols * x.cols);
    g.jacobian(x, sigma, out, threads);
    return out;
}
Matrix posterior_covariance(const GaussianMixture& g, const Matrix& x, const Numbers& sigma, int threads = 0) {
    Matrix out(x.rows, x.cols * x.cols);
    g.posterior_covariance(x, sigma, out, threads);
    return out;
}
Matrix posterior_sample(const GaussianMixture& g, const Matrix& x, const Numbers& sigma, Stream stream, int threads = 0) {
    Matrix out(x.rows, x.cols);
    g.posterior_sample(x, sigma, stream, 0, out, threads);
    return out;
}
Matrix sigma_posterior(const GaussianMixture& g, const Matrix& x, const Numbers& grid, int threads = 0) {
    Matrix out(x.rows, static_cast<std::int64_t>(grid.size()));
    g.sigma_posterior(x, grid, out, threads);
    return out;
}
Matrix forward(const GaussianMixture& g, std::int64_t n, const Numbers& sigma, Stream stream, int threads = 0) {
    Matrix out(n, g.dim());
    g.forward(sigma, stream, 0, out, threads);
    return out;
}

double largest_difference(const Numbers& a, const Numbers& b) {
    REQUIRE(a.size() == b.size());
    double worst = 0;
    for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(a[i] - b[i]));
    return worst;
}

using Dense = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Eigen::VectorXd vector_of(const Matrix& m, std::int64_t row) {
    return Eigen::Map<const Eigen::VectorXd>(&m.data[row * m.cols], m.cols);
}
Dense noisy_covariance(const GaussianMixture& g, std::size_t k, double sigma) {
    Dense c = Eigen::Map<const Dense>(g.covariances()[k].data.data(), g.dim(), g.dim());
    c.diagonal().array() += sigma * sigma;
    return c;
}

/// log N(x; mean, c) by a Cholesky factor: another way than eigenvalues.
double log_normal(const Eigen::VectorXd& offset, const Dense& c) {
    const Eigen::LLT<Dense> factor(c);
    const double log_det = 2 * Dense(factor.matrixL()).diagonal().array().log().sum();
    const double distance = offset.dot(factor.solve(offset));
    return -0.5 * (distance + log_det + static_cast<double>(offset.size()) * std::log(2 * std::numbers::pi));
}

double dense_log_density(const GaussianMixture& g, const Matrix& x, std::int64_t i, double sigma) {
    double total = 0;
    for (std::size_t k = 0; k < g.weights().size(); ++k)
        total += g.weights()[k] * std::exp(log_normal(vector_of(x, i) - vector_of(g.means(), static_cast<std::int64_t>(k)),
                                                      noisy_covariance(g, k, sigma)));
    return std::log(total);
}

/// 1, x0 and x0 x0^T integrated against p0(x0) N(x; x0, sigma^2 I) by the midpoint rule, which converges faster than any
/// power of the step for these integrands.
struct Integrals {
    double mass = 0;
    Eigen::VectorXd mean;
    Eigen::MatrixXd square;

    Integrals(const GaussianMixture& g, const Eigen::VectorXd& x, double sigma, double range, int cells)
        : mean(Eigen::VectorXd::Zero(x.size())), square(Eigen::MatrixXd::Zero(x.size(), x.size())) {
        const double h = 2 * range / cells;
        Eigen::VectorXd x0(x.size());
        for (int a = 0; a < cells; ++a)
            for (int b = 0; b < (x.size() == 2 ? cells : 1); ++b) {
                x0[0] = -range + (a + 0.5) * h;
                if (x.size() == 2) x0[1] = -range + (b + 0.5) * h;
                add(x0, std::pow(h, static_cast<double>(x.size())) * prior(g, x0) *
                            std::exp(log_normal(x - x0, sigma * sigma * Dense::Identity(x.size(), x.size()))));
            }
        mean /= mass;
        square /= mass;
    }

private:
    static double prior(const GaussianMixture& g, const Eigen::VectorXd& x0) {
        double total = 0;
        for (std::size_t k = 0; k < g.weights().size(); ++k)
            total += g.weights()[k] * std::exp(log_normal(x0 - vector_of(g.means(), static_cast<std::int64_t>(k)),
                                                          noisy_covariance(g, k, 0)));
        return total;
    }
    void add(const Eigen::VectorXd& x0, double weight) {
        mass += weight;
        mean += weight * x0;
        square += weight * x0 * x0.transpose();
    }
};

/// Of the mean of f(0) ... f(n - 1), with its sampled variance; 5 is one false alarm in 1.7 million.
double z_score(std::int64_t n, const std::function<double(std::int64_t)>& f, double expected) {
    double sum = 0, squares = 0;
    for (std::int64_t i = 0; i < n; ++i) sum += f(i), squares += f(i) * f(i);
    const double count = static_cast<double>(n), average = sum / count;
    return (average - expected) / std::sqrt((squares / count - average * average) / count);
}

}  // namespace

TEST_CASE("mixture denoiser: mean, covariance and density are the integrals over x0, in one and two dimensions") {
    struct Case { GaussianMixture g; Matrix x; double range; int cells; };
    const std::vector<Case> cases{{line(), table(3, 1, {-0.4, 0.3, 2.0}), 6.0, 4000},
                                  {plane(), table(3, 2, {0.0, 0.0, 1.0, -2.0, -0.7, 1.1}), 9.0, 300}};
    for (const auto& [g, x, range, cells] : cases)
        for (const double sigma : {0.3, 1.0, 3.0}) {
            CAPTURE(sigma);
            const Matrix mean = denoise(g, x, {sigma}), covariance = posterior_covariance(g, x, {sigma});
            const Numbers density = log_density(g, x, {sigma});
            for (std::int64_t i = 0; i < x.rows; ++i) {
                const Integrals exact(g, vector_of(x, i), sigma, range, cells);
                CHECK(std::abs(std::log(exact.mass) - density[i]) < 1e-10);
                CHECK((exact.mean - vector_of(mean, i)).cwiseAbs().maxCoeff() < 1e-10);
                const Eigen::MatrixXd spread = exact.square - exact.mean * exact.mean.transpose();
                for (std::int64_t l = 0; l < spread.size(); ++l)
                    CHECK(std::abs(spread(l / x.cols, l % x.cols) - covariance(i, l)) < 1e-10);
            }
        }
}

TEST_CASE("mixture denoiser: the log density is that of covariances C + sigma^2 I, by Cholesky factors") {
    for (const GaussianMixture& g : {line(), plane(), ring(), wide(), singular()})
        for (const double sigma : {0.3, 1.0, 10.0}) {
            const Matrix x = points(20, g.dim(), 2.0);
            const Numbers density = log_density(g, x, {sigma});
            for (std::int64_t i = 0; i < x.rows; ++i)
                CHECK(density[i] == doctest::Approx(dense_log_density(g, x, i, sigma)).epsilon(1e-12));
        }
}

TEST_CASE("mixture denoiser: the log density is that of the laws of the first layer") {
    const GaussianMixture g = plane();
    const Matrix x = points(20, 2, 2.0);
    for (const double sigma : {0.0, 0.5, 4.0}) {
        std::vector<MultivariateNormal> parts;
        for (std::size_t k = 0; k < 3; ++k) {
            Matrix c = g.covariances()[k];
            for (int j = 0; j < 2; ++j) c(j, j) += sigma * sigma;
            const auto m = g.means().view().row(static_cast<std::int64_t>(k));
            parts.emplace_back(Numbers(m.begin(), m.end()), c);
        }
        Numbers other(20);
        Mixture(g.weights(), parts).log_density(x, other);
        CHECK(largest_difference(log_density(g, x, {sigma}), other) < 1e-12);
    }
}

TEST_CASE("mixture denoiser: it meets the spot values of the solvers' reference problems") {
    // alpha = 0.6, sigma = 0.8 at the first start point Phi^-1(frac(sqrt(prime_j))): here x / alpha with sigma / alpha
    const Numbers primes{2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53};
    const auto start = [&](std::int64_t d) {
        Matrix x(1, d);
        for (std::int64_t j = 0; j < d; ++j) x(0, j) = normal_quantile(std::fmod(std::sqrt(primes[j]), 1.0)) / 0.6;
        return x;
    };
    const Matrix a = denoise(ring(), start(2), {0.8 / 0.6}), b = denoise(wide(), start(16), {0.8 / 0.6});
    CHECK(std::abs(a(0, 0) + 0.6420444) < 1e-8);    // eight digits are known
    CHECK(std::abs(a(0, 1) - 0.72563648) < 1e-8);
    CHECK(std::abs(b(0, 0) - 0.13970433) < 1e-8);
    CHECK(std::abs(b(0, 1) - 0.49450076) < 1e-8);
}

TEST_CASE("mixture denoiser: Tweedie's identity D = x + sigma^2 score holds where neither side cancels") {
    for (const GaussianMixture& g : {line(), plane(), ring(), wide(), singular()})
        for (const double sigma : {0.3, 1.0, 3.0}) {
            const Matrix x = points(50, g.dim(), 2.0), d = denoise(g, x, {sigma}), s = score(g, x, {sigma});
            Numbers tweedie = x.data;
            for (std::size_t i = 0; i < tweedie.size(); ++i) tweedie[i] += sigma * sigma * s.data[i];
            CHECK(largest_difference(d.data, tweedie) < 1e-13);
        }
}

TEST_CASE("mixture denoiser: the score is the gradient of the log density") {
    const double h = 1e-5;   // central difference: h^2 + eps / h
    for (const GaussianMixture& g : {line(), plane(), ring(), wide(), singular()})
        for (const double sigma : {0.4, 2.0}) {
            const Matrix x = points(10, g.dim(), 1.5), s = score(g, x, {sigma});
            for (std::int64_t j = 0; j < g.dim(); ++j) {
                Matrix up = x, down = x;
                for (std::int64_t i = 0; i < x.rows; ++i) up(i, j) += h, down(i, j) -= h;
                const Numbers a = log_density(g, up, {sigma}), b = log_density(g, down, {sigma});
                for (std::int64_t i = 0; i < x.rows; ++i)
                    CHECK(std::abs((a[i] - b[i]) / (2 * h) - s(i, j)) < 1e-7);
            }
        }
}

TEST_CASE("mixture denoiser: the jacobian is the derivative of the denoiser and the covariance over sigma^2") {
    const double h = 1e-5;
    for (const GaussianMixture& g : {line(), plane(), ring(), wide(), singular()})
        for (const double sigma : {0.4, 1.0, 4.0}) {
            const std::int64_t d = g.dim();
            const Matrix x = points(10, d, 1.5), jac = jacobian(g, x, {sigma}), cov = posterior_covariance(g, x, {sigma});
            for (std::int64_t b = 0; b < d; ++b) {
                Matrix up = x, down = x;
                for (std::int64_t i = 0; i < x.rows; ++i) up(i, b) += h, down(i, b) -= h;
                const Matrix high = denoise(g, up, {sigma}), low = denoise(g, down, {sigma});
                for (std::int64_t i = 0; i < x.rows; ++i)
                    for (std::int64_t a = 0; a < d; ++a) {
                        CHECK(std::abs((high(i, a) - low(i, a)) / (2 * h) - jac(i, a * d + b)) < 1e-7);
                        CHECK(jac(i, a * d + b) == jac(i, b * d + a));
                        CHECK(std::abs(cov(i, a * d + b) - sigma * sigma * jac(i, a * d + b)) < 1e-14);
                    }
            }
        }
}

TEST_CASE("mixture denoiser: responsibilities are Bayes' rule") {
    const GaussianMixture g = plane();
    const Matrix x = points(20, 2, 2.0), gamma = responsibilities(g, x, {0.6});
    for (std::int64_t i = 0; i < x.rows; ++i)
        for (std::int64_t k = 0; k < 3; ++k) {
            const double joint = std::log(g.weights()[k]) +
                                 log_normal(vector_of(x, i) - vector_of(g.means(), k), noisy_covariance(g, k, 0.6));
            CHECK(gamma(i, k) == doctest::Approx(std::exp(joint - dense_log_density(g, x, i, 0.6))).epsilon(1e-12));
        }
}

TEST_CASE("mixture denoiser: as sigma vanishes D is x, the jacobian 1, the score that of the data") {
    for (const GaussianMixture& g : {line(), plane(), ring(), wide()}) {
        const Matrix x = points(20, g.dim(), 1.5), data_score = score(g, x, {0.0});
        for (const double sigma : {0.0, 1e-200, 1e-12, 1e-8}) {
            CAPTURE(sigma);
            CHECK(largest_difference(denoise(g, x, {sigma}).data, x.data) < 2e-13);   // sigma^2 |score|, |score| < 1e3
            // two scores differ by sigma^2 |derivatives|; the scores themselves are up to 1e3
            CHECK(largest_difference(score(g, x, {sigma}).data, data_score.data) < 1e-9);
            const Matrix jac = jacobian(g, x, {sigma});
            for (std::int64_t i = 0; i < x.rows; ++i)
                for (std::int64_t l = 0; l < jac.cols; ++l) CHECK(std::abs(jac(i, l) - (l % (g.dim() + 1) == 0)) < 1e-11);
        }
    }
}

TEST_CASE("mixture denoiser: on singular covariances D falls onto the support as sigma vanishes") {
    // beside the segment only the ellipse has a density: D is x
    CHECK(largest_difference(denoise(singular(), table(1, 2, {0.4, 0.3}), {1e-6}).data, {0.4, 0.3}) < 1e-9);
    // the segment along (1, 2) alone: D is the foot of the perpendicular
    const GaussianMixture segment({1.0}, table(1, 2, {0.0, 0.0}), {table(2, 2, {1.0, 2.0, 2.0, 4.0})});
    const Matrix foot = denoise(segment, table(1, 2, {0.4, 0.3}), {1e-6});
    CHECK(std::abs(foot(0, 0) - 0.2) < 1e-11);
    CHECK(std::abs(foot(0, 1) - 0.4) < 1e-11);
    // across the segment the score is -offset / sigma^2, to all digits
    const Matrix s = score(segment, table(1, 2, {0.4, 0.3}), {1e-6});
    CHECK(s(0, 0) == doctest::Approx(-0.2e12).epsilon(1e-11));
    CHECK(s(0, 1) == doctest::Approx(0.1e12).epsilon(1e-11));
}

TEST_CASE("mixture denoiser: a singular covariance is recognised through the rounding of its eigenvalues") {
    for (int n = 0; n < 20; ++n) {   // rank 2 in 3 dimensions: the last eigenvalue is rounding, of either sign
        const Matrix v = points(3, 2, 1.0 + 0.1 * n);
        Matrix c(3, 3);
        for (int i = 0; i < 3; ++i)
            for (int j = 0; j < 3; ++j) c(i, j) = v(i, 0) * v(j, 0) + v(i, 1) * v(j, 1);
        const GaussianMixture g({1.0}, Matrix(1, 3), {c});
        CHECK_THROWS_AS(denoise(g, Matrix(1, 3), {0.0}), std::invalid_argument);
        for (const double x : forward(g, 5, {0.0}, {}).data) CHECK(std::isfinite(x));
    }
}

TEST_CASE("mixture denoiser: as sigma grows D is the mean, at sigma = 1e6 within the first-order term") {
    for (const GaussianMixture& g : {line(), plane(), ring(), wide(), singular()}) {
        const std::int64_t d = g.dim();
        Eigen::VectorXd mean = Eigen::VectorXd::Zero(d);
        Eigen::MatrixXd square = Eigen::MatrixXd::Zero(d, d);
        for (std::int64_t k = 0; k < g.size(); ++k) {
            const Eigen::VectorXd m = vector_of(g.means(), k);
            mean += g.weights()[k] * m;
            square += g.weights()[k] * (noisy_covariance(g, k, 0) + m * m.transpose());
        }
        const Eigen::MatrixXd covariance = square - mean * mean.transpose();
        const Matrix x = points(20, d, 1e6), out = denoise(g, x, {1e6}), s = score(g, x, {1e6}), jac = jacobian(g, x, {1e6});
        for (std::int64_t i = 0; i < x.rows; ++i) {
            // D = mean + covariance (x - mean) / sigma^2 + O(sigma^-2): x + sigma^2 score would err by 1e-10
            const Eigen::VectorXd linear = mean + covariance * (vector_of(x, i) - mean) / 1e12;
            CHECK((vector_of(out, i) - linear).cwiseAbs().maxCoeff() < 1e-10);
            CHECK((vector_of(s, i) + (vector_of(x, i) - mean) / 1e12).cwiseAbs().maxCoeff() < 1e-15);
            for (std::int64_t l = 0; l < d * d; ++l) CHECK(std::abs(jac(i, l) * 1e12 - covariance(l / d, l % d)) < 1e-4);
        }
        // at 1e9 that term is below 1e-7; differences of scores would err by eps sigma = 1e-7 times the entries
        const Matrix farther = points(20, d, 1e9), flat = jacobian(g, farther, {1e9});
        for (std::int64_t i = 0; i < x.rows; ++i)
            for (std::int64_t l = 0; l < d * d; ++l) CHECK(std::abs(flat(i, l) * 1e18 - covariance(l / d, l % d)) < 5e-8);
    }
}

TEST_CASE("mixture denoiser: far from every component nothing becomes NaN") {
    const Matrix far = table(2, 2, {1e8, -1e8, 3e100, 0.0});
    for (const double sigma : {0.01, 1.0, 1e6}) {
        for (const double v : denoise(plane(), far, {sigma}).data) CHECK(std::isfinite(v));
        for (const double v : score(plane(), far, {sigma}).data) CHECK(std::isfinite(v));
        for (const double v : log_density(plane(), far, {sigma})) CHECK(std::isfinite(v));
    }
}

TEST_CASE("mixture denoiser: posterior samples have the posterior's mean and covariance") {
    const std::int64_t n = 200'000;
    for (const GaussianMixture& g : {plane(), singular()}) {
        Matrix x(n, 2);
        for (std::int64_t i = 0; i < n; ++i) x(i, 0) = 0.3, x(i, 1) = 0.8;
        const Matrix one = table(1, 2, {0.3, 0.8});
        const Matrix mean = denoise(g, one, {0.9}), covariance = posterior_covariance(g, one, {0.9});
        const Matrix draws = posterior_sample(g, x, {0.9}, {7, 3});
        const auto z = [&](const auto& f, double expected) { return z_score(n, f, expected); };
        for (int a = 0; a < 2; ++a) {
            CHECK(std::abs(z([&](std::int64_t i) { return draws(i, a); }, mean(0, a))) < 5);
            for (int b = 0; b <= a; ++b)
                CHECK(std::abs(z([&](std::int64_t i) { return (draws(i, a) - mean(0, a)) * (draws(i, b) - mean(0, b)); },
                                 covariance(0, a * 2 + b))) < 5);
        }
    }
}

TEST_CASE("mixture denoiser: forward samples and posterior samples close the circle") {
    // x ~ p_sigma and x0 | x make x0 ~ p0; the oracle is the mixture's first two moments
    const std::int64_t n = 200'000;
    const GaussianMixture g = plane();
    const Matrix x = forward(g, n, {0.7}, {11, 0}), x0 = posterior_sample(g, x, {0.7}, {11, 1}),
                 data = forward(g, n, {0.0}, {11, 0});
    const auto z = [&](const auto& f, double expected) { return z_score(n, f, expected); };
    for (int a = 0; a < 2; ++a) {
        double first = 0, second = 0;
        for (std::int64_t k = 0; k < 3; ++k) {
            first += g.weights()[k] * g.means()(k, a);
            second += g.weights()[k] * (g.means()(k, a) * g.means()(k, a) + g.covariances()[k](a, a));
        }
        for (const Matrix* sample : {&x0, &data}) {
            CHECK(std::abs(z([&](std::int64_t i) { return (*sample)(i, a); }, first)) < 5);
            CHECK(std::abs(z([&](std::int64_t i) { return std::pow((*sample)(i, a), 2); }, second)) < 5);
        }
        CHECK(std::abs(z([&](std::int64_t i) { return std::pow(x(i, a), 2); }, second + 0.49)) < 5);
        // the same x0 for every sigma
        CHECK(std::abs(z([&](std::int64_t i) { return (x(i, a) - data(i, a)) * data(i, a); }, 0.0)) < 5);
        CHECK(std::abs(z([&](std::int64_t i) { return std::pow((x(i, a) - data(i, a)) / 0.7, 2); }, 1.0)) < 5);
    }
}

TEST_CASE("mixture denoiser: the posterior of sigma is the normalised density over the grid") {
    for (const GaussianMixture& g : {plane(), wide(), singular()}) {
        const Matrix x = points(20, g.dim(), 2.0);
        const Numbers grid{0.05, 0.2, 0.7, 2.0, 9.0};
        const Matrix p = sigma_posterior(g, x, grid);
        for (std::int64_t i = 0; i < x.rows; ++i) {
            double total = 0, sum = 0;
            const Matrix row = table(1, g.dim(), Numbers(&x.data[i * g.dim()], &x.data[i * g.dim()] + g.dim()));
            Numbers density;
            for (const double s : grid) density.push_back(log_density(g, row, {s})[0]);
            const double peak = *std::max_element(density.begin(), density.end());
            for (const double l : density) total += std::exp(l - peak);
            for (std::size_t j = 0; j < grid.size(); ++j) {
                sum += p(i, static_cast<std::int64_t>(j));
                CHECK(p(i, static_cast<std::int64_t>(j)) == doctest::Approx(std::exp(density[j] - peak) / total).epsilon(1e-12));
            }
            CHECK(sum == doctest::Approx(1.0).epsilon(1e-14));
        }
    }
}

TEST_CASE("mixture denoiser: bits depend neither on threads, nor on the batch, nor on how sigma is given") {
    const std::int64_t n = 1500;
    for (const GaussianMixture& g : {plane(), wide()}) {
        const Matrix x = points(n, g.dim(), 3.0);
        Numbers sigma(n);
        for (std::int64_t i = 0; i < n; ++i) sigma[i] = 0.1 + 0.01 * static_cast<double>(i % 400);
        const Numbers grid{0.1, 1.0, 5.0};
        for (const int threads : {1, 2, 5}) {
            CHECK(denoise(g, x, sigma, threads).data == denoise(g, x, sigma).data);
            CHECK(score(g, x, sigma, threads).data == score(g, x, sigma).data);
            CHECK(log_density(g, x, sigma, threads) == log_density(g, x, sigma));
            CHECK(responsibilities(g, x, sigma, threads).data == responsibilities(g, x, sigma).data);
            CHECK(jacobian(g, x, sigma, threads).data == jacobian(g, x, sigma).data);
            CHECK(posterior_covariance(g, x, sigma, threads).data == posterior_covariance(g, x, sigma).data);
            CHECK(posterior_sample(g, x, sigma, {1, 2}, threads).data == posterior_sample(g, x, sigma, {1, 2}).data);
            CHECK(sigma_posterior(g, x, grid, threads).data == sigma_posterior(g, x, grid).data);
            CHECK(forward(g, n, sigma, {1, 2}, threads).data == forward(g, n, sigma, {1, 2}).data);
        }
        const Matrix all = denoise(g, x, sigma);
        Matrix single(1, g.dim()), rest(n - 600, g.dim());
        for (const std::int64_t i : {0, 255, 256, 777, 1499}) {
            g.denoise(x.view().slice(i, 1), {&sigma[i], 1}, single);
            CHECK(std::equal(single.data.begin(), single.data.end(), &all.data[i * g.dim()]));
        }
        CHECK(denoise(g, x, {0.7}).data == denoise(g, x, Numbers(n, 0.7)).data);
        g.posterior_sample(x.view().slice(600, n - 600), std::span(sigma).subspan(600), {1, 2}, 600, rest);
        CHECK(std::equal(rest.data.begin(), rest.data.end(), &posterior_sample(g, x, sigma, {1, 2}).data[600 * g.dim()]));
        g.forward(std::span(sigma).subspan(600), {1, 2}, 600, rest);
        CHECK(std::equal(rest.data.begin(), rest.data.end(), &forward(g, n, sigma, {1, 2}).data[600 * g.dim()]));
    }
}

TEST_CASE("mixture denoiser: weights are normalised, no rows are fine") {
    const GaussianMixture g({2.0, 6.0}, table(2, 1, {0.0, 1.0}), {table(1, 1, {1.0}), table(1, 1, {2.0})});
    CHECK(g.weights() == Numbers{0.25, 0.75});
    CHECK(denoise(g, Matrix(0, 1), {1.0}).data.empty());
    CHECK(denoise(g, Matrix(0, 1), {}).data.empty());
}

TEST_CASE("mixture denoiser: a refusal names the function, the argument, the value and the requirement") {
    const Matrix one = table(1, 1, {1.0}), mean = table(1, 1, {0.0});
    CHECK(message([&] { GaussianMixture({}, mean, {one}); }) ==
          "GaussianMixture: weights must hold at least one number, got none");
    CHECK(message([&] { GaussianMixture({-1.0}, mean, {one}); }) ==
          "GaussianMixture: weights must be positive and finite, got weights[0] = -1");
    CHECK(message([&] { GaussianMixture({1.0}, Matrix(2, 1), {one}); }) ==
          "GaussianMixture: means must have shape (k, d) with k = 1 and d > 0, got (2, 1)");
    CHECK(message([&] { GaussianMixture({1.0}, table(1, 1, {NAN}), {one}); }) == "GaussianMixture: means must be finite");
    CHECK(message([&] { GaussianMixture({1.0}, mean, {}); }) == "GaussianMixture: covariances must hold k = 1 matrices, got 0");
    CHECK(message([&] { GaussianMixture({1.0}, mean, {Matrix(1, 2)}); }) ==
          "GaussianMixture: covariances must have shape (d, d) = (1, 1), got covariances[0] of shape (1, 2)");
    CHECK(message([&] { GaussianMixture({1.0}, mean, {table(1, 1, {-2.0})}); }) ==
          "GaussianMixture: covariances must be positive semidefinite, covariances[0] has the eigenvalue -2");
    CHECK(message([&] { GaussianMixture({1.0}, Matrix(1, 2), {table(2, 2, {1.0, 2.0, 2.0, 1.0})}); }) ==
          "GaussianMixture: covariances must be positive semidefinite, covariances[0] has the eigenvalue -1");
    CHECK(message([&] { GaussianMixture({1.0}, Matrix(1, 2), {table(2, 2, {1.0, 0.5, 0.4, 1.0})}); }) ==
          "GaussianMixture: covariances must be symmetric, covariances[0] has 0.4 at (1, 0) and 0.5 at (0, 1)");
    CHECK(message([&] { denoise(line(), Matrix(3, 2), {1.0}); }) ==
          "GaussianMixture.denoise: x must have shape (n, 1), got (3, 2)");
    CHECK(message([&] { denoise(line(), Matrix(3, 1), {1.0, 1.0}); }) ==
          "GaussianMixture.denoise: sigma must be one number or one per row (3), got 2 numbers");
    CHECK(message([&] { score(line(), Matrix(1, 1), {-1.0}); }) == "GaussianMixture.score: sigma must lie in [0, 1e154], got -1");
    CHECK(message([&] { score(line(), Matrix(1, 1), {NAN}); }) == "GaussianMixture.score: sigma must lie in [0, 1e154], got nan");
    CHECK(message([&] { score(singular(), Matrix(1, 2), {0.0}); }) ==
          "GaussianMixture.score: sigma must be positive because a covariance is singular (no density at sigma = 0), got 0");
    CHECK(message([&] { log_density(plane(), table(2, 2, {0.0, 1.0, 2.0, INFINITY}), {1.0}); }) ==
          "GaussianMixture.log_density: x must be finite and its log density representable, got x[1, 1] = inf");
    CHECK(message([&] { sigma_posterior(plane(), table(1, 2, {NAN, 0.0}), {1.0, 2.0}); }) ==
          "GaussianMixture.sigma_posterior: x must be finite and its log density representable, got x[0, 0] = nan");
    CHECK(message([&] { sigma_posterior(plane(), Matrix(1, 2), {}); }) ==
          "GaussianMixture.sigma_posterior: grid must hold at least one noise level, got none");
    CHECK(message([&] { forward(plane(), 3, {-1.0}, {}); }) ==
          "GaussianMixture.forward: sigma must be at least 0 and finite, got -1");
    Matrix narrow(3, 1);
    CHECK(message([&] { plane().denoise(Matrix(3, 2), Numbers{1.0}, narrow); }) ==
          "GaussianMixture.denoise: out must have shape (3, 2), got (3, 1)");
}

// Other forms of covariances, and classes

namespace {

/// Everything about the two mixtures at some rows and levels.
void check_equal(const GaussianMixture& a, const GaussianMixture& b, double tolerance, bool same_noise) {
    const std::int64_t n = 30, d = a.dim();
    Matrix x(n, d);
    Stream{5, 0}.normal(0, x);
    Numbers sigma;
    for (std::int64_t i = 0; i < n; ++i)
        sigma.push_back(std::pow(10.0, -1.5 + 3.0 * static_cast<double>(i) / static_cast<double>(n)));
    const auto compare = [&](std::int64_t cols, const auto& f) {
        Matrix left(n, cols), right(n, cols);
        f(a, left.view());
        f(b, right.view());
        double size = 1.0;
        for (const double v : right.data) size = std::max(size, std::abs(v));
        for (std::size_t i = 0; i < left.data.size(); ++i) CHECK(std::abs(left.data[i] - right.data[i]) <= tolerance * size);
    };
    compare(d, [&](const GaussianMixture& g, View out) { g.denoise(x, sigma, out); });
    compare(d, [&](const GaussianMixture& g, View out) { g.score(x, sigma, out); });
    compare(1, [&](const GaussianMixture& g, View out) { g.log_density(x, sigma, {out.data, static_cast<std::size_t>(n)}); });
    compare(d * d, [&](const GaussianMixture& g, View out) { g.jacobian(x, sigma, out); });
    compare(n, [&](const GaussianMixture& g, View out) { g.sigma_posterior(x, sigma, out); });
    if (same_noise) compare(d, [&](const GaussianMixture& g, View out) { g.posterior_sample(x, sigma, Stream{1, 1}, 0, out); });
    if (same_noise) compare(d, [&](const GaussianMixture& g, View out) { g.forward(sigma, Stream{1, 0}, 0, out); });
    for (std::int64_t k = 0; k < a.size(); ++k)
        for (std::size_t e = 0; e < a.covariances()[0].data.size(); ++e)
            CHECK(std::abs(a.covariances()[static_cast<std::size_t>(k)].data[e] -
                           b.covariances()[static_cast<std::size_t>(k)].data[e]) < 1e-12);
}

Matrix means_in_four() { return table(2, 4, {0.5, -1, 0, 1, 0, 1, 1, -0.5}); }

/// Factors of rank 2 in four coordinates; the second has rank 1.
std::vector<Matrix> factors() { return {table(4, 2, {1, 0, 0.5, 0.2, 0, 1, -1, 0.3}), table(4, 2, {1, 2, 0, 0, 1, 2, 0.5, 1})}; }

Matrix built(const Matrix& u, double noise) {
    Matrix c(u.rows, u.rows);
    for (std::int64_t a = 0; a < u.rows; ++a)
        for (std::int64_t b = 0; b < u.rows; ++b) {
            for (std::int64_t r = 0; r < u.cols; ++r) c(a, b) += u(a, r) * u(b, r);
            if (a == b) c(a, b) += noise * noise;
        }
    return c;
}

}  // namespace

TEST_CASE("GaussianMixture: diagonal covariances are those of their matrices, to the bit") {
    const Matrix variances = table(2, 4, {1, 0.2, 0, 3, 0.5, 0.5, 0.5, 0.1});
    std::vector<Matrix> full;
    for (std::int64_t k = 0; k < 2; ++k) {
        full.emplace_back(4, 4);
        for (std::int64_t j = 0; j < 4; ++j) full.back()(j, j) = variances(k, j);
    }
    check_equal(GaussianMixture::diagonal({1, 3}, means_in_four(), variances), {{1, 3}, means_in_four(), full}, 0.0, true);
}

TEST_CASE("GaussianMixture: low-rank covariances are those of their matrices") {
    const Numbers noise{0.3, 0.6};
    const GaussianMixture low = GaussianMixture::low_rank({1, 3}, means_in_four(), factors(), noise);
    check_equal(low, {{1, 3}, means_in_four(), {built(factors()[0], 0.3), built(factors()[1], 0.6)}}, 1e-12, false);
    Matrix draws(40000, 4);
    const GaussianMixture one = GaussianMixture::low_rank({1.0}, table(1, 4, {0, 0, 0, 0}), {factors()[0]}, {0.3});
    const double none = 0.0;
    one.forward(std::span(&none, 1), Stream{2, 0}, 0, draws);
    const Matrix c = one.covariances()[0];
    for (std::int64_t a = 0; a < 4; ++a)
        for (std::int64_t b = 0; b < 4; ++b) {
            double mean = 0.0;
            for (std::int64_t i = 0; i < draws.rows; ++i) mean += draws(i, a) * draws(i, b) / static_cast<double>(draws.rows);
            CHECK(std::abs(mean - c(a, b)) <
                  5 * std::sqrt((c(a, a) * c(b, b) + c(a, b) * c(a, b)) / static_cast<double>(draws.rows)));
        }
}

TEST_CASE("GaussianMixture: along a direction components have the moments of their matrices, of any kind of covariance") {
    const Numbers direction{0.4, -1.0, 0.3, 2.0}, noise{0.3, 0.6};
    const Matrix diagonal = table(2, 4, {1, 0.2, 0, 3, 0.5, 0.5, 0.5, 0.1});
    const GaussianMixture low = GaussianMixture::low_rank({1, 3}, means_in_four(), factors(), noise);
    for (const GaussianMixture& mixture : {GaussianMixture::diagonal({1, 3}, means_in_four(), diagonal), low,
                                           GaussianMixture({1, 3}, means_in_four(), low.covariances())}) {
        const GaussianMixture::Line line = mixture.along(direction);
        for (std::size_t k = 0; k < 2; ++k) {
            const Matrix c = mixture.covariances()[k];
            double mean = 0.0, variance = 0.0, trace = 0.0;
            for (std::int64_t a = 0; a < 4; ++a) {
                mean += direction[static_cast<std::size_t>(a)] * mixture.means()(static_cast<std::int64_t>(k), a);
                trace += c(a, a);
                for (std::int64_t b = 0; b < 4; ++b)
                    variance +=
                        direction[static_cast<std::size_t>(a)] * c(a, b) * direction[static_cast<std::size_t>(b)];
            }
            CHECK(line.means[k] == doctest::Approx(mean));
            CHECK(line.variances[k] == doctest::Approx(variance));
            CHECK(mixture.variances()[k] == doctest::Approx(trace / 4));
        }
    }
    CHECK_THROWS_WITH(low.along(Numbers{1.0}), "GaussianMixture.along: direction must have d = 4 numbers, got 1");
}

TEST_CASE("GaussianMixture: a class is the mixture of its components, row by row") {
    const GaussianMixture g(
        {0.5, 0.3, 0.2}, table(3, 2, {-1.0, 0.5, 1.5, -0.5, 0.2, 2.0}),
        {table(2, 2, {0.5, 0.3, 0.3, 0.4}), table(2, 2, {0.2, -0.1, -0.1, 0.9}), table(2, 2, {1.0, 0.0, 0.0, 0.3})},
        {1, 0, 1});
    CHECK(g.classes() == 2);
    CHECK(g.given(1).size() == 2);
    CHECK(g.given(1).weights()[0] == doctest::Approx(5.0 / 7.0));
    Matrix x(5, 2), out(5, 2), expected(5, 2);
    Stream{5, 0}.normal(0, x);
    const Numbers sigma{0.1, 0.5, 1.0, 2.0, 4.0};
    const std::vector<std::int64_t> labels{0, 1, -1, 1, 0};
    g.denoise({x, sigma, labels, 1}, out);
    for (std::int64_t i = 0; i < 5; ++i) {
        const std::int64_t label = labels[static_cast<std::size_t>(i)];
        (label < 0 ? g : g.given(label))
            .denoise(x.view().slice(i, 1), std::span(sigma).subspan(static_cast<std::size_t>(i), 1),
                     expected.view().slice(i, 1));
    }
    CHECK(out.data == expected.data);
    CHECK_THROWS_AS(g.given(2), std::invalid_argument);
    CHECK_THROWS_AS(GaussianMixture::diagonal({1, 1}, means_in_four(), Matrix(2, 4, 1.0), {0, 2}), std::invalid_argument);
}

TEST_CASE("mixture denoiser: made again from its parts it is the same to the bit; parts that do not fit are refused") {
    const std::vector<double> weights{0.1, 0.2, 0.7};   // whose sum is not 1 in binary numbers
    Matrix means(3, 2), factor(2, 1, 0.4);
    for (std::size_t k = 0; k < means.data.size(); ++k) means.data[k] = 0.3 * static_cast<double>(k * k) - 1;
    Matrix full(2, 2, 0.1);
    full(0, 0) = full(1, 1) = 0.3;
    const std::vector<GaussianMixture> all{{weights, means, {full, full, full}, {0, 1, 0}},
                                           GaussianMixture::diagonal(weights, means, Matrix(3, 2, 0.7)),
                                           GaussianMixture::low_rank(weights, means, {factor, factor, factor}, {0.1, 0.2, 0.3})};
    const Matrix x(1, 2, 0.25);
    const std::vector<double> sigma{0.6};
    for (const GaussianMixture& g : all) {
        const GaussianMixture again = GaussianMixture::of(g.parts());
        Matrix a(1, 2), b(1, 2);
        g.denoise(x, sigma, a);
        again.denoise(x, sigma, b);
        CHECK(a.data == b.data);
        CHECK(again.weights() == g.weights());
        if (g.classes() > 0) CHECK(again.given(0).weights() == g.given(0).weights());
        GaussianMixture::Parts parts = g.parts();
        parts.components.pop_back();
        CHECK_THROWS_AS((void)GaussianMixture::of(std::move(parts)), std::invalid_argument);
    }
}
