#include <buffon/law_doubts.hpp>

#include <doctest/doctest.h>

#include <algorithm>

#include <buffon/gaussian_copula.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/sample.hpp>

using namespace buffon;

namespace {

Distribution two(double mean, double sd, double rho) {
    Matrix r(2, 2, rho);
    r(0, 0) = r(1, 1) = 1;
    return Joint({Normal(mean, sd), Uniform(0, 1)}, {"a", "b"}, GaussianCopula(r));
}

std::vector<std::string> doubts(const Distribution& truth, const Distribution& law, std::int64_t n, std::uint64_t key) {
    Matrix x(n, truth.dim());
    truth.sample(Stream{key, 0}, 0, x);
    std::vector<double> density(static_cast<std::size_t>(n));
    law.log_density(x, density);
    return doubts_about(law, x, density, true);
}

bool told(const std::vector<std::string>& texts, const std::string& word) {
    return std::ranges::any_of(texts, [&](const auto& text) { return text.find(word) != std::string::npos; });
}

}  // namespace

TEST_CASE("the distance from the normal law is Kolmogorov's") {
    const std::vector<double> u{normal_quantile(0.9), normal_quantile(0.2)};
    CHECK(normal_distance(u) == doctest::Approx(0.4));   // steps of 1/2 at 0.2 and 0.9: 0.5 - 0.9
    CHECK(normal_distance(std::vector<double>{normal_quantile(0.5)}) == doctest::Approx(0.5));
}

TEST_CASE("the law that made a table is not doubted") {
    int alarms = 0;
    for (std::uint64_t key = 1; key <= 300; ++key) alarms += !doubts(two(1, 2, 0.6), two(1, 2, 0.6), 200, key).empty();
    CHECK(alarms <= 3);   // 0.3 are expected
}

TEST_CASE("values with a probability are judged by their frequencies") {
    const Distribution truth = Joint({Discrete({0, 1, 5}, {2, 1, 1}), Constant(3), Normal(0, 1)}, {"n", "c", "z"});
    int alarms = 0;
    for (std::uint64_t key = 1; key <= 300; ++key) alarms += !doubts(truth, truth, 200, key).empty();
    CHECK(alarms <= 3);
    const Distribution other = Joint({Discrete({0, 1, 5}, {1, 1, 1}), Constant(3), Normal(0, 1)}, {"n", "c", "z"});
    CHECK(told(doubts(truth, other, 500, 1), "'n' (distance 0.1"));   // 1/2 - 1/3
}

TEST_CASE("another mean, spread or dependence is told with the inputs that show it") {
    CHECK(told(doubts(two(0.4, 1, 0), two(0, 1, 0), 300, 1), "'a' (distance 0."));
    CHECK(told(doubts(two(0, 1.5, 0), two(0, 1, 0), 1000, 1), "'a' (distance 0."));
    CHECK(told(doubts(two(0, 1, 0.4), two(0, 1, 0), 300, 1), "'a' and 'b' (0.4"));
    CHECK(told(doubts(two(0, 1, 0), two(0, 1, 0.7), 300, 1), "'b' (distance"));   // what is left of b, given a
}

TEST_CASE("what no answer would notice, and what few rows cannot show, is passed over") {
    CHECK(doubts(two(0.01, 1, 0), two(0, 1, 0), 1'000'000, 1).empty());   // a distance of 0.004, ten times what chance leaves
    CHECK(doubts(two(3, 1, 0), two(0, 1, 0), 19, 1).empty());
}

TEST_CASE("rows outside of the law are told, whatever their weights") {
    Sample s;
    Matrix x(3, 1, 0.5);
    x(1, 0) = 2;
    s.append(x, Matrix(3, 1));
    s.stands_for(Univariate(Uniform(0, 1)), {0.0, 0.0, 0.0});
    REQUIRE(s.warnings.size() == 1);
    CHECK(told(s.warnings, "1 of 3 rows lie where the law has no density"));
}
