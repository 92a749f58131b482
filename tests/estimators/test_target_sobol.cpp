#include <buffon/target_sobol.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

#include <buffon/aiscv.hpp>
#include <buffon/importance.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/plain.hpp>
#include <buffon/quasi.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

const std::vector<double> a{0.8, 0.5, 0.3316624790355400, 0};   // a . a = 1

/// y = a . x of standard normal x.
Problem linear() {
    return {[](std::span<const double> x) {
                double y = 0;
                for (std::size_t i = 0; i < a.size(); ++i) y += a[i] * x[i];
                return y;
            },
            testing::standard_normal(4)};
}

/// The same with the score that leads samplers to y > t.
Problem scored(double t) {
    return exceedance(linear(), {t});
}

double midpoint(double low, double high, const auto& f) {
    constexpr int n = 20'000;
    double sum = 0;
    for (int i = 0; i < n; ++i) sum += f(low + (high - low) * (i + 0.5) / n);
    return sum * (high - low) / n;
}
double density(double z) { return std::exp(-0.5 * z * z) / std::sqrt(2 * std::acos(-1.0)); }

/// Var(P(y > t | x_i)) / (P (1 - P)) by quadrature.
std::vector<double> target_truth(double t) {
    const double p = normal_cdf(-t);
    std::vector<double> out;
    for (const double c : a) {
        const double square = midpoint(-9, 9, [&](double z) {
            const double q = normal_cdf((c * z - t) / std::sqrt(1 - c * c));
            return density(z) * q * q;
        });
        out.push_back((square - p * p) / (p * (1 - p)));
    }
    return out;
}

/// Var(E[y | x_i, y > t]) / Var(y | y > t): E[y | z, y > t] = c z + s lambda((t - c z) / s), with the inverse Mills ratio lambda.
std::vector<double> conditional_truth(double t) {
    const double p = normal_cdf(-t), mean = density(t) / p, variance = 1 + t * mean - mean * mean;
    std::vector<double> out;
    for (const double c : a) {
        const double s = std::sqrt(1 - c * c);
        const double square = midpoint(-9, 9, [&](double z) {
            const double u = (t - c * z) / s, q = normal_cdf(-u);
            if (q < 1e-300) return 0.0;
            const double m = c * z + s * density(u) / q - mean;
            return density(z) * q / p * m * m;
        });
        out.push_back(square / variance);
    }
    return out;
}

Sample drawn(std::int64_t n, std::uint64_t key) {
    return *plain(linear(), {.budget = n, .rng = key, .threads = 1, .keep = Keep::sample}).sample;
}
/// Rows of y itself from a law that goes to y > 3.
Sample tilted(std::int64_t n, std::uint64_t key) {
    Matrix covariance(4, 4);
    for (std::int64_t i = 0; i < 4; ++i) covariance(i, i) = 1.2;
    std::vector<double> shift;
    for (const double c : a) shift.push_back(3 * c);
    return *importance(linear(), {.budget = n, .rng = key, .threads = 1, .keep = Keep::sample},
                       {.proposal = Distribution(MultivariateNormal(shift, covariance))})
                .sample;
}

struct Coverage {
    double mean = 0, worst = 1, ratio = 0;   // sd of the values / root mean square of the errors, at worst
};
template <class Draw>
Coverage coverage(const Draw& draw, const TargetSobolOptions& options, const std::vector<double>& truth, int runs) {
    std::vector<double> covered(truth.size()), sum(truth.size()), square(truth.size()), claimed(truth.size());
    for (int r = 0; r < runs; ++r) {
        const Estimate e = target_sobol(draw(500 + static_cast<std::uint64_t>(r)), options);
        const auto [low, high] = e.confidence_interval();
        for (std::size_t i = 0; i < truth.size(); ++i) {
            covered[i] += (low[i] <= truth[i] && truth[i] <= high[i]) / static_cast<double>(runs);
            sum[i] += e.value[i] / runs;
            square[i] += e.value[i] * e.value[i] / runs;
            claimed[i] += e.std_error()[i] * e.std_error()[i] / runs;
        }
    }
    Coverage out;
    for (std::size_t i = 0; i < truth.size(); ++i) {
        out.mean += covered[i] / static_cast<double>(truth.size());
        out.worst = std::min(out.worst, covered[i]);
        out.ratio = std::max(out.ratio, std::sqrt((square[i] - sum[i] * sum[i]) / claimed[i]));
        if (runs >= 500)
            MESSAGE("input ", i, ": covered ", covered[i], " bias ", sum[i] - truth[i], " sd ",
                    std::sqrt(square[i] - sum[i] * sum[i]), " claimed ", std::sqrt(claimed[i]), " truth ", truth[i]);
    }
    return out;
}

}  // namespace

