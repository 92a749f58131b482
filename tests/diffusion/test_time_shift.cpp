#include <buffon/diffusion/time_shift.hpp>

#include <doctest/doctest.h>

#include <vector>

using namespace buffon::diffusion;

TEST_CASE("time_shift: the variance of a sample is unbiased, of either precision, far from 0") {
    const std::vector<double> x{1e6 + 1, 1e6 + 2, 1e6 + 6};
    CHECK(unbiased_variance(x.data(), 3) == doctest::Approx(7.0).epsilon(1e-12));
    const std::vector<float> y{1, 2, 6};
    CHECK(unbiased_variance(y.data(), 3) == doctest::Approx(7.0).epsilon(1e-12));
}

TEST_CASE("time_shift: the nearest variance is chosen; of equals that nearest to the node, then the lower; infinite ones never") {
    const auto node = [](std::vector<double> variances) {
        ShiftNode out;
        for (const double v : variances) out.labels.push_back({.variance = v});
        return out;
    };
    CHECK(node({0.1, 0.2, 0.3, 0.4, 0.5}).choose(0.42) == 3);
    CHECK(node({0.1, 0.2, 0.3, 0.4, 0.5}).choose(-1) == 0);
    CHECK(node({0.1, 0.2, 0.3, 0.4, HUGE_VAL}).choose(9) == 3);
    CHECK(node({2, 2, 2, 2, 2}).choose(1) == 2);
    CHECK(node({2, 2, 3, 2, 2}).choose(1) == 1);
}
