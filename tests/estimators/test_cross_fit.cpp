#include <buffon/cross_fit.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <buffon/stream.hpp>

using namespace buffon;

namespace {

const Ladder ladder = polynomial_ladder({Family1d::legendre, Family1d::legendre}, {true, true}, 60);

/// Sums over `rows` random points of f(terms, noise); the fold has its own stream.
template <class F>
FitSums sums_of(std::uint32_t fold, std::int64_t rows, const F& f) {
    const auto p = static_cast<std::int64_t>(ladder.terms.size());
    FitSums s{static_cast<double>(rows), Matrix(p, p), Matrix(p, 1), {0.0}};
    const Stream stream{11, fold};
    for (std::int64_t i = 0; i < rows; ++i) {
        std::vector<double> psi(static_cast<std::size_t>(p), 1.0);
        double values[2][13];
        for (std::int64_t c = 0; c < 2; ++c) {
            const double u = stream.uniform(i, c);
            polynomials(Family1d::legendre, 12, &u, 1, values[c]);
        }
        for (std::size_t t = 0; t < psi.size(); ++t)
            for (const Factor& factor : ladder.terms[t]) psi[t] *= values[factor.coordinate][factor.degree];
        const double y = f(psi, stream.uniform(i, 2) - 0.5);
        s.squares[0] += y * y;
        for (std::int64_t a = 0; a < p; ++a) {
            s.products(a, 0) += psi[static_cast<std::size_t>(a)] * y;
            for (std::int64_t b = 0; b < p; ++b)
                s.gram(a, b) += psi[static_cast<std::size_t>(a)] * psi[static_cast<std::size_t>(b)];
        }
    }
    return s;
}

template <class F>
std::array<FitSums, folds> four(std::int64_t rows, const F& f) {
    return {sums_of(0, rows, f), sums_of(1, rows, f), sums_of(2, rows, f), sums_of(3, rows, f)};
}

double coefficient(const Polynomial& fit, std::int64_t term) {
    for (std::size_t k = 0; k < fit.terms.size(); ++k)
        if (fit.terms[k] == term) return fit.coefficients[k];
    return 0;
}

}  // namespace

TEST_CASE("cross_fit: a polynomial of the ladder comes back") {
    const auto fits = cross_fit(
        ladder, four(600, [](const std::vector<double>& psi, double) { return 2 + psi[3] - 0.5 * psi[20]; }), 1);
    REQUIRE(fits.size() == 4);
    for (const Polynomial& fit : fits) {
        CHECK(coefficient(fit, 0) == doctest::Approx(2).epsilon(1e-8));
        CHECK(coefficient(fit, 3) == doctest::Approx(1).epsilon(1e-8));
        CHECK(coefficient(fit, 20) == doctest::Approx(-0.5).epsilon(1e-8));
    }
}

TEST_CASE("cross_fit: the fit for a fold does not see it") {
    const auto f = [](const std::vector<double>& psi, double noise) { return psi[1] + 0.3 * psi[5] + noise; };
    auto sums = four(400, f);
    const auto before = cross_fit(ladder, sums, 1);
    for (double& v : sums[2].products.data) v *= -3;
    sums[2].squares[0] *= 9;
    const auto after = cross_fit(ladder, sums, 1);
    CHECK(before[2].terms == after[2].terms);
    CHECK(before[2].coefficients == after[2].coefficients);
    CHECK(before[1].coefficients != after[1].coefficients);
}

TEST_CASE("cross_fit: noise is pruned, and predicted no better than by its mean") {
    const auto sums = four(800, [](const std::vector<double>& psi, double noise) { return psi[1] + noise; });
    for (const Polynomial& fit : cross_fit(ladder, sums, 1)) {
        CHECK(coefficient(fit, 1) == doctest::Approx(1).epsilon(0.05));   // noise of 0.29 / sqrt(2400)
        CHECK(fit.terms.size() <= 4);
    }
    for (const Polynomial& fit :
         cross_fit(ladder, four(800, [](const std::vector<double>&, double noise) { return noise; }), 1))
        CHECK(fit.terms.size() <= 2);
}

TEST_CASE("cross_fit: threads change no bit") {
    const auto sums = four(300, [](const std::vector<double>& psi, double noise) { return psi[2] * psi[4] + noise; });
    const auto one = cross_fit(ladder, sums, 1), many = cross_fit(ladder, sums, 3);
    for (std::size_t q = 0; q < one.size(); ++q) CHECK(one[q].coefficients == many[q].coefficients);
}
