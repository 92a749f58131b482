#include <buffon/weighted_cdf.hpp>

#include <limits>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

using namespace buffon;

namespace {

Sample of(const std::vector<double>& y) {
    Sample s;
    Matrix x(static_cast<std::int64_t>(y.size()), 1), out(x.rows, 1);
    out.data = y;
    s.append(x, out);
    s.inputs = {"x"};
    s.outputs = {"y"};
    s.log_density.assign(y.size(), 0.0);
    return s;
}

}  // namespace

TEST_CASE("with equal weights level i / n is the i-th of n values") {
    std::vector<double> y;
    for (int i = 1; i <= 10; ++i) y.push_back(11 - i);
    const Sample s = of(y);
    const WeightedCdf cdf(KeptRows("test", s), std::vector<double>(10, 0.3), 0);
    for (int i = 1; i <= 10; ++i) CHECK(cdf.quantile(i / 10.0) == i);
    CHECK(cdf.quantile(0.301) == 4);
    CHECK(cdf.quantile(0.0) == 1);
    CHECK(cdf.quantile(1.5) == 10);
    CHECK(cdf(4.5) == doctest::Approx(0.4));
    CHECK(cdf(0) == 0.0);
    CHECK(cdf.reaches(0.2));
    CHECK_FALSE(cdf.reaches(0.1));
    CHECK_FALSE(cdf.reaches(1.01));
}

TEST_CASE("weights shift the levels, and rows without weight or that failed do not count") {
    const Sample s = of({3, 1, std::numeric_limits<double>::quiet_NaN(), 2, 100});
    const std::vector<double> w{1, 2, 50, 1, 0};
    const KeptRows rows("test", s);
    const WeightedCdf cdf(rows, w, 0);
    CHECK(cdf.quantile(0.5) == 1);
    CHECK(cdf.quantile(0.51) == 2);
    CHECK(cdf.quantile(0.9) == 3);
    CHECK(cdf(2) == doctest::Approx(0.75));
    CHECK_THROWS_WITH_AS(WeightedCdf(rows, std::vector<double>{0, 0, 1, 0, 0}, 0),
                         "test: no row of the sample has weight under this law", std::invalid_argument);
}
