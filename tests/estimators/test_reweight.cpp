#include <buffon/reweight.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/aiscv.hpp>
#include <buffon/importance.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/plain.hpp>
#include <buffon/quasi.hpp>

using namespace buffon;

namespace {

/// y, y^2 and 1{y > 2} of y = (x1 + x2) / sqrt 2, standard normal.
const Problem& line() {
    static const Problem problem(
        [](std::span<const double> x) {
            const double y = (x[0] + x[1]) / std::sqrt(2.0);
            return std::vector{y, y * y, y > 2 ? 1.0 : 0.0};
        },
        Distribution(Joint({Normal(), Normal()})), {"y", "square", "P"});
    return problem;
}

Distribution shifted(double mean = 0.3, double sd = 1.1) { return Joint({Normal(mean, 1), Normal(0, sd)}); }

std::vector<double> truth(double mean = 0.3, double sd = 1.1) {
    const double mu = mean / std::sqrt(2.0), v = (1 + sd * sd) / 2;
    return {mu, v + mu * mu, normal_cdf((mu - 2) / std::sqrt(v))};
}

Run kept(std::int64_t budget, std::uint64_t key) { return {.budget = budget, .rng = key, .threads = 1, .keep = Keep::sample}; }

Sample sample_by(int estimator, std::uint64_t key, std::int64_t budget = 8'000) {
    const Run run = kept(budget, key);
    if (estimator == 0) return *plain(line(), run).sample;
    if (estimator == 1) return *quasi(line(), run).sample;
    if (estimator == 2)
        return *importance(line(), run, {.proposal = Distribution(Joint({Normal(0.5, 1.3), Normal(0.5, 1.3)}))}).sample;
    return *aiscv(line(), run).sample;
}

}  // namespace

TEST_CASE("the sample of every estimator gives the means under another law") {
    for (int estimator = 0; estimator < 4; ++estimator) {
        CAPTURE(estimator);
        const Sample s = sample_by(estimator, 11);
        for (const bool normalised : {false, true}) {
            const Estimate e = reweight(s, shifted(), {.normalised = normalised});
            CHECK(e.names == std::vector<std::string>{"y", "square", "P"});
            CHECK(e.n == s.n());
            for (std::size_t j = 0; j < 3; ++j) CHECK(std::abs(e.value[j] - truth()[j]) < 5 * e.std_error()[j]);
        }
    }
}

