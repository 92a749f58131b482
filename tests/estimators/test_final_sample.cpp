#include <buffon/final_sample.hpp>

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include <buffon/regression.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

Gaussian gaussian(std::vector<double> mean, double sd = 1.0) {
    const auto d = static_cast<std::int64_t>(mean.size());
    Gaussian g{std::move(mean), Matrix(d, d)};
    for (std::int64_t j = 0; j < d; ++j) g.factor(j, j) = sd;
    return g;
}

AiscvOptions with_points(Points points) {
    AiscvOptions options;
    options.points = points;
    return options;
}

Estimate final_estimate(const Problem& problem, const Proposal& proposal, Points points, std::int64_t budget, std::uint64_t key) {
    const Run run{.budget = budget, .rng = key, .threads = 1};
    Evaluation evaluate("test", problem, run);
    const WorkingSpace space = WorkingSpace::normal(problem.inputs());
    const AiscvOptions options = with_points(points);
    return FinalSample(evaluate, space, proposal, options, budget).run({""});
}

constexpr Points both[] = {Points::rqmc, Points::iid};

/// exp(x) and x^4 of a standard normal x: 1.6487... and 3.
const Problem& curved() {
    static const Problem problem([](std::span<const double> x) { return std::vector{std::exp(x[0]), std::pow(x[0], 4)}; },
                                 testing::standard_normal(1));
    return problem;
}
const double curved_truth[] = {std::exp(0.5), 3.0};

Proposal three_components() { return Proposal(true, {gaussian({1.2}, 1.3), gaussian({-1.5}, 1.2)}, {0.3, 0.4, 0.3}); }

}  // namespace

TEST_CASE("with the ideal Gaussian as a component the estimate is exact, though q_0 is sampled too") {
    const std::vector<double> a{0.7, -1.1, 0.4};
    const auto known = testing::zero_variance(a);
    const double truth = std::exp(0.5 * (0.49 + 1.21 + 0.16));
    for (const Points points : both)
        for (const double share : {0.1, 0.5}) {
            const Estimate e = final_estimate(known.problem, Proposal(true, {gaussian(a)}, {share, 1 - share}), points, 2000, 5);
            // weights are exponentials of a few tens: 1e-14 each, some more through the regression
            CHECK(std::abs(e.value[0] / truth - 1) < 1e-10);
            // of independent points the variance is a difference of moments: 1e-16 of them stays, 1e-8 of an error of 0.01
            CHECK_FALSE(e.std_error()[0] > 1e-9 * truth);
        }
}

// Known to fail with independent points; the mark goes when the variance is kept from falling below 0.
TEST_CASE("a variance that cancels to rounding is never negative") {
    const auto known = testing::zero_variance({1.0});
    int negative = 0;
    for (const Points points : both)
        for (std::uint64_t key = 1; key <= 50; ++key)
            negative += !(final_estimate(known.problem, Proposal(true, {gaussian({1.0})}, {0.1, 0.9}), points, 500, key)
                              .covariance(0, 0) >= 0);
    CHECK(negative == 0);
}

TEST_CASE("the ideal Gaussian as a control alone, never sampled, makes the estimate exact as well") {
    const std::vector<double> a{0.3, -0.2};
    for (const Points points : both) {
        const Estimate e = final_estimate(testing::zero_variance(a).problem, Proposal::initial({gaussian(a)}), points, 2000, 6);
        CHECK(std::abs(e.value[0] / std::exp(0.065) - 1) < 1e-10);   // as above
    }
}

TEST_CASE("controls under q_0 that would spoil nets are left out: errors are those of q_0 without controls") {
    const Problem smooth([](std::span<const double> x) { return std::vector{std::cos(3 * (x[0] + x[1] + x[2]))}; },
                         Joint({Uniform(0, 1), Uniform(0, 1), Uniform(0, 1)}));
    const Proposal controlled = Proposal::initial({gaussian({0.8, 0.8, 0.8}, 0.3), gaussian({-0.5, 0.0, 0.5}, 0.3)});
    double with = 0, without = 0;
    for (std::uint64_t key = 1; key <= 20; ++key) {
        with += std::pow(final_estimate(smooth, controlled, Points::rqmc, 16384, key).std_error()[0], 2);
        without += std::pow(final_estimate(smooth, Proposal::initial(), Points::rqmc, 16384, key).std_error()[0], 2);
    }
    CAPTURE(with / without);
    CHECK(with < 1.1 * without);
}

TEST_CASE("nets spend R replicates of a power of two within what is left; independent points spend all of it") {
    for (const std::int64_t left : {40, 1000, 1999}) {
        const Run run{.budget = 2000, .rng = 1, .threads = 1};
        for (const Points points : both) {
            Evaluation evaluate("test", curved(), run);
            const WorkingSpace space = WorkingSpace::normal(curved().inputs());
            const AiscvOptions options = with_points(points);
            const Proposal proposal = three_components();
            const Estimate e = FinalSample(evaluate, space, proposal, options, left).run({""});
            CHECK(e.n == evaluate.n());
            if (points == Points::iid) {
                CHECK(e.n == left);
                continue;
            }
            const auto net = std::get<std::int64_t>(e.diagnostics.at("points"));
            CHECK((net & (net - 1)) == 0);
            CHECK(e.n == left / net * net);
            CHECK(e.degrees_of_freedom == static_cast<double>(left / net - 1));
            CHECK(left / net >= 8);   // half of the 16 replicates asked for, where a net is kept large
        }
        CHECK(std::get<std::int64_t>(
                  final_estimate(curved(), three_components(), Points::rqmc, left, 1).diagnostics.at("components")) ==
              2);
    }
}

