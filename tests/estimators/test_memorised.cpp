#include <buffon/memorised.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

#include <buffon/normal_functions.hpp>
#include <buffon/stream.hpp>

using namespace buffon;

namespace {

Matrix column(std::vector<double> v) {
    Matrix out(static_cast<std::int64_t>(v.size()), 1);
    out.data = std::move(v);
    return out;
}

}  // namespace

TEST_CASE("memorised: samples on a line count by the ratio of their two distances, equal points once") {
    const Matrix y = column({0.0, 4.0, 0.0, 100.0});   // 0 is there twice
    // distances to 0 and 4: 0 and 4, 0.9 and 3.1, 1.1 and 2.9, 2 and 2, 0.5 and 4.5; to 100 and 4: 1 and 95
    const Matrix x = column({0.0, 0.9, 1.1, 2.0, -0.5, 99.0});
    const Estimate third = memorised({{x}, {}}, {y});
    CHECK(third.value[0] == doctest::Approx(4.0 / 6));
    CHECK(third.covariance(0, 0) == doctest::Approx(4.0 / 6 * 2.0 / 6 / 5));
    CHECK(std::get<std::vector<double>>(third.diagnostics.at("nearest"))[0] ==
          doctest::Approx((0.0 + 0.9 + 1.1 + 2.0 + 0.5 + 1.0) / 6));
    CHECK(memorised({{x}, {}}, {y}, {.ratio = 0.2}).value[0] == doctest::Approx(3.0 / 6));
    CHECK(memorised({{x}, {}}, {y}, {.ratio = 1.0}).value[0] == doctest::Approx(5.0 / 6));   // 2 is in the middle
}

TEST_CASE("memorised: normal samples about two points are copies as often as the normal law says") {
    // points 0 and 8, samples N(0, 3^2): copies where |x| < |x - 8| / 3, -4 < x < 2; about 8: 6 < x < 12
    const std::int64_t n = 100'000;
    Matrix x(n, 1);
    Stream{1, 0}.normal(0, x);
    for (double& v : x.data) v *= 3;
    const double p = normal_cdf(2.0 / 3) - normal_cdf(-4.0 / 3) + normal_cdf(12.0 / 3) - normal_cdf(6.0 / 3);
    const Estimate e = memorised({{x}, {}}, {column({0.0, 8.0})});
    CHECK(std::abs(e.value[0] - p) < 5 * std::sqrt(p * (1 - p) / n));
    CHECK(e.std_error()[0] == doctest::Approx(std::sqrt(p * (1 - p) / n)).epsilon(0.01));
}

TEST_CASE("memorised: intervals are Clopper and Pearson's, also where nothing was copied; paired sets share their errors") {
    const Matrix y = column({0.0, 10.0}), none = column({5.0, 5.5, 4.5, 5.2, 4.8, 5.1, 4.9, 5.3, 4.7, 5.0}),
                 half = column({0, 0, 0, 0, 0, 5, 5, 5, 5, 5});
    const Estimate e = memorised({{none, half, half}, {"none", "half", "again"}}, {y});
    const auto [low, high] = e.confidence_interval(0.95);
    CHECK(low[0] == 0.0);
    CHECK(high[0] == doctest::Approx(1 - std::pow(0.025, 0.1)));   // (1 - p)^10 = 0.025
    CHECK(low[1] == doctest::Approx(0.1871).epsilon(1e-3));        // Clopper & Pearson (1934), 5 of 10
    CHECK(high[1] == doctest::Approx(0.8129).epsilon(1e-3));
    CHECK(e.covariance(1, 2) == doctest::Approx(e.covariance(1, 1)));
    CHECK(e.contrast(1, 2).std_error()[0] == doctest::Approx(0.0));
    CHECK(e.n == 30);
}

TEST_CASE("memorised: where points and samples lie together changes nothing") {
    Matrix y(300, 2), x(200, 2);
    Stream{1, 0}.normal(0, y);
    Stream{1, 1}.normal(0, x);
    for (Matrix* m : {&x, &y})
        for (double& v : m->data) v = std::round(v * 0x1p20) / 0x1p20;   // that a shift keeps to the bit
    std::vector<std::int64_t> told;
    MemorisedOptions watched;
    watched.progress = [&](std::int64_t n, std::int64_t all, const auto&) { told.push_back(all - n); };
    const Estimate here = memorised({{x, x}, {}}, {y}, watched);
    CHECK(told == std::vector<std::int64_t>{200, 0});
    for (Matrix* m : {&x, &y})
        for (double& v : m->data) v += 0x1p30;
    const Estimate there = memorised({{x, x}, {}}, {y});
    CHECK(here.value[0] > 0.05);
    CHECK(there.value == here.value);
    CHECK(there.diagnostics == here.diagnostics);
}

TEST_CASE("memorised: bad arguments are refused") {
    const Matrix y = column({0.0, 1.0}), x = column({0.5, 0.2});
    CHECK_THROWS_AS(memorised({{}, {}}, {y}), std::invalid_argument);
    CHECK_THROWS_AS(memorised({{x}, {}}, {column({1.0, 1.0})}), std::invalid_argument);
    CHECK_THROWS_AS(memorised({{x}, {}}, {Matrix(2, 2)}), std::invalid_argument);
    CHECK_THROWS_AS(memorised({{column({NAN, 1.0})}, {}}, {y}), std::invalid_argument);
    CHECK_THROWS_AS(memorised({{x}, {}}, {y}, {.ratio = 0.0}), std::invalid_argument);
    CHECK_THROWS_AS(memorised({{x}, {}}, {y}, {.ratio = 1.5}), std::invalid_argument);
}
