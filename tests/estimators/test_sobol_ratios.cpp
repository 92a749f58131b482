#include <buffon/sobol_ratios.hpp>

#include <cmath>
#include <numeric>

#include <doctest/doctest.h>

#include <buffon/stream.hpp>

using namespace buffon;

namespace {

constexpr std::int64_t rows = 4096, replicates = 64, groups = 2;

/// f = x1 + 2 x2 + x1 x2 + 5 of uniform x on (-1, 1), at a pick-freeze design of independent points: V_1 = 1/3, V_2 =
/// 4/3, V_12 = 1/9.
std::vector<PairSums> sums_of_bilinear(bool both_ways, bool third = false) {
    std::vector<PairSums> out;
    const auto f = [](double x1, double x2) { return x1 + 2 * x2 + x1 * x2 + 5; };
    for (std::int64_t r = 0; r < replicates; ++r) {
        SegmentValues v{rows, both_ways ? 6 : 4, 1, std::vector<double>(static_cast<std::size_t>(6 * rows)), {}};
        for (std::int64_t i = 0; i < rows; ++i) {
            double x[6];
            for (std::int64_t c = 0; c < 6; ++c) x[c] = 2 * Stream{3, static_cast<std::uint32_t>(r)}.uniform(i, c) - 1;
            const double *a = x, *b = x + 2, *c = third ? x + 4 : b;
            const double y[6] = {f(a[0], a[1]), f(b[0], b[1]), f(c[0], a[1]), f(a[0], c[1]), f(a[0], b[1]), f(b[0], a[1])};
            for (std::int64_t k = 0; k < v.sets; ++k) v.column(k, 0)[i] = y[k];
        }
        out.push_back(pair_sums(v, 0, 4.9, groups));
    }
    return out;
}

constexpr double variance = 1.0 / 3 + 4.0 / 3 + 1.0 / 9;
constexpr double exact[5] = {(1.0 / 3) / variance, (4.0 / 3) / variance, (4.0 / 9) / variance, (13.0 / 9) / variance,
                             (1.0 / 9) / variance};

double std_error(const Ratio& ratio) {
    const auto e = ratio.errors();
    return std::sqrt(std::inner_product(e.begin(), e.end(), e.begin(), 0.0) / (replicates * (replicates - 1.0)));
}

}  // namespace

TEST_CASE("sobol_ratios: every method finds first, total and second order of a bilinear function") {
    for (const auto method : {SobolMethod::combined, SobolMethod::saltelli, SobolMethod::jansen, SobolMethod::janon,
                              SobolMethod::martinez, SobolMethod::owen})
        for (const bool both_ways : {false, true}) {
            const bool third = method == SobolMethod::owen;
            if (third && !both_ways) continue;
            CAPTURE(static_cast<int>(method));
            CAPTURE(both_ways);
            const auto found = ratios(method, sums_of_bilinear(both_ways, third), both_ways && !third);
            CHECK(found.size() == (both_ways && !third ? 5 : 4));
            for (std::size_t k = 0; k < found.size(); ++k) {
                CAPTURE(k);
                CHECK(std::abs(found[k].value() - exact[k]) < 4.5 * std_error(found[k]));   // about 1e-3 each
                CHECK(std_error(found[k]) < 0.01);
            }
        }
}

TEST_CASE("sobol_ratios: errors are those of the ratio to first order, with mean 0") {
    const Ratio ratio{{1.0, 1.2, 0.9, 1.1}, {2.0, 2.2, 2.1, 1.9}};
    CHECK(ratio.value() == doctest::Approx(4.2 / 8.2));
    const auto e = ratio.errors();
    CHECK(std::accumulate(e.begin(), e.end(), 0.0) == doctest::Approx(0).epsilon(1e-14));
    const double h = 1e-6;   // the derivative by the numerator of replicate 1 alone, and by its denominator
    Ratio moved = ratio;
    moved.numerator[1] += h * (ratio.numerator[1]);
    moved.denominator[1] += h * (ratio.denominator[1]);
    CHECK((moved.value() - ratio.value()) / h == doctest::Approx(e[1] / 4).epsilon(1e-4));
}

TEST_CASE("sobol_ratios: weights have least variance on the simplex") {
    // errors of equal size without correlation share the weight; one that only adds noise to another gets none
    const Ratio a{{1, -1, 1, -1}, {1, 1, 1, 1}}, b{{1, 1, -1, -1}, {1, 1, 1, 1}}, worse{{2, 0, 1, -3}, {1, 1, 1, 1}};
    const Combination two = combine({a, b});
    CHECK(two.weights[0] == doctest::Approx(0.5));
    CHECK(two.errors[0] == doctest::Approx(std::sqrt(3.0 / 2 * 2 / 1)));   // 1, and one chosen weight of four replicates
    const Combination three = combine({a, b, worse});
    CHECK(three.weights[2] == 0);
    CHECK(three.weights[0] == doctest::Approx(0.5));
    CHECK(combine({worse}).weights == std::vector<double>{1.0});
}

TEST_CASE("sobol_ratios: a candidate without any variance is taken alone") {
    const Ratio noisy{{1, 3, 2, 2}, {4, 4, 4, 4}}, certain{{2, 2, 2, 2}, {4, 4, 4, 4}};
    const Combination c = combine({noisy, certain});
    CHECK(c.weights == std::vector<double>{0, 1});
    CHECK(c.value == 0.5);
    CHECK(c.errors == std::vector<double>(4, 0.0));
}

TEST_CASE("sobol_ratios: outputs together are a ratio of sums, or the mean of their indices with the mean of their errors") {
    const Ratio a{{1.0, 1.2, 0.9, 1.1}, {2.0, 2.2, 2.1, 1.9}}, b{{10, 30, 20, 20}, {40, 40, 50, 30}};
    const Ratio sums = together({{a}, {b}}, false).front(), means = together({{a}, {b}}, true).front();
    CHECK(sums.value() == doctest::Approx(84.2 / 168.2));
    CHECK(sums.numerator[1] == 31.2);
    CHECK(means.value() == doctest::Approx(0.5 * (a.value() + b.value())));
    for (std::size_t r = 0; r < 4; ++r) CHECK(means.errors()[r] == doctest::Approx(0.5 * (a.errors()[r] + b.errors()[r])));
    CHECK(together({{a, b}, {b, a}}, false).size() == 2);
}
