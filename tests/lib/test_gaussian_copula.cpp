#include <buffon/gaussian_copula.hpp>

#include <boost/math/constants/constants.hpp>
#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

using namespace buffon;

namespace {

Matrix matrix(std::int64_t d, std::vector<double> entries) {
    Matrix m(d, d);
    m.data = std::move(entries);
    return m;
}

Matrix three() { return matrix(3, {1, 0.5, -0.3, 0.5, 1, 0.2, -0.3, 0.2, 1}); }

std::string message(const Matrix& correlation) {
    try {
        GaussianCopula copula(correlation);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "";
}

}  // namespace

TEST_CASE("log density in two dimensions is the closed form") {
    const double r = -0.8;
    const GaussianCopula copula(matrix(2, {1, r, r, 1}));
    Matrix z(4, 2);
    z.data = {0, 0, 1, -1, 8, 8, -8, 7.5};
    std::vector<double> out(4, 3.0);
    copula.add_log_density(z, out);
    for (std::int64_t i = 0; i < 4; ++i) {
        const double a = z(i, 0), b = z(i, 1);
        const double closed = -0.5 * std::log(1 - r * r) - (r * r * (a * a + b * b) - 2 * r * a * b) / (2 * (1 - r * r));
        CHECK(out[i] - 3.0 == doctest::Approx(closed).epsilon(1e-12));
    }
}

TEST_CASE("the copula density integrates to one over the scores' law") {
    const GaussianCopula copula(three());
    const double step = 0.25;   // trapezoidal rule: error exp(-2 pi^2 s^2 / step^2) with s^2 >= 0.4, the smallest eigenvalue
    double sum = 0;
    for (double a = -8; a <= 8; a += step)
        for (double b = -8; b <= 8; b += step)
            for (double c = -8; c <= 8; c += step) {
                const double z[] = {a, b, c};
                double log_density = -0.5 * (a * a + b * b + c * c) - 1.5 * std::log(boost::math::constants::two_pi<double>());
                copula.add_log_density({z, 1, 3}, {&log_density, 1});
                sum += std::exp(log_density);
            }
    CHECK(sum * step * step * step == doctest::Approx(1).epsilon(1e-12));
}

TEST_CASE("correlate maps unit vectors to a factor of the correlation; decorrelate undoes it") {
    const GaussianCopula copula(three());
    Matrix l(3, 3);
    for (int i = 0; i < 3; ++i) l(i, i) = 1;
    copula.correlate(l);   // row j of l is now L e_j
    for (int i = 0; i < 3; ++i)
        for (int j = 0; j < 3; ++j) {
            double product = 0;
            for (int k = 0; k < 3; ++k) product += l(k, i) * l(k, j);
            CHECK(product == doctest::Approx(three()(i, j)).epsilon(1e-15));
            if (j > i) CHECK(l(j, i) == 0);   // Rosenblatt's order: score i depends on the first i only
        }
    Matrix z(2, 3);
    z.data = {8, -8, 8, 0.1, 0.2, -0.3};
    const Matrix before = z;
    copula.correlate(z);
    CHECK(std::abs(z(0, 1) - before(0, 1)) > 1);
    copula.decorrelate(z);
    for (std::size_t i = 0; i < z.data.size(); ++i) CHECK(z.data[i] == doctest::Approx(before.data[i]).epsilon(1e-14));
}

TEST_CASE("from_kendall refuses what no tau can be") {
    CHECK_THROWS_AS(GaussianCopula::from_kendall(matrix(2, {1, 1.5, 1.5, 1})), std::invalid_argument);
    CHECK(GaussianCopula::from_kendall(matrix(2, {1, 0.5, 0.5, 1})).correlation()(0, 1) == doctest::Approx(std::sqrt(0.5)));
}

TEST_CASE("from_spearman has the asked rank correlation: 6 / pi asin(R / 2)") {
    const Matrix rank = matrix(2, {1, 0.6, 0.6, 1});
    const double r = GaussianCopula::from_spearman(rank).correlation()(0, 1);
    CHECK(6 / boost::math::constants::pi<double>() * std::asin(r / 2) == doctest::Approx(0.6).epsilon(1e-15));
    CHECK_THROWS_AS(GaussianCopula::from_spearman(matrix(2, {0.9, 0, 0, 1})), std::invalid_argument);
}

TEST_CASE("a bad correlation is refused with its defect") {
    CHECK(message(matrix(2, {1, 1.2, 1.2, 1})) ==
          "GaussianCopula: correlation must be positive definite, smallest eigenvalue is -0.2");
    CHECK(message(matrix(2, {1, 1, 1, 1})).find("must be positive definite") != std::string::npos);
    const auto chain = [](double r) { return matrix(3, {1, .9, .9, .9, 1, r, .9, r, 1}); };   // singular at r = 0.62
    CHECK(message(chain(0.6201)) == "");
    CHECK(message(chain(0.62)).find("must be positive definite") != std::string::npos);
    CHECK(message(chain(0.61)).find("smallest eigenvalue is -") != std::string::npos);
    CHECK(message(matrix(2, {1, 0.5, 0.4, 1})) ==
          "GaussianCopula: correlation must be symmetric, got 0.4 at (1, 0) and 0.5 at (0, 1)");
    CHECK(message(matrix(2, {1, 0, 0, 2})) == "GaussianCopula: correlation must have ones on the diagonal, got 2 at (1, 1)");
    CHECK(message(matrix(2, {1, std::nan(""), 0, 1})) == "GaussianCopula: correlation must be finite, got nan at (0, 1)");
    CHECK(message(Matrix(2, 3, 1.0)) == "GaussianCopula: correlation must be square, got shape (2, 3)");
    CHECK(message(Matrix()) == "GaussianCopula: correlation must be square, got shape (0, 0)");
}
