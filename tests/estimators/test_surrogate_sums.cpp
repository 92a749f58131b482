#include <buffon/surrogate_sums.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <buffon/points.hpp>
#include <buffon/sobol.hpp>
#include <buffon/surrogate_fit.hpp>
#include <buffon/surrogate_ratios.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

const Distribution inputs = Joint({Uniform(), Normal(), Uniform()}, {"a", "b", "c"});
const auto families = families_of(inputs);
const Ladder ladder = polynomial_ladder(families, {true, true, true}, 60);

double p1(double u) { return std::sqrt(3.0) * (2 * u - 1); }

std::int64_t number_of(const Term& term) { return std::ranges::find(ladder.terms, term) - ladder.terms.begin(); }

const std::vector<std::int64_t> terms{0, number_of({{0, 1}}), number_of({{0, 1}, {1, 1}}), number_of({{2, 2}})};
const std::vector<double> coefficients{2.0, 0.7, -0.4, 0.3};

/// g of these at uniforms of c as they are and the normal score of b.
double g(double a, double b, double c) {
    const double t = 2 * c - 1;
    return coefficients[0] + coefficients[1] * p1(a) + coefficients[2] * p1(a) * b +
           coefficients[3] * std::sqrt(5.0) * (1.5 * t * t - 0.5);
}
double f(double a, double b, double c) { return g(a, b, c) + 0.2 * a * c + 0.1 * std::sin(b); }

struct Case {
    SobolDesign design;
    Matrix x;   // (sets, rows, d)
    std::vector<double> f;

    explicit Case(bool both_ways, const std::vector<InputGroup>& groups = {})
        : design(inputs, groups_of("test", inputs, groups), both_ways, false, Points::rqmc, 256, 4, 5),
          x(design.sets() * design.segment_rows(), 3) {
        design.inputs(1, x);
        for (std::int64_t i = 0; i < x.rows; ++i) f.push_back(::f(x(i, 0), x(i, 1), x(i, 2)));
    }
    std::int64_t rows() const { return design.segment_rows(); }
    double r(std::int64_t set, std::int64_t i) const {
        const std::int64_t at = set * rows() + i;
        return f[static_cast<std::size_t>(at)] - g(x(at, 0), x(at, 1), x(at, 2));
    }
    ResidualSums sums(const std::vector<std::int64_t>& failed = {}) const {
        return residual_sums(design, Surrogate(design, families, ladder, {terms, coefficients}), rows(), rows(), f, failed);
    }
};

}  // namespace

TEST_CASE("surrogate_sums: sums of residuals are those of loops over the rows") {
    for (const bool both_ways : {false, true}) {
        const Case c(both_ways);
        const ResidualSums s = c.sums();
        double products = 0, first = 0, total = 0, squares = 0, fourth = 0, largest_first = 0, largest_total = 0;
        for (std::int64_t i = 0; i < c.rows(); ++i) {
            const auto at = [&](std::int64_t set, std::int64_t coordinate) { return c.x(set * c.rows() + i, coordinate); };
            for (std::int64_t k = 0; k < c.design.sets(); ++k) {
                products += p1(at(k, 0)) * at(k, 1) * c.r(k, i);
                squares += c.r(k, i) * c.r(k, i);
            }
            const auto all = [&](std::int64_t set) { return g(at(set, 0), at(set, 1), at(set, 2)); };
            first += coefficients[1] * (p1(at(0, 0)) - p1(at(1, 0))) * (c.r(0, i) - c.r(2, i));
            total += (all(0) - all(3)) * (c.r(0, i) - c.r(3, i));
            fourth += std::pow(c.r(0, i), 4) + std::pow(c.r(1, i), 4);
            const double step_a = c.r(2, i) - c.r(0, i), step_b = c.r(3, i) - c.r(0, i);
            largest_first = std::max(largest_first,
                                     std::abs(step_a * (coefficients[1] * (p1(at(1, 0)) - p1(at(0, 0))) + c.r(1, i))));
            largest_total = std::max(largest_total, std::abs(step_b * (all(3) - all(0) + 0.5 * step_b)));
            if (!both_ways) continue;
            first += coefficients[1] * (p1(at(1, 0)) - p1(at(0, 0))) * (c.r(1, i) - c.r(5, i));
            total += (all(1) - all(6)) * (c.r(1, i) - c.r(6, i));
        }
        const double ways = both_ways ? 2 : 1;
        CHECK(s.with_terms[1] == doctest::Approx(products).epsilon(1e-10));
        CHECK(s.first_cross[0] == doctest::Approx(first / ways).epsilon(1e-10));
        CHECK(s.total_cross[1] == doctest::Approx(total / ways).epsilon(1e-10));
        CHECK(s.pairs.squares() == doctest::Approx(squares).epsilon(1e-10));
        CHECK(s.fourth == doctest::Approx(fourth).epsilon(1e-10));
        if (both_ways) {
            CHECK(s.first_largest[0] >= largest_first);
            continue;
        }
        CHECK(s.first_largest[0] == doctest::Approx(largest_first).epsilon(1e-10));
        CHECK(s.total_largest[1] == doctest::Approx(largest_total).epsilon(1e-10));
    }
}

TEST_CASE("surrogate_sums: what depends on one group only belongs to it, alone") {
    const Case c(false, {{"ab", {"a", "b"}}});
    const Surrogate surrogate(c.design, families, ladder, {terms, coefficients});
    CHECK(surrogate.summands()[1].groups == std::vector<std::int64_t>{0});   // the product of a and b
    CHECK(surrogate.constant() == 2.0);
    double first = 0;
    for (std::int64_t i = 0; i < c.rows(); ++i) {
        const auto part = [&](std::int64_t set) { return g(c.x(set * c.rows() + i, 0), c.x(set * c.rows() + i, 1), 0.5); };
        first += (part(0) - part(1)) * (c.r(0, i) - c.r(2, i));
    }
    CHECK(c.sums().first_cross[0] == doctest::Approx(first).epsilon(1e-10));
}

TEST_CASE("surrogate_sums: rows that failed count nowhere") {
    Case c(false);
    const double whole = c.sums().pairs.squares(), without = [&] {
        double sum = 0;
        for (std::int64_t k = 0; k < c.design.sets(); ++k) sum += c.r(k, 7) * c.r(k, 7);
        return sum;
    }();
    for (std::int64_t k = 0; k < c.design.sets(); ++k) c.f[static_cast<std::size_t>(k * c.rows() + 7)] = 0;
    const ResidualSums s = c.sums({7});
    CHECK(s.pairs.n == static_cast<double>(c.rows()) - 1);
    CHECK(s.pairs.squares() == doctest::Approx(whole - without).epsilon(1e-10));
}
