#include <buffon/uncovered.hpp>

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include <buffon/aiscv.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

constexpr double share = 0.1;

/// Rows of one summand t; `alone`: rows that are q_0's, the others a component's.
Uncovered rows_of(const std::vector<double>& t, const std::vector<bool>& alone) {
    Matrix summand(static_cast<std::int64_t>(t.size()), 1), controls(summand.rows, 1);
    for (std::int64_t i = 0; i < summand.rows; ++i) {
        summand(i, 0) = t[static_cast<std::size_t>(i)];
        controls(i, 0) = (alone[static_cast<std::size_t>(i)] ? 0.6 / share : 0.4 / share) - 1;
    }
    Uncovered out;
    out.add(summand, controls, share);
    return out;
}

Estimate with(double value, double error) {
    Estimate e;
    e.value = {value};
    e.names = {"p"};
    e.covariance = Matrix(1, 1);
    e.covariance(0, 0) = error * error;
    return e;
}

bool warns(const Estimate& e) {
    return std::ranges::any_of(
        e.warnings, [](const std::string& w) { return w.find("where no component is") != std::string::npos; });
}

}  // namespace

TEST_CASE("uncovered: sums are over the rows that are the input law's alone, in any pieces") {
    Uncovered u = rows_of({1, 2, -4}, {true, false, true});
    CHECK(u.sum[0] == 5);
    CHECK(u.squares[0] == 17);
    CHECK(u.terms(0) == doctest::Approx(25.0 / 17));
    u.merge(rows_of({3}, {true}));
    u.merge({});
    CHECK(u.sum[0] == 8);
    CHECK(u.squares[0] == 26);
    CHECK(rows_of({1, 2}, {false, false}).terms(0) == 0);
}

TEST_CASE("uncovered: few terms that make the error are doubtful; many, small or exact ones are not") {
    const std::int64_t n = 1'000;
    const auto judged = [&](const Uncovered& u, double value, double error) {
        Estimate e = with(value, error);
        warn_of_uncovered(u, {0}, n, e);
        CHECK(std::get<std::vector<double>>(e.diagnostics.at("uncovered"))[0] == doctest::Approx(u.sum[0] / 1e3 / value));
        return warns(e);
    };
    const Uncovered two = rows_of({9, 9}, {true, true});
    CHECK(judged(two, 0.05, 0.013));
    CHECK_FALSE(judged(two, 5, 0.013));      // a two hundredth of the value
    CHECK_FALSE(judged(two, 0.05, 0.03));    // the error is elsewhere
    CHECK_FALSE(judged(rows_of(std::vector<double>(20, 9.0), std::vector<bool>(20, true)), 0.2, 0.04));
}
