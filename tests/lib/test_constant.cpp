#include <buffon/laws/constant.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/laws/discrete.hpp>

using namespace buffon;

TEST_CASE("a constant is a discrete law of one value") {
    const Constant law(3);
    const Discrete same({3});
    for (const double x : {2.0, 3.0, 4.0}) {
        CHECK(law.cdf(x) == same.cdf(x));
        CHECK(law.ccdf(x) == same.ccdf(x));
        CHECK(law.log_density(x) == same.log_density(x));
        CHECK(law.to_normal(x) == same.to_normal(x));
    }
    for (const double p : {0.0, 0.3, 1.0}) CHECK(law.quantile(p) == 3);
    CHECK(law.from_normal(-50) == 3);
    CHECK(law.variance() == 0);
}

TEST_CASE("a constant: NaN stays NaN, probabilities lie in [0, 1], and the value is finite") {
    const Constant law(3);
    const double nan = std::nan("");
    for (const double seen : {law.log_density(nan), law.cdf(nan), law.ccdf(nan), law.to_normal(nan),
                              law.from_normal(nan), law.quantile(nan)})
        CHECK(std::isnan(seen));
    CHECK(std::isnan(law.quantile(1.5)));
    CHECK(std::isnan(law.upper_quantile(-0.5)));
    CHECK_THROWS_WITH_AS((void)Constant(std::numeric_limits<double>::infinity()),
                         "Constant: value must be finite, got inf", std::invalid_argument);
}
