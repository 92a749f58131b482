#include <buffon/surrogate_fit.hpp>

#include <algorithm>
#include <cmath>
#include <set>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>
#include <buffon/points.hpp>
#include <buffon/sobol.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

SobolDesign design_of(const Distribution& inputs, std::int64_t points) {
    return {inputs, groups_of("test", inputs, {}), false, false, Points::rqmc, points, 9, 3};
}

const Distribution cube = testing::independent(3, Uniform());

}  // namespace

TEST_CASE("surrogate_fit: all evaluations of a small run, an odd share of a large one") {
    CHECK(fit_rows(design_of(cube, 16)).size() == 16 * 9 * 5);
    const auto rows = fit_rows(design_of(cube, 4096));
    CHECK(rows.size() <= most_fit_rows);
    CHECK(rows.size() > most_fit_rows * 0.7);
    std::set<std::int64_t> parities;
    for (const FitRow& row : rows)
        if (row.replicate == 0 && row.set == 0) parities.insert(row.row % 4);
    CHECK(parities.size() == 4);   // every fourth point would fill a quarter of the first coordinate
}

TEST_CASE("surrogate_fit: uniforms of the rows are those that their inputs are made of") {
    const SobolDesign design = design_of(cube, 64);
    const auto rows = fit_rows(design);
    const Matrix u = fit_uniforms(design, rows, 2);
    Matrix x(design.sets() * design.segment_rows(), 3);
    design.inputs(design.segments() - 1, x);   // of the uniform law itself: x = u
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const std::int64_t at = rows[i].replicate * 64 + rows[i].row;
        if (at / design.segment_rows() != design.segments() - 1) continue;
        for (std::int64_t c = 0; c < 3; ++c)
            CHECK(u(static_cast<std::int64_t>(i), c) ==
                  x(rows[i].set * design.segment_rows() + at % design.segment_rows(), c));
    }
}

TEST_CASE("surrogate_fit: bounded inputs have Legendre polynomials, others Hermite") {
    const Distribution inputs = Joint({Uniform(), Normal(), Exponential(1), Beta(2, 3)});
    CHECK(families_of(inputs) ==
          std::vector<Family1d>{Family1d::legendre, Family1d::hermite, Family1d::hermite, Family1d::legendre});
}

TEST_CASE("surrogate_fit: sums are those of loops over the rows of a fold, and threads change no bit") {
    const Distribution inputs = Joint({Uniform(), Normal()});
    const SobolDesign design = design_of(inputs, 512);
    const auto rows = fit_rows(design);
    const Matrix u = fit_uniforms(design, rows, 1);
    const auto families = families_of(inputs);
    const Ladder ladder = polynomial_ladder(families, {true, true}, 30);
    Matrix y(u.rows, 2);
    for (std::int64_t i = 0; i < y.rows; ++i) {
        y(i, 0) = 4 + u(i, 0);
        y(i, 1) = u(i, 1);
    }
    std::vector<char> counts(rows.size(), 1);
    counts[5] = 0;
    const auto sums = fit_sums(ladder, families, rows, u, y, counts, 1),
               again = fit_sums(ladder, families, rows, u, y, counts, 3);
    const std::int64_t a = std::ranges::find(ladder.terms, Term{{0, 2}, {1, 1}}) - ladder.terms.begin();
    const std::int64_t b = std::ranges::find(ladder.terms, Term{{1, 2}}) - ladder.terms.begin();
    REQUIRE(a < static_cast<std::int64_t>(ladder.terms.size()));
    for (std::int64_t q = 0; q < 4; ++q) {
        double n = 0, ab = 0, ba = 0, product = 0, squares = 0;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            if (rows[i].replicate % 4 != q || counts[i] == 0) continue;
            const auto row = static_cast<std::int64_t>(i);
            const double t = 2 * u(row, 0) - 1, z = normal_quantile(u(row, 1));
            const double psi_a = std::sqrt(5.0) * (1.5 * t * t - 0.5) * z, psi_b = (z * z - 1) / std::sqrt(2.0);
            n += 1;
            ab += psi_a * psi_b;
            ba += psi_a;
            product += psi_b * y(row, 1);
            squares += y(row, 0) * y(row, 0);
        }
        const FitSums& s = sums[static_cast<std::size_t>(q)];
        CHECK(s.n == n);
        CHECK(s.gram(0, 0) == n);
        CHECK(s.gram(a, b) == doctest::Approx(ab).epsilon(1e-10));
        CHECK(s.gram(b, a) == s.gram(a, b));
        CHECK(s.gram(a, 0) == doctest::Approx(ba).epsilon(1e-10));
        CHECK(s.products(b, 1) == doctest::Approx(product).epsilon(1e-10));
        CHECK(s.squares[0] == doctest::Approx(squares).epsilon(1e-12));
        CHECK(s.gram.data == again[static_cast<std::size_t>(q)].gram.data);
    }
}