TEST_CASE("the law that was sampled gives back the run's own estimate") {
    const Estimate run = plain(line(), kept(5'000, 12));
    const Estimate e = reweight(*run.sample, line().inputs());
    for (std::size_t j = 0; j < 3; ++j) {
        CHECK(e.value[j] == doctest::Approx(run.value[j]).epsilon(1e-12));
        CHECK(e.std_error()[j] == doctest::Approx(run.std_error()[j]).epsilon(1e-9));
    }
}

TEST_CASE("controls that the sample kept reduce the error") {
    const Problem moments([](std::span<const double> x) { return std::pow(x[0], 8); }, Distribution(Normal()));
    AiscvOptions independent;   // nets leave less to the controls
    independent.points = Points::iid;
    const Sample s = *aiscv(moments, kept(8'000, 13), independent).sample;
    REQUIRE(s.controls.cols > 1);
    const Distribution wider{Normal(0, 1.02)};
    const double with = reweight(s, wider).std_error()[0], without = reweight(s, wider, {.controls = false}).std_error()[0];
    CHECK(with < 0.9 * without);   // by a fourth
    CHECK(std::abs(reweight(s, wider).value[0] - 105 * std::pow(1.02, 8)) < 5 * with);
}

TEST_CASE("means are unbiased and their intervals honest over 300 samples") {
    for (const int estimator : {0, 3}) {
        CAPTURE(estimator);
        double sum = 0, squares = 0;
        constexpr int repetitions = 300;
        for (int r = 0; r < repetitions; ++r) {
            const Estimate e = reweight(sample_by(estimator, 5'000 + static_cast<std::uint64_t>(r), 2'000), shifted());
            const double z = (e.value[0] - truth()[0]) / e.std_error()[0];
            sum += z;
            squares += z * z;
        }
        CHECK(std::abs(sum / std::sqrt(squares)) < 4);
        // nets: Student with some 15 degrees of freedom has variance 1.15; half a row more in the errors of a thin
        // sample leaves less
        CHECK(squares / repetitions < (estimator == 0 ? 1.4 : 1.55));
        CHECK(squares / repetitions > (estimator == 0 ? 0.6 : 0.15));
    }
}

TEST_CASE("several laws come law by law with the covariance that their common rows leave") {
    const Sample s = sample_by(0, 14);
    const std::vector<Distribution> laws{shifted(0.3), shifted(0.31)};
    const Estimate e = reweight(s, std::nullopt, {.laws = laws, .outputs = {"y"}});
    CHECK(e.names == std::vector<std::string>{"law 1: y", "law 2: y"});
    const Estimate difference = e.contrast(1, 0);
    CHECK(difference.std_error()[0] < 0.1 * e.std_error()[0]);
    CHECK(std::abs(difference.value[0] - 0.01 / std::sqrt(2.0)) < 5 * difference.std_error()[0]);
    CHECK_THROWS_WITH_AS(reweight(s, shifted(), {.laws = laws}), "reweight: either law or laws must be given",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(reweight(s, std::nullopt), "reweight: either law or laws must be given", std::invalid_argument);
    CHECK_THROWS_WITH_AS(reweight(s, Distribution(Normal())), "reweight: law must have 2 inputs, got 1", std::invalid_argument);
}

TEST_CASE("a law far from the sample is refused, or flagged where the user insists") {
    const Sample s = sample_by(0, 15, 1'000);
    const Distribution far = Joint({Normal(8, 1), Normal(0, 1)});
    CHECK_THROWS_AS(reweight(s, far), std::invalid_argument);
    const Estimate e = reweight(s, far, {.doubtful = Doubtful::warn});
    CHECK(std::get<std::vector<double>>(e.diagnostics.at("effective_size"))[0] < 10);
    CHECK_FALSE(e.warnings.empty());
    const Distribution apart = Joint({Normal(1.8, 1), Normal(0, 1)});
    CHECK_FALSE(reweight(s, apart).warnings.empty());
    CHECK_THROWS_AS(reweight(s, apart, {.doubtful = Doubtful::raise}), std::invalid_argument);
    CHECK(reweight(s, shifted(0.1, 1.0), {.doubtful = Doubtful::raise}).warnings.empty());
}

TEST_CASE("mass that the sample does not cover is noticed") {
    const Problem problem([](std::span<const double> x) { return x[0]; }, Distribution(Uniform(0, 1)));
    const Sample s = *plain(problem, kept(5'000, 16)).sample;
    const Estimate e = reweight(s, Distribution(Uniform(0, 2)));
    CHECK(std::get<std::vector<double>>(e.diagnostics.at("mean_weight"))[0] == doctest::Approx(0.5));
    REQUIRE(e.warnings.size() == 2);
    CHECK(e.warnings[0].starts_with("the mean weight is 0.5 +- 0, not 1"));
    CHECK(e.warnings[1] == "this law has mass where the sample's has none: 'x1' outside [0, 1]");
    CHECK(reweight(s, Distribution(Uniform(0.2, 0.9))).warnings.empty());
}

TEST_CASE("draws outside the support count, and failures make the means conditional") {
    const Problem problem([](std::span<const double> x) { return x[0] > 0.8 ? std::numeric_limits<double>::quiet_NaN() : x[0]; },
                          Distribution(Uniform(0, 1)));
    Run run = kept(20'000, 17);
    run.on_error = OnError::discard;
    const Sample s = *importance(problem, run, {.proposal = Distribution(Normal(0.5, 0.5))}).sample;
    REQUIRE(s.skipped > 0);
    const Estimate e = reweight(s, Distribution(Beta(2, 1)));
    const double given = (0.512 / 1.5) / 0.64;   // E[x; x < 0.8] / P(x < 0.8) of the density 2 x
    CHECK(std::abs(e.value[0] - given) < 5 * e.std_error()[0]);
    CHECK(e.n_failed > 0);
    CHECK(e.warnings.back().ends_with("the values are conditional on success"));
}
