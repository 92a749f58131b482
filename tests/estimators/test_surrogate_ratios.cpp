#include <buffon/surrogate_ratios.hpp>

#include <doctest/doctest.h>

#include <buffon/points.hpp>
#include <buffon/sobol.hpp>
#include <buffon/surrogate_fit.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

TEST_CASE("surrogate_ratios: parts of the variance go to those who have a share in them") {
    VarianceParts parts{0, {0, 0, 0}, {0, 0, 0}, Matrix(3, 3)};
    parts.add({1}, 2.0);
    parts.add({0, 1}, 0.5);
    parts.add({0, 1, 2}, 0.25);
    CHECK(parts.all == 2.75);
    CHECK(parts.alone == std::vector<double>{0, 2, 0});
    CHECK(parts.within == std::vector<double>{0.75, 2.75, 0.25});
    CHECK(parts.pair(0, 1) == 0.5);
    CHECK(parts.pair(1, 2) == 0);
}

TEST_CASE("surrogate_ratios: a wrong surrogate is corrected by what it leaves, in both forms") {
    // f = p1(a) + p1(a) p1(b), so S_a = 1/2, T_a = 1, T_b = S_ab = 1/2; g = 0.6 p1(a) + 0.9 p1(b)
    const Distribution inputs = testing::independent(2, Uniform());
    const SobolDesign design(inputs, groups_of("test", inputs, {}), true, false, Points::rqmc, 1024, 16, 5);
    const std::vector<Family1d> families(2, Family1d::legendre);
    const Ladder ladder = polynomial_ladder(families, {true, true}, 20);
    const auto number = [&](const Term& t) { return std::ranges::find(ladder.terms, t) - ladder.terms.begin(); };
    const Polynomial wrong{{0, number({{0, 1}}), number({{1, 1}})}, {0.0, 0.6, 0.9}};
    const std::vector<Surrogate> surrogates(4, Surrogate(design, families, ladder, wrong));
    std::vector<ResidualSums> sums(16);
    std::vector<std::int64_t> replicates;
    Matrix x(design.sets() * design.segment_rows(), 2);
    for (std::int64_t s = 0; s < design.segments(); ++s) {
        design.inputs(s, x);
        std::vector<double> f;
        const auto p1 = [](double u) { return 1.7320508075688772 * (2 * u - 1); };
        for (std::int64_t i = 0; i < x.rows; ++i) f.push_back(p1(x(i, 0)) * (1 + p1(x(i, 1))));
        sums[static_cast<std::size_t>(design.replicate_of(s))].merge(
            residual_sums(design, surrogates[0], s * design.segment_rows(), design.segment_rows(), f, {}));
    }
    for (std::int64_t r = 0; r < 16; ++r) replicates.push_back(r);
    const auto found = surrogate_ratios(surrogates, replicates, sums, 2, true);
    const double exact[] = {0.5, 0, 1, 0.5, 0.5};
    REQUIRE(found.size() == 5);
    for (std::size_t k = 0; k < 5; ++k)
        for (const Ratio& form : found[k]) CHECK(form.value() == doctest::Approx(exact[k]).epsilon(0.02).scale(1));
    CHECK(found[0].size() == 2);
    CHECK(found[4].size() == 1);
}