TEST_CASE("the control check stays below 5 standard errors with right densities") {
    for (std::uint64_t key = 1; key <= 20; ++key) {
        const Estimate e = final_estimate(curved(), three_components(), Points::rqmc, 4000, key);
        const double check = std::get<double>(e.diagnostics.at("control_check"));
        CHECK(check > 0);
        CHECK(check < 5);   // Student with 15 to 30 degrees of freedom, three controls, 20 keys: below 1 % in all
    }
}

TEST_CASE("control means are within 5 standard errors of 0 with right densities, beyond 8 with a component off by 0.3") {
    const Run run{.budget = 16'000, .rng = 9};
    Evaluation evaluate("test", curved(), run);
    const WorkingSpace space = WorkingSpace::normal(curved().inputs());
    const PointSet points = PointSet::independent(16'000, {9, 0});
    Batch batch = draw_batch(evaluate, space, three_components(), points, 0, 16'000);
    const auto worst = [&] {
        const Matrix x = controls(batch.ratio);
        double z = 0;
        for (std::int64_t k = 0; k < x.cols; ++k) {
            double sum = 0, squares = 0;
            for (std::int64_t i = 0; i < x.rows; ++i) sum += x(i, k), squares += x(i, k) * x(i, k);
            z = std::max(z, std::abs(sum) / std::sqrt(squares));
        }
        return z;
    };
    CHECK(worst() < 5);
    const Proposal wrong(true, {gaussian({1.5}, 1.3), gaussian({-1.5}, 1.2)}, {0.3, 0.4, 0.3});
    wrong.log_components(batch.z, batch.log_initial, batch.ratio);
    batch.log_q = wrong.normalise(batch.ratio);
    CHECK(worst() > 8);   // the error of a control mean is a few hundredths of the shift it should show
}

TEST_CASE("cross-fitted estimates are unbiased at tiny samples, where coefficients of the same points bias") {
    constexpr std::int64_t budget = 32;
    const Proposal proposal = Proposal::initial({gaussian({1}, 0.7), gaussian({-1}, 0.7), gaussian({2}, 0.7)});
    const WorkingSpace space = WorkingSpace::normal(curved().inputs());
    const auto z_of = [&](std::uint64_t keys, const auto& value) {   // of the mean over keys, for exp(x)
        double sum = 0, squares = 0;
        for (std::uint64_t key = 1; key <= keys; ++key) {
            const double gap = value(key) - curved_truth[0];
            sum += gap, squares += gap * gap;
        }
        return sum / std::sqrt(squares);
    };
    const double own = z_of(2000, [&](std::uint64_t key) {   // the same regression, used on its own points
        const Run run{.budget = budget, .rng = key, .threads = 1};
        Evaluation evaluate("test", curved(), run);
        const Batch batch = draw_batch(evaluate, space, proposal, PointSet::independent(budget, {key, 77}), 0, budget);
        const Matrix t = summands(batch), x = controls(batch.ratio);
        CrossProducts sums(x.cols, t.cols);
        sums.add(x, t);
        const Matrix b = regress(sums);
        double total = sums.t[0];
        for (std::int64_t k = 0; k < x.cols; ++k) total -= sums.x[static_cast<std::size_t>(k)] * b(k, 0);
        return total / static_cast<double>(budget);
    });
    CHECK(std::abs(own) > 8);   // the test has the power to see it
    for (const Points points : both) {
        // coefficients from so few points make for heavy tails: thousands of keys before their mean is normal
        const double z = z_of(
            8000, [&](std::uint64_t key) { return final_estimate(curved(), proposal, points, budget, key).value[0]; });
        CHECK(std::abs(z) < 5);
    }
}

TEST_CASE("the covariance is the covariance: squared errors and their product, over 1000 keys") {
    constexpr int keys = 1000;
    for (const Points points : both) {
        double error[3] = {}, claimed[3] = {};
        for (int key = 1; key <= keys; ++key) {
            const Estimate e = final_estimate(curved(), three_components(), points, 2048, static_cast<std::uint64_t>(key));
            const double g0 = e.value[0] - curved_truth[0], g1 = e.value[1] - curved_truth[1];
            error[0] += g0 * g0, error[1] += g1 * g1, error[2] += (g0 + g1) * (g0 + g1);
            claimed[0] += e.covariance(0, 0), claimed[1] += e.covariance(1, 1);
            claimed[2] += e.covariance(0, 0) + e.covariance(1, 1) + 2 * e.covariance(0, 1);
        }
        for (int j = 0; j < 3; ++j) {
            CAPTURE(j);
            // 1000 squares of normal errors: 1 +- 0.045; 25 % leaves room for heavier tails
            CHECK(error[j] / claimed[j] > 0.75);
            CHECK(error[j] / claimed[j] < 1.25);
        }
    }
}

TEST_CASE("an output that is 0 in the whole sample is said so, by name") {
    const Problem problem([](std::span<const double> x) { return std::vector{x[0], x[0] > 30 ? 1.0 : 0.0}; },
                          testing::standard_normal(1), {"seen", "unseen"});
    for (const Points points : both) {
        const Estimate e = final_estimate(problem, three_components(), points, 500, 2);
        int seen = 0, unseen = 0;
        for (const auto& w : e.warnings) {
            seen += w.find("'seen' was 0") != std::string::npos;
            unseen += w.find("'unseen' was 0") != std::string::npos;
        }
        CHECK(seen == 0);
        CHECK(unseen == 1);
    }
}
