#include <buffon/tails.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <buffon/stream.hpp>

using namespace buffon;

namespace {

/// Quantiles of Pareto laws with tail index k, one column each, at n midpoints; every other row negative.
Matrix pareto(std::int64_t n, const std::vector<double>& k) {
    Matrix out(n, static_cast<std::int64_t>(k.size()));
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < out.cols; ++j)
            out(i, j) = (i % 2 ? -1 : 1) * std::pow((static_cast<double>(i) + 0.5) / static_cast<double>(n),
                                                    -k[static_cast<std::size_t>(j)]);
    return out;
}

Estimate named(std::vector<std::string> names) {
    Estimate e;
    e.value.resize(names.size());
    e.names = std::move(names);
    return e;
}

}  // namespace

TEST_CASE("tails: k-hat of Pareto sizes is their tail index, whatever the signs") {
    const std::vector<double> index{0.3, 0.6, 0.9, 1.2};
    const std::vector<double> k_hat = tail_shapes(pareto(20'000, index), 4);
    for (std::size_t j = 0; j < 4; ++j)
        CHECK(k_hat[j] == doctest::Approx(index[j]).epsilon(0.1));   // the fit is drawn to 0.5 by 2 %
}

TEST_CASE("tails: k-hat of independent Pareto draws lies within its sampling error of the tail index") {
    Matrix y(20'000, 1);
    Stream{4, 0}.uniform(0, y);
    for (double& v : y.data) v = std::pow(v, -0.8);
    // 424 draws in the tail: standard deviation (1 + k) / sqrt(424) = 0.09
    CHECK(std::abs(tail_shapes(y, 1).at(0) - 0.8) < 5 * 0.09);
}

TEST_CASE("tails: bounded summands have a negative k-hat") {
    Matrix y(20'000, 1);
    Stream{4, 0}.uniform(0, y);
    CHECK(tail_shapes(y, 1).at(0) < -0.5);   // exactly -1 for the uniform law, sampling error below 0.1
}

TEST_CASE("tails: where there is no tail to judge k-hat is not a number and nobody is warned") {
    for (const Matrix& y : {Matrix(1000, 1, 2.0), Matrix(1000, 1, 0.0), pareto(10, {2})}) {
        CHECK(std::isnan(tail_shapes(y, 1).at(0)));
        Estimate e = named({"y"});
        judge_tails(y, e);
        CHECK(e.warnings.empty());
        CHECK(e.diagnostics.contains("pareto_k"));
    }
}

TEST_CASE("tails: columns behind the values are not judged") {
    Estimate e = named({"light"});
    judge_tails(pareto(20'000, {0.2, 3}), e);   // the second is a weight or a success
    CHECK(e.warnings.empty());
    CHECK(std::get<std::vector<double>>(e.diagnostics.at("pareto_k")).size() == 1);
}

TEST_CASE("tails: the warning names the worst value and counts the others") {
    Estimate e = named({"a", "b", "c"});
    judge_tails(pareto(20'000, {0.9, 0.2, 1.5}), e);
    REQUIRE(e.warnings.size() == 1);
    CHECK(e.warnings[0].find("'c' and 1 more of 3 values: what is averaged has a heavy tail (k-hat 1.") == 0);
    Estimate one = named({"a", "b"});
    judge_tails(pareto(20'000, {0.9, 0.2}), one);
    REQUIRE(one.warnings.size() == 1);
    CHECK(one.warnings[0].find("'a': what is averaged") == 0);
}

TEST_CASE("tails: what controls leave decides whether a heavy tail is warned of") {
    Estimate e = named({"a", "b", "c"});
    judge_tails(pareto(20'000, {0.9, 0.2, 1.5}), e, false, {0.9, 0.1, 0.2});
    REQUIRE(e.warnings.size() == 1);
    CHECK(e.warnings[0].find("'a': what is averaged has a heavy tail") == 0);
    Estimate unknown = named({"a"});
    judge_tails(pareto(20'000, {0.9}), unknown, false, {std::numeric_limits<double>::quiet_NaN()});
    CHECK(unknown.warnings.size() == 1);
    CHECK(std::get<std::vector<double>>(e.diagnostics.at("pareto_k"))[2] > 1);
}

TEST_CASE("tails: few rows are warned of at a smaller k-hat than many") {
    // limits 1 - 1 / log10(n): 0.5 for 100 rows, 0.7 for 20,000
    Estimate few = named({"y"}), many = named({"y"});
    judge_tails(pareto(100, {0.66}), few);
    judge_tails(pareto(20'000, {0.66}), many);
    const double k_few = std::get<std::vector<double>>(few.diagnostics.at("pareto_k")).at(0);
    REQUIRE(k_few > 0.5);
    REQUIRE(k_few < 0.7);
    CHECK(few.warnings.size() == 1);
    CHECK(many.warnings.empty());
}

TEST_CASE("tails: the first rows are kept in order, and no more than asked for") {
    FirstRows first(5);
    CHECK(first.rows().rows == 0);
    Matrix part(3, 2);
    for (int k = 0; k < 3; ++k) {
        for (std::size_t i = 0; i < 6; ++i) part.data[i] = 10.0 * k + static_cast<double>(i);
        first.add(part);
    }
    CHECK(first.rows().rows == 5);
    CHECK(first.rows().cols == 2);
    CHECK(first.rows().data == std::vector<double>{0, 1, 2, 3, 4, 5, 10, 11, 12, 13});
}

TEST_CASE("tails: a mean carried by a few terms warns, and its interval has twice as many degrees of freedom as hits") {
    Matrix y(10'000, 4);
    for (std::int64_t i = 0; i < 4; ++i) y(i, 0) = 1;
    for (std::int64_t i = 0; i < 50; ++i) y(i, 1) = 1;
    for (std::int64_t i = 0; i < y.rows; ++i) y(i, 2) = static_cast<double>(i % 10);
    Estimate e = named({"rare", "seldom", "even", "never"});
    set_kurtosis(y, 20'000, e);   // of twice as many terms
    warn_of_few_terms(y, 20'000, e);
    CHECK(e.excess_kurtosis[0] == doctest::Approx(1 / 8.0).epsilon(0.01));
    CHECK(e.excess_kurtosis[1] == doctest::Approx(1 / 100.0).epsilon(0.05));
    CHECK(e.excess_kurtosis[2] == 0);
    const auto terms = std::get<std::vector<double>>(e.diagnostics.at("effective_terms"));
    CHECK(terms[0] == doctest::Approx(8).epsilon(0.01));
    CHECK(std::isinf(terms[2]));
    CHECK(terms[3] == 0);
    REQUIRE(e.warnings.size() == 1);
    CHECK(e.warnings[0].find("'rare': a few terms carry the mean, as if an event had been hit 8 times") == 0);
}

TEST_CASE("tails: a mean given an event warns of few terms only where few rows are inside") {
    Matrix terms(2'000, 2), inside(2'000, 2);   // excesses of 20 and of 4 rows: exponential quantiles
    for (std::int64_t i = 0; i < 20; ++i) terms(i, 0) = inside(i, 0) = -std::log((static_cast<double>(i) + 0.5) / 20);
    for (std::int64_t i = 0; i < 4; ++i) terms(i, 1) = inside(i, 1) = 1;
    Estimate alone = named({"many", "few"}), given = named({"many", "few"});
    warn_of_few_terms(terms, 2'000, alone);
    warn_of_few_terms(terms, 2'000, given, inside);
    CHECK(std::get<std::vector<double>>(given.diagnostics.at("effective_terms"))[0] < 10);
    REQUIRE(alone.warnings.size() == 1);
    REQUIRE(given.warnings.size() == 1);
    CHECK(alone.warnings[0].find("'few' and 1 more of 2 values") == 0);
    CHECK(given.warnings[0].find("'few': a few terms") == 0);
}

TEST_CASE("tails: one row more, as far out as any and as heavy as any, tells where a sample is thin") {
    // 1,000 rows of sizes 1 ... 1,000 less a mean of 0: the furthest 20 weigh 0.5, the nearest one 5
    Matrix terms(1'000, 3);
    std::vector<double> weight(1'000, 0.5), even(1'000, 2.0);
    weight[0] = 5;
    for (std::int64_t i = 0; i < terms.rows; ++i)
        for (std::int64_t j = 0; j < 3; ++j)
            terms(i, j) = weight[static_cast<std::size_t>(i)] * (static_cast<double>(i) + 1) * (j == 1 ? -1 : 1);
    const std::vector<double> mean{0, 0, 1'000}, error{0.5, 2, 0};
    const auto moves = one_row_more(terms, weight, weight, 2'000, mean, error);
    CHECK(moves[0] == doctest::Approx(4.5 * 1'000 / (2'000 * 0.5)));
    CHECK(moves[1] == doctest::Approx(4.5 * 1'000 / (2'000 * 2.0)));
    CHECK(moves[2] == 0);                                                               // no error
    CHECK(one_row_more(terms, even, even, 2'000, mean, error) == std::vector{0.0, 0.0, 0.0});   // the edge weighs what all do
    std::vector<double> half = weight;   // a law with half the mass out there
    for (std::size_t i = 0; i < half.size(); ++i) half[i] *= i < 500 ? 1.5 : 0.5;
    Matrix under_half = terms;
    for (std::int64_t i = 0; i < terms.rows; ++i) under_half(i, 0) *= i < 500 ? 1.5 : 0.5;
    CHECK(one_row_more(under_half, half, weight, 2'000, mean, error)[0] == doctest::Approx(moves[0] / 2));
    for (std::size_t i = 980; i < 1'000; ++i) weight[i] = 1e-5;
    for (std::int64_t i = 980; i < 1'000; ++i) terms(i, 0) = 1e-5 * (static_cast<double>(i) + 1);
    CHECK(one_row_more(terms, weight, weight, 2'000, mean, error)[0] == 0);                       // too light to matter
    Estimate e = named({"thin", "well"});
    warn_of_one_row({moves[0], moves[1]}, e);
    REQUIRE(e.warnings.size() == 1);
    CHECK(e.warnings[0].find("'thin': where the terms are largest the sample has few rows") == 0);
    CHECK(std::get<std::vector<double>>(e.diagnostics.at("one_row_more")) == std::vector{moves[0], moves[1]});
}

TEST_CASE("tails: half a row more widens errors of thin samples, within bounds, and leaves correlations") {
    Estimate e = named({"well", "thin", "doubted"});
    e.covariance = Matrix(3, 3, 0.5);
    for (std::int64_t j = 0; j < 3; ++j) e.covariance(j, j) = 1;
    widen_by_half_a_row({0, 2, 100}, e);
    CHECK(e.covariance(0, 0) == 1);
    CHECK(e.covariance(1, 1) == doctest::Approx(2));
    CHECK(e.covariance(2, 2) == doctest::Approx(5));
    CHECK(e.covariance(1, 2) == doctest::Approx(0.5 * std::sqrt(10)));
    CHECK(e.covariance(2, 1) == e.covariance(1, 2));
}

TEST_CASE("tails: of kept samples sizes in two clusters are no heavy tail, a heavy tail is") {
    constexpr std::int64_t n = 2'000;
    Matrix u(n, 1), terms(n, 2);
    Stream{4, 5}.uniform(0, u);
    const Matrix heavy = pareto(n, {0.9});
    for (std::int64_t i = 0; i < n; ++i) {
        terms(i, 0) = u(i, 0) + (i % 50 == 0 ? 10 : 0);   // 40 rows far from the others
        terms(i, 1) = heavy(i, 0);
    }
    CHECK(tail_shapes(terms, 2)[0] > 0.7);
    const std::vector<double> of_kept = tail_shapes(terms, 2, true);
    CHECK(of_kept[0] < 0);
    CHECK(of_kept[1] == tail_shapes(terms, 2)[1]);
    CHECK(of_kept[1] > 0.7);
}

TEST_CASE("tails: heavy tails of replicates count as far as their terms have them") {
    Matrix y(4096, 2);
    Stream{4, 3}.uniform(0, y);
    for (std::int64_t i = 0; i < y.rows; ++i) y(i, 1) = -std::log(y(i, 1));   // excess kurtosis 6; that of uniforms is -1.2
    Estimate e = named({"uniform", "exponential"});
    e.degrees_of_freedom = 15;
    e.excess_kurtosis = {0.5, 0.25};
    set_kurtosis(y, y.rows, e);
    CHECK(e.excess_kurtosis == std::vector{0.0, 0.25});
    e.excess_kurtosis[1] = 0.8;
    set_kurtosis(y, y.rows, e);
    CHECK(e.excess_kurtosis[1] == doctest::Approx(6.0 / 16).epsilon(0.4));   // a fourth moment of 4,096 terms is rough
}
