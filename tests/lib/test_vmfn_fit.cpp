#include <buffon/vmfn_fit.hpp>

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>
#include <buffon/stream.hpp>
#include <buffon/sums.hpp>

using namespace buffon;

namespace {

Matrix draws(const VonMisesFisherNakagami& law, std::int64_t n, std::uint32_t id) {
    Matrix v(n, law.dim() + 1), z(n, law.dim());
    Stream{11, id}.uniform(0, v);
    for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < z.cols; ++j) z(i, j) = normal_quantile(v(i, j + 1));
        law.place(z.view().row(i).data(), v(i, 0));
    }
    return z;
}

std::vector<double> first_axis(std::int64_t d) {
    std::vector<double> a(static_cast<std::size_t>(d));
    a[0] = 1;
    return a;
}

double mean_cosine(const Matrix& z, const VonMisesFisherNakagami& law) {
    double sum = 0;
    for (std::int64_t i = 0; i < z.rows; ++i) {
        const double* row = z.view().row(i).data();
        sum += Radius(row, z.cols).cosine(row, law.direction());
    }
    return sum / static_cast<double>(z.rows);
}

}  // namespace

TEST_CASE("vmfn fit: many points give their law back, weights count as copies") {
    const std::int64_t d = 20, n = 60'000;
    const VonMisesFisherNakagami law(first_axis(d), 12.0, 9.0, 25.0);
    const Matrix z = draws(law, n, 0);
    const auto fit = fit_vmfn(z, std::vector<double>(static_cast<std::size_t>(n), 1.0));
    REQUIRE(fit);
    CHECK(fit->direction()[0] > 0.9995);
    CHECK(std::abs(fit->concentration() / 12.0 - 1) < 0.03);   // 0.7 % of noise, and Banerjee's formula is within a few per cent
    CHECK(std::abs(fit->shape() / 9.0 - 1) < 0.04);            // 1.5 noise sd of E r^4
    CHECK(std::abs(fit->spread() / 25.0 - 1) < 0.007);

    Matrix twice(n + 1000, d);
    std::copy(z.data.begin(), z.data.end(), twice.data.begin());
    std::copy_n(z.data.begin(), 1000 * d, twice.data.begin() + n * d);
    std::vector<double> weights(static_cast<std::size_t>(n), 1.0);
    std::fill_n(weights.begin(), 1000, 2.0);
    const auto weighted = fit_vmfn(z, weights),
               copied = fit_vmfn(twice, std::vector<double>(static_cast<std::size_t>(n + 1000), 1.0));
    CHECK(std::abs(weighted->spread() - copied->spread()) < 1e-10);
    CHECK(std::abs(weighted->direction()[3] - copied->direction()[3]) < 1e-12);
}

TEST_CASE("vmfn fit: the concentration about a mean direction of few points is that of new points") {
    const std::int64_t d = 100, n = 60;
    const VonMisesFisherNakagami law(first_axis(d), 35.0, 50.0, 110.0);
    double promised = 0, found = 0, naive = 0;
    for (std::uint32_t run = 0; run < 40; ++run) {
        const Matrix z = draws(law, n, 10 + run);
        const auto fit = fit_vmfn(z, std::vector<double>(static_cast<std::size_t>(n), 1.0));
        REQUIRE(fit);
        const double k = fit->concentration();
        promised += 2 * k / (static_cast<double>(d) + std::sqrt(static_cast<double>(d * d) + 4 * k * k)) /
                    40;   // mean cosine, to 1 %
        found += mean_cosine(draws(law, 1000, 100 + run), *fit) / 40;
        naive += mean_cosine(z, *fit) / 40;
    }
    CHECK(std::abs(promised / found - 1) < 0.05);
    CHECK(naive > 1.1 * found);   // what the points themselves say of it
}

TEST_CASE("vmfn fit: two opposite directions are told apart, as many as there are are counted, and one is left one") {
    for (const std::int64_t d : {5, 100}) {
        CAPTURE(d);
        std::vector<double> back = first_axis(d);
        back[0] = -1;
        const double k = 0.4 * static_cast<double>(d), m = 0.5 * static_cast<double>(d);
        const std::int64_t n = 400;
        const Matrix one = draws(VonMisesFisherNakagami(first_axis(d), k, m, 2 * m), n, 1);
        const Matrix other = draws(VonMisesFisherNakagami(back, k, m, 2 * m), n, 2);
        Matrix both = one;
        both.rows = 2 * n;
        both.data.insert(both.data.end(), other.data.begin(), other.data.end());
        std::vector<double> weights(static_cast<std::size_t>(2 * n), 1.0);
        std::fill_n(weights.begin() + n, n, 0.5);
        for (const std::int64_t components : {0, 2}) {
            const auto mixture = fit_vmfn_mixture(both, weights, components, {3, 0});
            REQUIRE(mixture.size() == 2);
            const auto& heavy = mixture[mixture[0].share > mixture[1].share ? 0 : 1];
            const auto& light = mixture[mixture[0].share > mixture[1].share ? 1 : 0];
            CHECK(heavy.law.direction()[0] > 0.95);
            CHECK(light.law.direction()[0] < -0.9);
            CHECK(std::abs(heavy.share - 2.0 / 3) < 0.05);
            CHECK(std::abs(heavy.law.concentration() / k - 1) < 0.2);
        }
        CHECK(fit_vmfn_mixture(one, std::vector<double>(static_cast<std::size_t>(n), 1.0), 0, {3, 1}).size() == 1);
    }
}

TEST_CASE(
    "vmfn fit: points all around have no concentration, points at one radius the tail of the normal law, two points no "
    "law") {
    const std::int64_t d = 10;
    const VonMisesFisherNakagami all_around(first_axis(d), 0.0, 5.0, 10.0);
    Matrix z = draws(all_around, 100, 5);
    const std::vector<double> ones(100, 1.0);
    CHECK(fit_vmfn(z, ones)->concentration() < 1.5);   // a mean direction of 100 points is 0.1 long by chance
    for (std::int64_t i = 0; i < 100; ++i) {
        const double r = std::sqrt(dot(z.view().row(i).data(), z.view().row(i).data(), d));
        for (std::int64_t j = 0; j < d; ++j) z(i, j) *= 3 / r;
    }
    const auto shell = fit_vmfn(z, ones);
    CHECK(shell->shape() == doctest::Approx(4.5));   // not narrower: beyond a boundary the normal law falls like exp(-r^2 / 2)
    CHECK(std::abs(shell->spread() - 9) < 1e-9);
    std::vector<double> two(100, 0.0);
    two[3] = two[8] = 1.0;
    CHECK(!fit_vmfn(z, two));
}
