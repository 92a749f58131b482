#include <buffon/kept.hpp>

#include <cmath>
#include <vector>

#include <doctest/doctest.h>

#include <buffon/aiscv.hpp>
#include <buffon/importance.hpp>
#include <buffon/moments.hpp>
#include <buffon/plain.hpp>
#include <buffon/quasi.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

const Problem& square() {
    static const Problem problem([](std::span<const double> x) { return x[0] * x[0]; }, testing::standard_normal(2));
    return problem;
}

Run kept(std::int64_t budget) { return {.budget = budget, .rng = 3, .threads = 1, .keep = Keep::sample}; }

/// Largest |mean of a control over replicates (or rows)| in standard errors.
double worst_control(const Sample& s) {
    const std::int64_t first = s.adaptation, rows = s.n() - first;
    const std::int64_t groups = s.replicate.empty() ? rows : s.replicate.back() + 1;
    Matrix means(groups, s.controls.cols);
    for (std::int64_t i = 0; i < rows; ++i) {
        const std::int64_t r = s.replicate.empty() ? i : s.replicate[static_cast<std::size_t>(first + i)];
        for (std::int64_t k = 0; k < means.cols; ++k) means(r, k) += s.controls(i, k);
    }
    const Moments m{ConstView(means)};
    double worst = 0;
    for (std::int64_t k = 0; k < means.cols; ++k) {
        const double se = std::sqrt(m.scatter(k, k) / static_cast<double>(groups - 1) / static_cast<double>(groups));
        if (se > 0) worst = std::max(worst, std::abs(m.mean[static_cast<std::size_t>(k)]) / se);
    }
    return worst;
}

}  // namespace

TEST_CASE("rows of plain Monte Carlo are independent, those of nets know their net") {
    CHECK(plain(square(), kept(100)).sample->replicate.empty());
    const Estimate e = quasi(square(), kept(40'000));
    const Sample& s = *e.sample;
    REQUIRE(s.replicate.size() == static_cast<std::size_t>(s.n()));
    const auto replicates = std::get<std::int64_t>(e.diagnostics.at("replicates"));
    const std::int64_t points = s.n() / replicates;
    std::vector<double> mean(static_cast<std::size_t>(replicates));
    for (std::int64_t i = 0; i < s.n(); ++i)
        mean[static_cast<std::size_t>(s.replicate[static_cast<std::size_t>(i)])] +=
            s.y(i, 0) / static_cast<double>(points);
    const Matrix column = [&] { Matrix c(replicates, 1); c.data = mean; return c; }();
    // the error that the run reported is that of the means by label
    CHECK(std::abs(Moments(column).covariance()(0, 0) / static_cast<double>(replicates) / e.covariance(0, 0) - 1) < 1e-9);
}

TEST_CASE("a sample keeps the law of the inputs") {
    const Estimate e = plain(square(), kept(10));
    REQUIRE(e.sample->law.has_value());
    std::vector<double> again(10);
    e.sample->law->log_density(e.sample->x, again);
    CHECK(again == e.sample->log_density);
}

TEST_CASE("draws outside the support have no row but are counted") {
    const Problem problem([](std::span<const double> x) { return x[0]; }, Distribution(Uniform(0, 1)));
    const Estimate e = importance(problem, kept(5'000), {.proposal = Distribution(Normal(0.5, 0.5))});
    CHECK(e.sample->skipped > 1'000);
    CHECK(e.sample->n() + e.sample->skipped == 5'000);
}

TEST_CASE("aiscv says which rows taught it, and the kept controls have mean 0 after them") {
    for (const Points points : {Points::rqmc, Points::iid})
        for (const Variant variant : {Variant::safe, Variant::published}) {
            AiscvOptions options;
            options.points = points;
            options.variant = variant;
            const Problem problem(
                [](std::span<const double> x) { return std::vector{std::pow(x[0], 8), std::exp(x[1])}; },
                testing::standard_normal(2));
            const Estimate e = aiscv(problem, kept(20'000), options);
            const Sample& s = *e.sample;
            CHECK(s.adaptation == std::get<std::int64_t>(e.diagnostics.at("adaptation_n")));
            CHECK(s.controls.rows == s.n() - s.adaptation);
            CHECK(s.controls.cols == std::get<std::int64_t>(e.diagnostics.at("components")) + (variant == Variant::safe ? 1 : 0));
            CHECK(worst_control(s) < 5);
            const bool nets = points == Points::rqmc && variant == Variant::safe;
            REQUIRE(s.replicate.size() == static_cast<std::size_t>(nets ? s.n() : 0));
            if (!nets) continue;
            CHECK(s.replicate.front() == -1);
            CHECK(s.replicate[static_cast<std::size_t>(s.adaptation)] == 0);
            CHECK(s.replicate.back() + 1 == std::get<std::int64_t>(e.diagnostics.at("replicates")));
        }
}

TEST_CASE("of many components those that are drawn from most are kept") {
    const Run run = kept(100);
    Evaluation evaluate("test", square(), run);
    std::vector<double> alpha(100, 0.001);
    alpha[99] = 0.9;
    KeptControls controls(evaluate, alpha, 2);
    Matrix rows(2, 100);
    for (std::int64_t k = 0; k < 100; ++k) rows(1, k) = static_cast<double>(k);
    controls.add(rows, 0);
    REQUIRE(evaluate.sample().controls.cols == static_cast<std::int64_t>(KeptControls::most));
    CHECK(evaluate.sample().controls(1, 62) == 62.0);
    CHECK(evaluate.sample().controls(1, 63) == 99.0);
}
