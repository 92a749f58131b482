#include <buffon/superquantile.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <buffon/importance.hpp>
#include <buffon/plain.hpp>
#include <buffon/quasi.hpp>

using namespace buffon;

namespace {

/// An exponential output: beyond any quantile q the mean is q + 1.
const Problem& exponential() {
    static const Problem problem([](std::span<const double> x) { return x[0]; }, Distribution(Exponential(1)));
    return problem;
}

Run kept(std::int64_t budget, std::uint64_t key) { return {.budget = budget, .rng = key, .threads = 1, .keep = Keep::sample}; }

}  // namespace

TEST_CASE("beyond a quantile an exponential law has its mean more, from any sample") {
    const Sample samples[] = {*plain(exponential(), kept(20'000, 1)).sample, *quasi(exponential(), kept(20'000, 2)).sample,
                              *importance(exponential(), kept(20'000, 3), {.proposal = Distribution(Exponential(0.6))}).sample};
    for (const Sample& s : samples) {
        const Estimate e = superquantile(s, {0.5, 0.9, 0.99});
        const double q[] = {std::log(2.0), std::log(10.0), std::log(100.0)};
        for (std::size_t l = 0; l < 3; ++l) CHECK(std::abs(e.value[l] - q[l] - 1) < 5 * e.std_error()[l]);
        CHECK(e.std_error()[2] < 0.2);
    }
}

TEST_CASE("the lower tail is the upper one of the negative output") {
    const Problem signs([](std::span<const double> x) { return std::vector{x[0], -x[0]}; }, Distribution(Normal()),
                        {"y", "minus"});
    const Sample s = *plain(signs, kept(4'000, 4)).sample;
    const Estimate low = superquantile(s, {0.0501}, {.tail = Tail::lower, .outputs = {"y"}});
    const Estimate high = superquantile(s, {0.9499}, {.outputs = {"minus"}});
    CHECK(low.names == std::vector<std::string>{"E[y | y < q0.0501]"});
    CHECK(low.value[0] == doctest::Approx(-high.value[0]).epsilon(1e-3));   // one order statistic apart
    CHECK(low.std_error()[0] == doctest::Approx(high.std_error()[0]).epsilon(1e-2));
    CHECK(std::abs(low.value[0] + 0.10313564 / 0.05) < 5 * low.std_error()[0]);   // density at the 5 % quantile / 5 %
}

TEST_CASE("the error is that of repeated samples") {
    double sum = 0, squares = 0, reported = 0;
    constexpr int repetitions = 300;
    for (int r = 0; r < repetitions; ++r) {
        const Estimate e = superquantile(*plain(exponential(), kept(2'000, 100 + static_cast<std::uint64_t>(r))).sample, {0.9});
        const double error = e.value[0] - std::log(10.0) - 1;
        sum += error;
        squares += error * error;
        reported += e.covariance(0, 0);
    }
    CHECK(std::abs(reported / squares - 1) < 0.35);   // a variance of 300: 8 % each way, and 5 deviations
    CHECK(std::abs(sum) < 5 * std::sqrt(squares));
}
