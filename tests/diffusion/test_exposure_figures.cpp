#include <buffon/diffusion/exposure_figures.hpp>

#include <cmath>
#include <functional>

#include <doctest/doctest.h>

#include <buffon/stream.hpp>

using namespace buffon;
using namespace buffon::diffusion;

namespace {

Matrix normal(std::int64_t n, std::int64_t d, std::uint64_t key, double shift = 0.0) {
    Matrix x(n, d);
    Stream{key}.normal(0, x);
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < d; ++j) x(i, j) = shift + (1 + 0.3 * static_cast<double>(j)) * x(i, j);
    return x;
}

Matrix without(const Matrix& x, std::int64_t i) {
    Matrix out(x.rows - 1, x.cols);
    for (std::int64_t k = 0; k < out.rows; ++k)
        for (std::int64_t j = 0; j < x.cols; ++j) out(k, j) = x(k + (k >= i), j);
    return out;
}

/// What a row adds is what is lost without it.
void check_rows(const Matrix& x, const std::function<Figure(const Matrix&)>& of, double tolerance) {
    const Figure all = of(x);
    double sum = 0.0;
    for (const double r : all.rows) sum += r;
    CHECK(std::abs(sum) < 1e-9 * static_cast<double>(x.rows) * (1 + std::abs(all.value)));
    for (std::int64_t i = 0; i < x.rows; i += x.rows / 7) {
        const double jackknife = static_cast<double>(x.rows - 1) * (all.value - of(without(x, i)).value);
        CHECK(std::abs(all.rows[static_cast<std::size_t>(i)] - jackknife) <
              tolerance * std::sqrt(all.variance() * static_cast<double>(x.rows)));
    }
}

/// The mean over replicates is the exact value.
void check_unbiased(const std::function<Figure(std::uint64_t)>& of, double exact) {
    constexpr int replicates = 1500;
    double sum = 0.0, square = 0.0;
    for (int r = 0; r < replicates; ++r) {
        const double value = of(100 + static_cast<std::uint64_t>(r)).value;
        sum += value / replicates, square += value * value / replicates;
    }
    CHECK(std::abs(sum - exact) < 4 * std::sqrt((square - sum * sum) / replicates));
}

}  // namespace

TEST_CASE("exposure_figures: rows are what a jackknife finds") {
    const Matrix x = normal(400, 3, 1, 0.2), y = normal(400, 3, 2);
    const std::vector<double> own = own_distances(y, 1), mean{0.1, 0.1, 0.1};
    check_rows(x, [](const Matrix& z) { return variance_ratio(z, 4.0); }, 0.1);
    check_rows(x, [](const Matrix& z) { return moment_ratio(z, 5.0); }, 0.1);
    check_rows(x, [&](const Matrix& z) { return mean_shift(z, mean); }, 0.2);
    check_rows(x, [](const Matrix& z) { return spread_gap(z, 1.0); }, 0.1);
    check_rows(x, [](const Matrix& z) {
        std::vector<double> a, b;
        for (std::int64_t i = 0; i < z.rows; ++i) a.push_back(z(i, 0) + 3), b.push_back(z(i, 1) + 5);
        return ratio_figure(a, b);
    }, 0.1);
    // both samples lose a row
    check_rows(x, [&](const Matrix& z) {
        Matrix other = y;
        for (std::int64_t i = 0; i < x.rows; ++i)
            if (z.rows < x.rows && (i == x.rows - 1 || x(i, 0) != z(i, 0))) {
                other = without(y, i);
                break;
            }
        return energy_gap(z, other, own_distances(other, 1), 1);
    }, 0.2);
}

TEST_CASE("exposure_figures: squared distances are free of the bias of noise") {
    const std::vector<double> mean(3);
    check_unbiased([&](std::uint64_t key) { return mean_shift(normal(30, 3, key, 0.1), mean); }, 0.03);
    check_unbiased([&](std::uint64_t key) { return mean_shift(normal(30, 3, key), mean); }, 0.0);
    check_unbiased([](std::uint64_t key) { return spread_gap(normal(60, 3, key), 1.3); }, 0.0);
    check_unbiased([](std::uint64_t key) { return spread_gap(normal(60, 3, key), 1.0); }, 0.09);
    check_unbiased([](std::uint64_t key) { return variance_ratio(normal(30, 3, key), 4.0); }, (1 + 1.69 + 2.56) / 4);
    check_unbiased([](std::uint64_t key) {
        const Matrix y = normal(30, 3, key + 10'000);
        return energy_gap(normal(30, 3, key), y, own_distances(y, 1), 1);
    }, 0.0);
}

TEST_CASE("exposure_figures: small cases by hand") {
    Matrix x(2, 1), y(2, 1);
    x.data = {0, 2};
    y.data = {1, 5};
    CHECK(variance_ratio(x, 4.0).value == doctest::Approx(0.5));
    CHECK(moment_ratio(x, 4.0).value == doctest::Approx(0.5));
    const std::vector<double> mean{4.0};
    CHECK(mean_shift(x, mean).raw == doctest::Approx(9.0));
    CHECK(mean_shift(x, mean).value == doctest::Approx(9.0 - 1.0));   // less variance 2 over n = 2
    CHECK(ratio_figure({1, 3}, {2, 6}).value == doctest::Approx(0.5));
    CHECK(mean_figure({1, 4}).rows == std::vector<double>{-1.5, 1.5});
    // 2 (1 + 5 + 1 + 3) / 4 - 2 - 4
    CHECK(energy_gap(x, y, own_distances(y, 1), 1).value == doctest::Approx(-1.0));
    CHECK(energy_gap(x, y, own_distances(y, 1), 1).raw == doctest::Approx(2.0));
    CHECK(spread_gap(Matrix(5, 2, 1.0), 0.3).raw == doctest::Approx(0.09));   // no spread at all
}
