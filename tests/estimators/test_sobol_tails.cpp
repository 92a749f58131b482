#include <buffon/sobol_tails.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <buffon/sobol.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

/// Whether the run says that a tail is heavy, rows are few, or that there is no variance at all.
bool warned(const Problem& problem, std::int64_t budget, std::uint64_t key) {
    bool told = false;
    for (const std::string& warning : sobol(problem, {.budget = budget, .rng = key}, {.surrogate = false}).joint.warnings)
        told = told || warning.find("intervals of its indices may be far too short") != std::string::npos ||
               warning.find("has no variance to share") != std::string::npos;
    return told;
}

}  // namespace

TEST_CASE("sobol_tails: squares of both tables' centred outputs at the rows that count") {
    SegmentValues values{3, 3, 2, std::vector<double>(18), {1}};
    for (std::size_t k = 0; k < 18; ++k) values.y[k] = static_cast<double>(k);
    FirstSquares squares;
    squares.add(values, {1.0, 0.0});
    REQUIRE(squares.squares().rows == 4);
    CHECK(squares.squares()(0, 0) == 1);         // row 0 of A: 0 - 1
    CHECK(squares.squares()(1, 0) == 25);        // of B: 6 - 1
    CHECK(squares.squares()(2, 1) == 25);        // row 2 of A, second output: 5
    Estimate e;
    squares.judge(400, {"y", "z"}, true, e);
    const auto rows = std::get<std::vector<double>>(e.diagnostics.at("effective_rows"));
    CHECK(rows[0] == doctest::Approx(100.0 * std::pow(1 + 25 + 1 + 49, 2) / (1 + 625 + 1 + 2401)));
}

TEST_CASE("sobol_tails: variances with heavy tails, and of few rows, are warned of; others are not") {
    const Distribution normal = testing::standard_normal(3);
    const Problem wild([](std::span<const double> z) { return std::exp(3 * (z[0] + z[1] + z[2]) / std::sqrt(3.0)); }, normal);
    const Problem cauchy([](std::span<const double> z) { return z[0] / z[1] + z[2]; }, normal);
    const Problem rare([](std::span<const double> z) { return z[0] + z[1] > 5 ? 1.0 : 0.0; }, normal);   // 2e-4
    const Problem often([](std::span<const double> z) { return z[0] + z[1] > 2 ? 1.0 : 0.0; }, normal);
    const Problem mild([](std::span<const double> z) { return std::exp(0.5 * (z[0] + z[1] + z[2]) / std::sqrt(3.0)); }, normal);
    for (std::uint64_t key = 0; key < 8; ++key) {
        CHECK(warned(wild, 8192, key));
        CHECK(warned(cauchy, 8192, key));
        CHECK(warned(rare, 8192, key));
        CHECK_FALSE(warned(often, 8192, key));
        CHECK_FALSE(warned(mild, 8192, key));
        CHECK_FALSE(warned(testing::ishigami().problem, 2048, key));
        CHECK_FALSE(warned(testing::g_function().problem, 2048, key));
    }
}

namespace {

/// Both tables of outputs (u^-power) in one segment, u the middles of equal pieces of (0, 1).
SegmentValues powers(std::int64_t rows, double power) {
    SegmentValues values{rows, 2, 1, {}, {}};
    for (std::int64_t k = 0; k < 2 * rows; ++k)
        values.y.push_back(std::pow((static_cast<double>(k) + 0.5) / static_cast<double>(2 * rows), -power));
    return values;
}

std::vector<double> judged(const FirstSquares& squares) {
    Estimate e;
    squares.judge(1000, {"y"}, true, e);
    return squares.squares().rows > 0 ? std::get<std::vector<double>>(e.diagnostics.at("pareto_k_squares"))
                                      : std::vector<double>{};
}

}  // namespace

TEST_CASE("sobol_tails: what was looked at ahead is what is judged, and rows that came after it count") {
    FirstSquares ahead, at_the_end;
    ahead.look_ahead();   // nothing is there yet
    CHECK(judged(ahead).empty());
    for (const double power : {0.1, 0.6}) {
        for (FirstSquares* squares : {&ahead, &at_the_end}) squares->add(powers(500, power), {0.0});
        const std::vector<double> shape = judged(at_the_end);
        CHECK(judged(ahead) == shape);   // what was seen before is not what is there now
        CHECK(ahead.alike(1e6, 1) == at_the_end.alike(1e6, 1));
        ahead.look_ahead();
        CHECK(judged(ahead) == shape);
        CHECK(ahead.alike(1e6, 1) == at_the_end.alike(1e6, 1));
        CHECK((shape[0] > 0.7) == (power == 0.6));   // squares of Pareto laws: tail index 2 power
    }
}
