#include <buffon/diffusion/frechet_gap.hpp>

#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/stream.hpp>

#include "problems.hpp"

using namespace buffon;
using namespace buffon::diffusion;

namespace {

Matrix rows(std::int64_t n, std::uint64_t key, double shift, double scale) {
    Matrix x(n, 3);
    Stream{key}.normal(0, x);
    for (std::int64_t i = 0; i < n; ++i) {
        x(i, 1) = 0.6 * x(i, 0) + 0.8 * x(i, 1);
        for (std::int64_t j = 0; j < 3; ++j) x(i, j) = shift + scale * (1 + static_cast<double>(j)) * x(i, j);
    }
    return x;
}

/// Covariance of rows() of scale 1.
Matrix known() {
    Matrix c(3, 3);
    c(0, 0) = 1, c(1, 1) = 4, c(2, 2) = 9, c(0, 1) = c(1, 0) = 1.2;
    return c;
}

}  // namespace

TEST_CASE("frechet_gap: scaled and shifted laws in closed form, without the bias of noise") {
    const std::vector<double> mean(3, 0.0);
    const FrechetReference reference(mean, known());
    constexpr int replicates = 1500;
    const auto check_mean = [&](double shift, double scale, double factor, double variance, double exact) {
        double sum = 0.0, square = 0.0, raw = 0.0, of_rows = 0.0;
        for (int r = 0; r < replicates; ++r) {
            const Figure f = reference.gap(rows(80, 300 + static_cast<std::uint64_t>(r), shift, scale), factor, variance);
            sum += f.value / replicates, square += f.value * f.value / replicates, raw += f.raw / replicates,
                of_rows += f.variance() / replicates;
        }
        const double sd = std::sqrt(square - sum * sum);
        CHECK(std::abs(sum - exact) <
              4 * sd / std::sqrt(replicates) + 0.02 * (raw - exact));   // what is left of the bias is of order 1 / n^2
        CHECK(raw - exact > 8 * sd / std::sqrt(replicates));                                     // there was one
        if (exact > 0.5) CHECK(of_rows == doctest::Approx(sd * sd).epsilon(0.2));
    };
    check_mean(0, 1, 1, 0, 0.0);
    check_mean(0, 1.5, 1, 0, 14 * 0.25);
    check_mean(0.5, 1, 1, 0, 0.75);
    check_mean(0, 0.5, 0.5, 0, 0.0);
}

TEST_CASE("frechet_gap: commuting covariances, noise added to the known one, rows as a jackknife has them") {
    // rows with exact moments: +- s_j e_j
    Matrix x(6, 3);
    const double s[] = {1.0, 2.0, 0.5};
    for (std::int64_t j = 0; j < 3; ++j) x(2 * j, j) = std::sqrt(2.5) * s[j], x(2 * j + 1, j) = -std::sqrt(2.5) * s[j];
    Matrix c(3, 3);
    c(0, 0) = 2, c(1, 1) = 1, c(2, 2) = 0.25;
    const std::vector<double> mean{1.0, 0.0, 0.0};
    double exact = 0.25;   // of the mean, halved by the factor
    for (std::int64_t j = 0; j < 3; ++j) exact += std::pow(s[j] - std::sqrt(0.25 * c(j, j) + 0.3), 2);
    CHECK(FrechetReference(mean, c).gap(x, 0.5, 0.3).raw == doctest::Approx(exact).epsilon(1e-12));

    const FrechetReference reference(mean, known());
    const Matrix many = rows(500, 3, 0.4, 1.3);
    const Figure all = reference.gap(many, 1, 0.1);
    for (std::int64_t i = 0; i < 500; i += 71) {
        Matrix fewer(499, 3);
        for (std::int64_t k = 0; k < 499; ++k)
            for (std::int64_t j = 0; j < 3; ++j) fewer(k, j) = many(k + (k >= i), j);
        const double jackknife = 499 * (all.value - reference.gap(fewer, 1, 0.1).value);
        CHECK(std::abs(all.rows[static_cast<std::size_t>(i)] - jackknife) < 0.1 * std::sqrt(all.variance() * 500));
    }
    CHECK_THROWS_AS((void)reference.gap(rows(3, 1, 0, 1), 1, 0), std::invalid_argument);
}

TEST_CASE("frechet_gap: a coordinate without variance in both laws adds nothing") {
    Matrix x = rows(50, 4, 0, 1), c = known();
    for (std::int64_t i = 0; i < 50; ++i) x(i, 2) = 0.7;
    c(2, 2) = 0;
    const std::vector<double> mean{0.0, 0.0, 0.7};
    const Figure f = FrechetReference(mean, c).gap(x, 1, 0);
    CHECK(std::isfinite(f.value));
    CHECK(std::abs(f.value) < 5 * std::sqrt(f.variance()) + f.bias);
}
