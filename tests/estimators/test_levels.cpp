#include <buffon/levels.hpp>

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>

using namespace buffon;

namespace {

constexpr std::size_t n = 4'000;

/// s_i = x_i - beta at the quantiles x of the normal law, each once.
std::vector<double> scores(double beta) {
    std::vector<double> s(n);
    for (std::size_t i = 0; i < n; ++i) s[i] = normal_quantile((static_cast<double>(i) + 0.5) / static_cast<double>(n)) - beta;
    return s;
}

double variation(const std::vector<double>& p) {
    double sum = 0, squares = 0;
    for (const double v : p) {
        sum += v;
        squares += v * v;
    }
    return std::sqrt(static_cast<double>(p.size()) * squares / (sum * sum) - 1);
}

const std::vector<double> ones(n, 1.0);

}  // namespace

TEST_CASE("levels: the smooth indicator's weights have the variation asked for") {
    for (const double wanted : {0.8, 1.5, 3.0}) {
        const EventLevel level = smooth_level(ones, scores(4), no_width, wanted);
        CHECK(!level.reached);
        CHECK(variation(level.weights) == doctest::Approx(wanted).epsilon(1e-3));
    }
}

TEST_CASE("levels: widths only shrink, and the next is no wider than the last") {
    const EventLevel first = smooth_level(ones, scores(4), no_width, 1.5);
    const EventLevel next = smooth_level(ones, scores(4), 0.5 * first.at, 0.5);
    CHECK(next.at <= 0.5 * first.at);
}

TEST_CASE("levels: an event that half of the points hit has been reached, a rare one has not") {
    // before the first level Phi = 1/2: the variation of an indicator is sqrt((1 - p) / p), 1.5 at p = 0.31
    CHECK(smooth_level(ones, scores(normal_quantile(1 - 0.33)), no_width, 1.5).reached);
    CHECK(!smooth_level(ones, scores(normal_quantile(1 - 0.29)), no_width, 1.5).reached);
    const EventLevel reached = smooth_level(ones, scores(0), no_width, 1.5);
    CHECK(std::ranges::count(reached.weights, 1.0) == n / 2);
}

TEST_CASE("levels: a quantile's points count, and 0 is the last threshold") {
    const EventLevel level = quantile_level(ones, scores(4), no_threshold, 0.1);
    CHECK(std::ranges::count(level.weights, 1.0) == n / 10);
    CHECK(level.at == doctest::Approx(normal_quantile(0.9) - 4).epsilon(1e-2));
    CHECK(!level.reached);
    const EventLevel last = quantile_level(ones, scores(0.5), level.at, 0.1);
    CHECK(last.at == 0);
    CHECK(last.reached);
}

TEST_CASE("levels: a score that does not vary leads nowhere, and one that failed does not count") {
    const EventLevel level = smooth_level(ones, std::vector<double>(n, -1.0), no_width, 1.5);
    CHECK(std::ranges::all_of(level.weights, [](double v) { return v == 0; }));
    CHECK(!level.reached);
    std::vector<double> s = scores(4);
    s[n - 1] = std::numeric_limits<double>::lowest();
    CHECK(smooth_level(ones, s, no_width, 1.5).weights[n - 1] == 0);
    CHECK(quantile_level(ones, s, no_threshold, 0.1).weights[n - 1] == 0);
}
