#include <buffon/polynomial_ladder.hpp>

#include <algorithm>
#include <cmath>
#include <set>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>

using namespace buffon;

namespace {

constexpr auto legendre = Family1d::legendre, hermite = Family1d::hermite;

int total(const Term& term) {
    int sum = 0;
    for (const Factor& f : term) sum += f.degree;
    return sum;
}

std::vector<Term> set_of(const Ladder& ladder, std::size_t chain, std::size_t set) {
    std::vector<Term> out;
    for (std::int64_t k = 0; k < ladder.chains[chain].sizes[set]; ++k)
        out.push_back(ladder.terms[static_cast<std::size_t>(ladder.chains[chain].order[static_cast<std::size_t>(k)])]);
    return out;
}

}  // namespace

TEST_CASE("polynomial_ladder: the polynomials are orthonormal under the uniform and the normal law") {
    const std::int64_t n = 200'000;   // midpoint rule: error about 1 / n^2 for polynomials, and none to see for normal weights
    for (const Family1d family : {legendre, hermite}) {
        const int degree = most_degree(family);
        std::vector<double> x(n), w(n, 1.0 / n), p(static_cast<std::size_t>((degree + 1) * n));
        for (std::int64_t i = 0; i < n; ++i) {
            const double u = (static_cast<double>(i) + 0.5) / n, z = 24 * u - 12;
            x[static_cast<std::size_t>(i)] = family == legendre ? u : z;
            if (family == hermite) w[static_cast<std::size_t>(i)] = std::exp(-0.5 * z * z - half_log_two_pi) * 24 / n;
        }
        polynomials(family, degree, x.data(), n, p.data());
        for (int a = 0; a <= degree; ++a)
            for (int b = 0; b <= a; ++b) {
                double sum = 0;
                for (std::int64_t i = 0; i < n; ++i)
                    sum += w[static_cast<std::size_t>(i)] * p[static_cast<std::size_t>(a * n + i)] *
                           p[static_cast<std::size_t>(b * n + i)];
                CHECK(std::abs(sum - (a == b)) < 1e-6);
            }
    }
}

TEST_CASE("polynomial_ladder: sets hold all terms of a total degree, and twice that degree of single coordinates") {
    const Ladder ladder = polynomial_ladder({legendre, legendre, legendre}, {true, true, true}, 400);
    REQUIRE(ladder.chains.size() == 3);
    CHECK(ladder.chains[0].sizes == std::vector<std::int64_t>{1, 4, 7, 10, 13, 19, 25, 31, 37});
    const std::vector<Term> set = set_of(ladder, 2, 1);   // three together, total degree 4
    CHECK(set.size() == 35 + 3 * 4);                      // (3 + 4 over 4), and degrees 5 ... 8 of each
    CHECK(std::ranges::count_if(set, [](const Term& t) { return total(t) <= 4; }) == 35);
    CHECK(std::ranges::all_of(set, [](const Term& t) { return total(t) <= 4 || (t.size() == 1 && total(t) <= 8); }));
    CHECK(std::set<Term>(ladder.terms.begin(), ladder.terms.end()).size() == ladder.terms.size());
    CHECK(ladder.terms[0].empty());
}

TEST_CASE("polynomial_ladder: no set is larger than asked for, and each holds the one before it") {
    for (const std::int64_t most : {1, 20, 100, 400}) {
        const Ladder ladder = polynomial_ladder(std::vector<Family1d>(20, legendre), std::vector<bool>(20, true), most);
        REQUIRE(!ladder.chains.empty());
        for (const Chain& chain : ladder.chains) {
            CHECK(chain.sizes.back() <= most);
            CHECK(std::ranges::is_sorted(chain.sizes));
            CHECK(chain.order.size() == static_cast<std::size_t>(chain.sizes.back()));
            CHECK(chain.order[0] == 0);   // the constant
        }
    }
}

TEST_CASE("polynomial_ladder: normal scores have a total degree of five at most, left out inputs none") {
    const Ladder ladder = polynomial_ladder({legendre, hermite, hermite, legendre}, {true, true, true, false}, 400);
    int bounded = 0, unbounded = 0;
    for (const Term& term : ladder.terms) {
        int of_scores = 0;
        for (const Factor& f : term) {
            CHECK(f.coordinate != 3);
            if (f.coordinate == 0) bounded = std::max(bounded, f.degree);
            else of_scores += f.degree;
        }
        unbounded = std::max(unbounded, of_scores);
    }
    CHECK(bounded == 12);
    CHECK(unbounded == 5);
}
