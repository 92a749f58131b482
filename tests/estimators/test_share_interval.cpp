#include <buffon/share_interval.hpp>

#include <cmath>

#include <boost/math/distributions/binomial.hpp>
#include <doctest/doctest.h>

using namespace buffon;

TEST_CASE("share_interval: Clopper and Pearson's of hits, none and all among them") {
    using Law = boost::math::binomial_distribution<double>;
    for (const double hits : {0.0, 1.0, 7.0, 19.0, 20.0}) {
        CAPTURE(hits);
        const auto [low, high] = share_interval(hits / 20, hits / 20 * (1 - hits / 20) / 19, 20, 0.95);
        CHECK(low == doctest::Approx(Law::find_lower_bound_on_p(20, hits, 0.025)));
        CHECK(high == doctest::Approx(Law::find_upper_bound_on_p(20, hits, 0.025)));
    }
    CHECK(share_interval(0.0, 0.0, 100, 0.95).second == doctest::Approx(1 - std::pow(0.025, 0.01)));
}

TEST_CASE("share_interval: means of numbers that vary less than hits have shorter intervals, unless they are rare") {
    const auto [low, high] = share_interval(0.3, 0.3 * 0.7 / 4000, 1000, 0.95);
    CHECK(high - low == doctest::Approx(2 * 1.96 * std::sqrt(0.21 / 4000)).epsilon(0.02));
    const auto rare = share_interval(0.001, 1e-9, 1000, 0.95), hit = share_interval(0.001, 0.0, 1000, 0.95);
    CHECK(rare == hit);
    for (const double variance : {1e-18, 1e-30, 1e-300}) {   // of numbers that are alike but for rounding
        CAPTURE(variance);
        const auto [least, most] = share_interval(0.9, variance, 500, 0.95);
        CHECK(least < 0.9);
        CHECK(most > 0.9);
        CHECK(most - least < 2e-6);
    }
    CHECK(empty_bounds(3).low.rows == 3);
    CHECK(empty_bounds(3).high.cols == static_cast<std::int64_t>(bound_levels.size()));
}