TEST_CASE("target sobol: indices of an event that happens often match quadrature, from a plain sample and from a net") {
    const std::vector<double> truth = target_truth(1);
    for (const Sample& s : {drawn(20'000, 3), *quasi(linear(), {.budget = 1 << 14, .rng = 3, .keep = Keep::sample}).sample}) {
        const Estimate e = target_sobol(s, {.above = 1.0});
        CHECK(e.names == std::vector<std::string>{"x1", "x2", "x3", "x4"});
        for (std::size_t i = 0; i < 4; ++i) {
            CHECK(std::abs(e.value[i] - truth[i]) < 4.5 * e.std_error()[i]);
            CHECK(e.std_error()[i] < 0.02);
        }
        CHECK(std::get<double>(e.diagnostics.at("probability")) == doctest::Approx(normal_cdf(-1)).epsilon(0.05));
    }
}

TEST_CASE("target sobol: indices of a rare event match quadrature, from samples of importance and of aiscv") {
    const std::vector<double> truth = target_truth(3.5);   // P = 2.3e-4
    const Estimate e = target_sobol(tilted(20'000, 5), {.above = 3.5});
    for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(e.value[i] - truth[i]) < 4.5 * e.std_error()[i]);
    CHECK(e.std_error()[0] < 0.1 * truth[0]);
    const Estimate adaptive = aiscv(scored(3.5), {.budget = 20'000, .rng = 1, .keep = Keep::sample});
    const Estimate f = target_sobol(*adaptive.sample, {.above = 0.5});
    for (std::size_t i = 0; i < 4; ++i) CHECK(std::abs(f.value[i] - truth[i]) < 4.5 * f.std_error()[i]);
    CHECK(f.std_error()[0] < 0.1 * truth[0]);
}

TEST_CASE("target sobol: conditional indices match quadrature, from plain and weighted rows") {
    const Estimate plainly = target_sobol(drawn(20'000, 3), {.above = 1.0, .kind = TargetKind::conditional});
    const Estimate weighted = target_sobol(tilted(20'000, 5), {.above = 3.5, .kind = TargetKind::conditional});
    for (std::size_t i = 0; i < 4; ++i) {
        CHECK(std::abs(plainly.value[i] - conditional_truth(1)[i]) < 4.5 * plainly.std_error()[i]);
        CHECK(std::abs(weighted.value[i] - conditional_truth(3.5)[i]) < 4.5 * weighted.std_error()[i]);
        CHECK(plainly.std_error()[i] < 0.03);
        CHECK(weighted.std_error()[i] < 0.05);
    }
}

TEST_CASE("target sobol: what cannot be is refused") {
    const Sample s = drawn(1'000, 1);
    CHECK_THROWS_WITH_AS(target_sobol(s, {}), "target_sobol: above or below is needed: the event that is asked of",
                         std::invalid_argument);
    CHECK_THROWS_AS(target_sobol(s, {.above = 3.5}), std::invalid_argument);
    CHECK_THROWS_AS(target_sobol(s, {.above = 1.0, .outputs = {"y"}}), std::invalid_argument);
    CHECK_THROWS_AS(target_sobol(s, {.above = -50.0}), std::invalid_argument);   // certain
}

TEST_CASE("target sobol: intervals cover as often as they say") {
    const auto plainly = [](std::uint64_t key) { return drawn(2'000, key); };
    const auto weighted = [](std::uint64_t key) { return tilted(2'000, key); };
    for (const Coverage& c :
         {coverage(plainly, {.above = 1.0}, target_truth(1), 150),
          coverage(weighted, {.above = 3.5, .doubtful = Doubtful::warn}, target_truth(3.5), 150),
          coverage(plainly, {.above = 0.0, .kind = TargetKind::conditional}, conditional_truth(0), 150),
          coverage(weighted, {.above = 3.5, .kind = TargetKind::conditional, .doubtful = Doubtful::warn},
                   conditional_truth(3.5), 150)}) {
        CHECK(c.mean > 0.9);
        CHECK(c.worst > 0.85);   // 0.95 less 5.6 standard errors
        CHECK(c.ratio < 1.25);   // a standard deviation from 150 runs: 0.06
    }
}

TEST_CASE("target sobol: a dependence that bends away is not smoothed out of the interval of few rows") {
    // y = x2^2 + sqrt(2) x3 wherever x1 > 1, in about 45 of 280 rows: x2 and x3 have a half each
    const Problem bent([](std::span<const double> x) { return std::vector{x[0], x[1] * x[1] + std::sqrt(2.0) * x[2]}; },
                       testing::standard_normal(3));
    double covered = 0;
    for (std::uint64_t key = 0; key < 150; ++key) {
        const Estimate runs = plain(bent, {.budget = 280, .rng = key, .keep = Keep::sample});
        const Estimate e = target_sobol(
            *runs.sample, {.given = "y1", .above = 1.0, .kind = TargetKind::conditional, .outputs = {"y2"}});
        const auto [low, high] = e.confidence_interval();
        covered += (low[1] <= 0.5 && 0.5 <= high[1]) / 150.0;
        CHECK((e.warnings.empty() || std::get<double>(e.diagnostics.at("event_rows")) < 50));
    }
    CHECK(covered > 0.88);   // with five neighbours on either side: about a half
}

TEST_CASE("target sobol: a failed run is one without the event") {
    const Problem whole = linear();
    const Problem failing([](std::span<const double> x) {
        double y = 0;
        for (std::size_t i = 0; i < a.size(); ++i) y += a[i] * x[i];
        return y < 2 ? y : std::nan("");
    }, testing::standard_normal(4));
    const Run run{.budget = 2'000, .rng = 1, .on_error = OnError::discard, .keep = Keep::sample};
    const Estimate e = target_sobol(*plain(failing, run).sample, {.above = 1.0}),
                   same = target_sobol(*plain(whole, run).sample, {.above = 1.0, .below = 2.0});
    CHECK(e.value == same.value);
    CHECK(e.std_error() == same.std_error());
    REQUIRE(e.warnings.size() == same.warnings.size() + 1);
    CHECK(e.warnings.back().find("evaluations of the sample failed: the event is that a run succeeds") != std::string::npos);
    CHECK_THROWS_WITH_AS(target_sobol(*plain(failing, run).sample, {.above = 2.0, .below = 1.0}),
                         "target_sobol: above must be smaller than below, got 2 and 1", std::invalid_argument);
}

TEST_CASE("target sobol: an output that is the event itself is named, with those that may be asked for") {
    const Problem both([](std::span<const double> x) { return std::vector{x[0] + x[1], x[0] + x[1] > 1 ? 1.0 : 0.0}; },
                       testing::standard_normal(2), {"margin", "fails"});
    const Sample sample = *plain(both, {.budget = 1'000, .rng = 1, .keep = Keep::sample}).sample;
    CHECK_THROWS_WITH_AS(target_sobol(sample, {.given = "margin", .above = 1.0, .kind = TargetKind::conditional}),
                         doctest::Contains("ask for others by outputs = ['margin']"), std::invalid_argument);
}

TEST_CASE("target sobol: coverage over 500 samples" * doctest::skip()) {
    const auto plainly = [](std::uint64_t key) { return drawn(2'000, 1'000 + key); };
    const auto weighted = [](std::uint64_t key) { return tilted(2'000, 1'000 + key); };
    for (const auto kind : {TargetKind::target, TargetKind::conditional})
        for (const double t : {1.0, 3.5}) {
            const auto truth = kind == TargetKind::target ? target_truth(t) : conditional_truth(t);
            const TargetSobolOptions options{.above = t, .kind = kind, .doubtful = Doubtful::warn};
            MESSAGE("kind ", static_cast<int>(kind), " t = ", t);
            const Coverage c = t == 1 ? coverage(plainly, options, truth, 500) : coverage(weighted, options, truth, 500);
            CHECK(c.mean > 0.92);
            CHECK(c.worst > 0.88);
        }
}
