#include <buffon/student_fit.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/stream.hpp>
#include <buffon/normal_functions.hpp>

using namespace buffon;

namespace {

const FitOptions four{.shrink = false, .relative_jitter = 0, .degrees = 4};

Gaussian law() {
    Gaussian g{{1, -2}, Matrix(2, 2), 4};
    g.factor.data = {1.5, 0, 0.6, 0.5};
    return g;
}

/// Independent points of `law()`.
Matrix points(std::int64_t n, const Gaussian& from) {
    Matrix z(n, 2);
    for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < 2; ++j) z(i, j) = normal_quantile(Stream{61, 0}.uniform(i, j));
        from.place(z.view().row(i).data(), Stream{61, 1}.uniform(i, 0));
    }
    return z;
}

double log_likelihood(const Matrix& z, const std::vector<double>& w, const Gaussian& g) {
    Matrix out(z.rows, 1);
    Gaussians({g}).log_density(z, out);
    return std::inner_product(w.begin(), w.end(), out.data.begin(), 0.0);
}

}  // namespace

TEST_CASE("student_fit: location and scale matrix of the law that the points come from") {
    const Matrix z = points(40'000, law());
    const auto fit = fit_student(z, std::vector(40'000, 1.0), four);
    REQUIRE(fit);
    CHECK(fit->degrees == 4);
    // errors of maximum likelihood: scale sqrt((d + 4 + 2) / (d + 4) / n) in location, about 1.4 / sqrt n in the scale
    for (std::size_t j = 0; j < 2; ++j) CHECK(std::abs(fit->mean[j] - law().mean[j]) < 5 * 1.5 * 1.2 / 200);
    for (const std::size_t j : {0u, 2u, 3u}) CHECK(std::abs(fit->factor.data[j] - law().factor.data[j]) < 5 * 1.5 * 1.4 / 200);
    // the control: the Gaussian fit has the covariance, twice the scale matrix
    const auto normal = fit_gaussian(z, std::vector(40'000, 1.0), {.shrink = false, .relative_jitter = 0});
    CHECK(normal->factor.data[0] > 1.25 * law().factor.data[0]);
}

TEST_CASE("student_fit: the weighted likelihood is at its maximum, and no other law of its kind near by has more") {
    const Matrix z = points(500, law());
    std::vector<double> w(500);
    for (std::size_t i = 0; i < w.size(); ++i) w[i] = Stream{61, 2}.uniform(static_cast<std::int64_t>(i), 0);
    const auto fit = fit_student(z, w, four);
    REQUIRE(fit);
    const double best = log_likelihood(z, w, *fit);
    for (const double step : {-0.01, 0.01}) {
        for (std::size_t j = 0; j < 2; ++j) {
            Gaussian moved = *fit;
            moved.mean[j] += step;
            CHECK(log_likelihood(z, w, moved) < best);
        }
        for (const std::size_t j : {0u, 2u, 3u}) {
            Gaussian moved = *fit;
            moved.factor.data[j] += step;
            CHECK(log_likelihood(z, w, moved) < best);
        }
    }
}

TEST_CASE("student_fit: far points lose their weight; of a Gaussian all weights stay") {
    Matrix z(3, 2);
    z.data = {1, -2, 1000, 0, 1, -1.5};
    const std::vector<double> w{2, 2, 0};
    const auto counted = student_weights(z, w, law());
    CHECK(counted[0] == doctest::Approx(2 * 6.0 / 4));   // the largest: 1 + d / degrees
    CHECK(counted[1] < 1e-4);
    CHECK(counted[2] == 0);
    Gaussian normal = law();
    normal.degrees = INFINITY;
    CHECK(student_weights(z, w, normal) == w);
}

TEST_CASE("student_fit: a mixture finds two Student clouds and their shares") {
    Gaussian left = law(), right = law();
    left.mean = {-20, 0};
    right.mean = {20, 5};
    Matrix z(4000, 2);
    const Matrix a = points(1000, left), b = points(3000, right);
    std::ranges::copy(a.data, z.data.begin());
    std::ranges::copy(b.data, z.data.begin() + 2000);
    const auto found = fit_mixture(z, std::vector(4000, 1.0), 2, four, Stream{61, 5});
    REQUIRE(found.size() == 2);
    const auto& small = found[0].share < found[1].share ? found[0] : found[1];
    CHECK(small.share == doctest::Approx(0.25).epsilon(0.02));
    CHECK(std::abs(small.law.mean[0] + 20) < 0.3);
    CHECK(small.law.degrees == 4);
    CHECK(small.law.factor(0, 0) == doctest::Approx(1.5).epsilon(0.15));
}

TEST_CASE("student_fit: degrees that are none are refused; no weight, no law") {
    const Matrix z = points(10, law());
    CHECK_THROWS_AS((void)fit_student(z, std::vector(10, 1.0), {}), std::invalid_argument);
    CHECK_FALSE(fit_student(z, std::vector(10, 0.0), four));
}
