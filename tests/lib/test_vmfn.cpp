#include <buffon/vmfn.hpp>

#include <cmath>
#include <stdexcept>
#include <vector>

#include <boost/math/special_functions/bessel.hpp>
#include <doctest/doctest.h>

#include <buffon/kernels.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/stream.hpp>
#include <buffon/sums.hpp>

using namespace buffon;

namespace {

std::vector<double> direction(std::int64_t d, std::uint32_t id) {
    std::vector<double> a(static_cast<std::size_t>(d));
    for (std::size_t j = 0; j < a.size(); ++j) a[j] = normal_quantile(Stream{3, id}.uniform(0, static_cast<std::int64_t>(j)));
    return a;
}

Matrix draws(const VonMisesFisherNakagami& law, std::int64_t n, std::uint32_t id) {
    Matrix v(n, law.dim() + 1), z(n, law.dim());
    Stream{5, id}.uniform(0, v);
    for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < z.cols; ++j) z(i, j) = normal_quantile(v(i, j + 1));
        law.place(z.view().row(i).data(), v(i, 0));
    }
    return z;
}

struct MeanOf {
    double n = 0, sum = 0, squares = 0;
    void add(double x) {
        ++n;
        sum += x;
        squares += x * x;
    }
    double z(double exact) const {
        const double mean = sum / n;
        return (mean - exact) / std::sqrt((squares / n - mean * mean) / n);
    }
};

}  // namespace

TEST_CASE("vmfn: shape d / 2, spread d and no concentration is the standard normal law") {
    for (const std::int64_t d : {2, 3, 20, 200}) {
        const VonMisesFisherNakagami law(direction(d, 0), 0.0, 0.5 * static_cast<double>(d), static_cast<double>(d));
        const Matrix z = draws(law, 50, 1);
        Matrix log_density(50, 1);
        VonMisesFisherNakagamis({law}).log_density(z, log_density);
        for (std::int64_t i = 0; i < 50; ++i) {
            const double truth = -0.5 * dot(z.view().row(i).data(), z.view().row(i).data(), d) -
                                 static_cast<double>(d) * half_log_two_pi;
            CHECK(std::abs(log_density(i, 0) - truth) < 1e-12 * (1 + std::abs(truth)));
        }
    }
}

TEST_CASE("vmfn: a vanishing concentration is none") {
    for (const std::int64_t d : {2, 20, 200}) {
        const VonMisesFisherNakagami none(direction(d, 0), 0.0, 5, 9), little(direction(d, 0), 1e-9, 5, 9);
        CHECK(std::abs(none.log_density(1.0, std::exp(1.0), 0.5) - little.log_density(1.0, std::exp(1.0), 0.5)) < 1e-9);
    }
}

TEST_CASE("vmfn: draws have the moments of radius and direction, and nothing across is preferred") {
    const std::int64_t n = 40'000;
    for (const auto& [d, k] : std::vector<std::pair<std::int64_t, double>>{{2, 4.0}, {3, 0.0}, {20, 15.0}, {200, 300.0}}) {
        CAPTURE(d);
        const double m = 7, w = 30;
        const VonMisesFisherNakagami law(direction(d, 2), k, m, w);
        const Matrix z = draws(law, n, static_cast<std::uint32_t>(d));
        MeanOf square, fourth, cosine, first_across, cosine_square;
        const double c0 = law.direction()[0];
        for (std::int64_t i = 0; i < n; ++i) {
            const double* row = z.view().row(i).data();
            const Radius r(row, d);
            const double t = r.cosine(row, law.direction());
            square.add(r.square);
            fourth.add(r.square * r.square);
            cosine.add(t);
            cosine_square.add(t * t);
            first_across.add(row[0] / std::sqrt(r.square) - t * c0);
        }
        const double order = 0.5 * static_cast<double>(d) - 1;
        const double mean_cosine = k > 0 ? boost::math::cyl_bessel_i(order + 1, k) / boost::math::cyl_bessel_i(order, k) : 0.0;
        CHECK(std::abs(square.z(w)) < 4.5);
        CHECK(std::abs(fourth.z(w * w * (1 + 1 / m))) < 4.5);
        CHECK(std::abs(cosine.z(mean_cosine)) < 4.5);
        if (k > 0) CHECK(std::abs(cosine_square.z(1 - (static_cast<double>(d) - 1) * mean_cosine / k)) < 4.5);
        CHECK(std::abs(first_across.z(0.0)) < 4.5);
    }
}

TEST_CASE("vmfn: the density is that of the draws, and integrates to one") {
    const std::int64_t n = 20'000;
    for (const std::int64_t d : {2, 5, 50}) {
        CAPTURE(d);
        const VonMisesFisherNakagami from(direction(d, 4), 3.0, 4.0, 12.0);
        auto aside = from.direction();
        aside[1] += 0.3;
        const VonMisesFisherNakagami to(aside, 4.0, 5.0, 11.0);   // lighter tails: a weight with moments
        Matrix log_density(n, 2);
        VonMisesFisherNakagamis({from, to}).log_density(draws(from, n, 9), log_density);
        MeanOf weight;
        for (std::int64_t i = 0; i < n; ++i) weight.add(std::exp(log_density(i, 1) - log_density(i, 0)));
        CHECK(std::abs(weight.z(1.0)) < 4.5);
    }
}

TEST_CASE("vmfn: what cannot be is refused") {
    CHECK_THROWS_AS(VonMisesFisherNakagami({1.0}, 1, 1, 1), std::invalid_argument);
    CHECK_THROWS_AS(VonMisesFisherNakagami({0.0, 0.0}, 1, 1, 1), std::invalid_argument);
    CHECK_THROWS_AS(VonMisesFisherNakagami({1.0, 0.0}, -1, 1, 1), std::invalid_argument);
    CHECK_THROWS_AS(VonMisesFisherNakagami({1.0, 0.0}, 1, 0, 1), std::invalid_argument);
    CHECK_THROWS_AS(VonMisesFisherNakagami({1.0, 0.0}, 1, 1, 0), std::invalid_argument);
}
