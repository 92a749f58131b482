// Failure modes of adaptive importance sampling: in each case the naive way fails, and the remedy at work does not.
#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/aiscv.hpp>
#include <buffon/gaussian_fit.hpp>
#include <buffon/laws/exponential.hpp>
#include <buffon/laws/uniform.hpp>
#include <buffon/linalg.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/stream.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

struct MeanOf {
    double n = 0, sum = 0, squares = 0;
    void add(double x) {
        ++n;
        sum += x;
        squares += x * x;
    }
    double mean() const { return sum / n; }
    double error() const { return std::sqrt((squares / n - mean() * mean()) / n); }
};

}  // namespace

TEST_CASE("failure: a covariance of fewer points than inputs is singular; shrunk, it is a law, and the estimate is right") {
    const std::int64_t d = 30, n = 12;
    Matrix z(n, d), s(d, d);
    Stream{1, 0}.uniform(0, z);
    for (double& v : z.data) v = normal_quantile(v) + 1;
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t a = 0; a < d; ++a)
            for (std::int64_t b = 0; b < d; ++b) s(a, b) += (z(i, a) - 1) * (z(i, b) - 1) / static_cast<double>(n);
    CHECK_THROWS_AS(cholesky(s, "test", "covariance"), std::invalid_argument);   // rank 12 of 30
    const std::vector<double> ones(static_cast<std::size_t>(n), 1.0);
    const auto law = fit_gaussian(z, ones, {});
    REQUIRE(law);
    for (std::int64_t a = 0; a < d; ++a) CHECK(law->factor(a, a) > 0.5);   // no direction has lost its variance

    const auto known = testing::linear_exceedance(d, {3.0});   // a thousandth: the first batches carry few points
    const Estimate e = aiscv(known.problem, {.budget = 10'000, .rng = 2});
    CHECK(std::abs(e.value[0] - known.exact[0]) < 5 * e.std_error()[0]);
    CHECK(e.std_error()[0] < 0.1 * known.exact[0]);
}

TEST_CASE("failure: a Gaussian of the inputs themselves leaves their support; in normal space none does") {
    // E (x1 x2)^8 = 1 / 81, at the corner of the square: half of a Gaussian there lies outside
    const Distribution square = testing::independent(2, Uniform(0, 1));
    const Problem corner([](std::span<const double> x) { return std::pow(x[0] * x[1], 8); }, square);
    const auto squares = [&](Variant variant) {
        double sum = 0;
        for (std::uint64_t key = 0; key < 20; ++key) {
            const Estimate e =
                aiscv(corner, {.budget = 4'000, .rng = key, .threads = 1},
                      {.variant = variant, .laws = {square, square}});   // several laws: the paper fits the inputs
            sum += std::pow(81 * e.value[0] - 1, 2) / 20;
        }
        return sum;
    };
    const double naive = squares(Variant::published), remedy = squares(Variant::safe);
    MESSAGE("mean squared relative errors " << naive << " and " << remedy);
    CHECK(naive > 100 * remedy);
}

TEST_CASE("failure: the probability of a far score rounds to one; scores that do not pass through it keep their value") {
    const Exponential law(1.0);
    const double far = 10, threshold = law.from_normal(far), exact = normal_cdf(-far);
    CHECK(std::abs(threshold + normal_log_cdf(-far)) < 1e-12 * threshold);   // -log P(X > x) = x
    MeanOf naive, remedy;
    for (std::int64_t i = 0; i < 20'000; ++i) {
        const double u = far + normal_quantile(Stream{4, 0}.uniform(i, 0)),
                     weight = std::exp(0.5 * far * far - far * u);   // phi(u) / phi(u - far)
        naive.add(law.quantile(normal_cdf(u)) > threshold ? weight : 0.0);
        remedy.add(law.from_normal(u) > threshold ? weight : 0.0);
    }
    CHECK(std::isinf(law.quantile(normal_cdf(far))));
    CHECK(naive.mean() > 100 * exact);
    CHECK(std::abs(remedy.mean() - exact) < 5 * remedy.error());
}

TEST_CASE("failure: an event at eight standard deviations of two exponential inputs is found in normal space") {
    const double t = 38, exact = (1 + t) * std::exp(-t);   // Gamma law of shape 2: 1.2e-15
    const Problem sum([](std::span<const double> x) { return x[0] + x[1]; }, testing::independent(2, Exponential(1)));
    const Estimate e = aiscv(exceedance(sum, {t}), {.budget = 40'000, .rng = 6});
    MESSAGE("value / exact " << e.value[0] / exact << " +- " << e.std_error()[0] / exact);
    CHECK(std::abs(e.value[0] - exact) < 5 * e.std_error()[0]);
    CHECK(e.std_error()[0] < 0.2 * exact);
}
