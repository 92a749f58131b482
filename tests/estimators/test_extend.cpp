#include <buffon/extend.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numbers>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/aiscv.hpp>
#include <buffon/amis.hpp>
#include <buffon/errors.hpp>
#include <buffon/importance.hpp>
#include <buffon/laws/normal.hpp>
#include <buffon/plain.hpp>
#include <buffon/quasi.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

Problem exponential(std::atomic<std::int64_t>* calls = nullptr) {
    return Problem([calls](std::span<const double> x) {
        if (calls != nullptr) ++*calls;
        return std::vector{std::exp(x[0] + 0.5 * x[1]), x[0] * x[0]};
    }, testing::standard_normal(2), {"exp", "square"});
}
const std::vector<double> exact{std::exp(0.625), 1.0};

Distribution wide() { return testing::independent(2, Normal(0.3, 1.3)); }

Estimate begin(const std::string& word, const Problem& problem, Run run) {
    run.keep = run.keep == Keep::sample ? Keep::sample : Keep::state;
    if (word == "plain") return plain(problem, run);
    if (word == "quasi") return quasi(problem, run);
    if (word == "importance") return importance(problem, run, {.proposal = wide()});
    if (word == "aiscv") return aiscv(problem, run);
    if (word == "aiscv iid") return aiscv(problem, run, {.points = Points::iid});
    if (word == "amis iid") return amis(problem, run, {.points = Points::iid});
    if (word == "amis final") return amis(problem, run, {.use = Use::final});
    return amis(problem, run);
}
ExtendOptions again(const std::string& word) {
    ExtendOptions options;
    if (word == "importance") options.proposal = wide();
    return options;
}
const std::vector<std::string> words{"plain", "quasi", "importance", "aiscv", "aiscv iid", "amis", "amis iid", "amis final"};

void check_equal(const Estimate& a, const Estimate& b) {
    CHECK(a.value == b.value);
    CHECK(a.covariance.data == b.covariance.data);
    CHECK(a.excess_kurtosis == b.excess_kurtosis);
    CHECK(a.degrees_of_freedom == b.degrees_of_freedom);
    CHECK(a.n == b.n);
    CHECK(a.n_failed == b.n_failed);
    CHECK(a.warnings == b.warnings);
    CHECK(std::get<std::vector<double>>(a.diagnostics.at("pareto_k")) ==
          std::get<std::vector<double>>(b.diagnostics.at("pareto_k")));
}

std::string complaint(const Estimate& e, const Problem& problem, const Run& run, const ExtendOptions& options = {}) {
    try {
        (void)extend(e, problem, run, options);
    } catch (const std::invalid_argument& error) {
        return error.what();
    }
    return "no complaint";
}

}  // namespace

TEST_CASE("extend: n is exact, no point is evaluated again, and extending in two steps is extending at once") {
    for (const std::string& word : words) {
        CAPTURE(word);
        std::atomic<std::int64_t> calls = 0;
        const Problem problem = exponential(&calls);
        const Estimate e = begin(word, problem, {.budget = 4'000, .rng = 9, .keep = Keep::sample});
        CHECK(calls == e.n);
        const Estimate two = extend(e, problem, {.budget = 8'000}, again(word));
        CHECK(calls == two.n);
        CHECK(two.n <= 8'000);
        CHECK(two.n > 7'000);
        REQUIRE(two.sample);
        CHECK(two.sample->n() == two.n);
        std::vector<double> x;
        for (std::int64_t i = 0; i < two.n; ++i) x.push_back(two.sample->x(i, 0));
        std::ranges::sort(x);
        CHECK(std::ranges::adjacent_find(x) == x.end());
        const Estimate four = extend(two, problem, {.budget = 16'000}, again(word));
        CHECK(calls == four.n);
        CHECK(four.std_error()[0] < e.std_error()[0]);
        CHECK(std::abs(four.value[0] - exact[0]) < 6 * four.std_error()[0]);
        CHECK(four.rng_key == 9);
    }
}

TEST_CASE("extend: the estimate stays unbiased and its interval covers") {
    for (const std::string& word : words) {
        CAPTURE(word);
        const Problem problem = exponential();
        constexpr int keys = 200;
        double covered = 0, error = 0, squares = 0, variance = 0;
        for (std::uint64_t key = 1; key <= keys; ++key) {
            const Estimate e = extend(begin(word, problem, {.budget = 1'000, .rng = key, .threads = 1}), problem,
                                      {.budget = 2'000, .threads = 1}, again(word));
            const auto [low, high] = e.confidence_interval();
            covered += (low[0] <= exact[0] && exact[0] <= high[0]) / static_cast<double>(keys);
            const double off = e.value[0] - exact[0];
            error += off;
            squares += off * off;
            variance += e.covariance(0, 0);
        }
        CHECK(covered > 0.885);   // 0.95 with a standard error of 0.0155
        CHECK(std::abs(error) < 4.5 * std::sqrt(squares));
        CHECK(squares / variance > 0.6);
        CHECK(squares / variance < 1.6);
    }
}

TEST_CASE("extend: several laws go on when they are given again, and are refused when they are others") {
    const Problem problem = exponential();
    const std::vector<Distribution> laws{testing::independent(2, Normal(0, 1)), testing::independent(2, Normal(0.5, 1))};
    const std::vector<Distribution> others{testing::independent(2, Normal(0, 1)), testing::independent(2, Normal(0.6, 1))};
    const Estimate e = aiscv(problem, {.budget = 4'000, .rng = 1, .keep = Keep::state}, {.laws = laws});
    const Estimate more = extend(e, problem, {.budget = 8'000}, {.laws = laws});
    REQUIRE(more.size() == 4);
    CHECK(more.names == e.names);
    CHECK(std::abs(more.value[3] - 1.25) < 5 * more.std_error()[3]);
    CHECK(complaint(e, problem, {.budget = 8'000}) == "extend: laws must be given again, 2 as in the run, got 0");
    CHECK(complaint(e, problem, {.budget = 8'000}, {.laws = others}) ==
          "extend: laws[1] must be that of the run, got another one");
}

TEST_CASE("extend: under control the controls correct the longer run") {
    const Problem problem = exponential();
    Controls controls{.values = [](ConstView x) {
        Matrix out(x.rows, 1);
        for (std::int64_t i = 0; i < x.rows; ++i) out(i, 0) = x(i, 0);
        return out;
    }, .means = {0.0}};
    for (const bool nets : {false, true}) {
        const BaseEstimator base = nets ? BaseEstimator(&quasi) : BaseEstimator(&plain);
        const Estimate e = control(problem, {.budget = 4'000, .rng = 2, .keep = Keep::state},
                                   {.controls = controls, .estimator = base});
        const Estimate more = extend(e, problem, {.budget = 16'000}, {.controls = controls});
        CHECK(more.n > 15'000);
        CHECK(more.names == e.names);
        CHECK(std::abs(more.value[0] - exact[0]) < 5 * more.std_error()[0]);
        const BaseEstimator larger =
            nets ? BaseEstimator(&quasi, {.replicates = 124}) : base;   // nets of 128 points, as in the run
        check_equal(more, control(problem, {.budget = 16'000, .rng = 2}, {.controls = controls, .estimator = larger}));
        CHECK(extend(more, problem, {.budget = 20'000}, {.controls = controls}).n > 18'000);
        CHECK(complaint(e, problem, {.budget = 16'000}) ==
              "extend: controls are needed: functions of the inputs with known means");
    }
}

TEST_CASE("extend: discarded failures go on being counted") {
    const Problem problem([](std::span<const double> x) {
        if (x[0] > 1) throw std::runtime_error("no");
        return x[0];
    }, testing::standard_normal(1));
    const Estimate once = plain(problem, {.budget = 6'000, .rng = 1, .on_error = OnError::discard});
    const Estimate first = plain(problem, {.budget = 2'500, .rng = 1, .on_error = OnError::discard, .keep = Keep::state});
    check_equal(extend(first, problem, {.budget = 6'000}), once);
}

TEST_CASE("extend: what cannot be is refused before the model is called") {
    std::atomic<std::int64_t> calls = 0;
    const Problem problem = exponential(&calls);
    const Estimate e = plain(problem, {.budget = 100, .rng = 1, .keep = Keep::state}),
                   bare = plain(problem, {.budget = 100, .rng = 1});
    calls = 0;
    CHECK(complaint(bare, problem, {.budget = 200}).starts_with("extend: estimate must have a state"));
    CHECK(complaint(e, problem, {.budget = 100}) == "extend: budget must be larger than the 100 evaluations spent, got 100");
    CHECK(complaint(e, problem, {.budget = 200, .rng = 2}) == "extend: rng must be that of the run, 1, or none, got 2");
    CHECK(complaint(e, problem, {.budget = 200, .on_error = OnError::discard}) ==
          "extend: on_error must be 'raise' as in the run, got 'discard'");
    const auto square = [](std::span<const double> x) { return std::vector{x[0], x[0]}; };
    CHECK(complaint(e, Problem(square, testing::standard_normal(3), {"exp", "square"}), {.budget = 200})
              .starts_with("extend: problem must have the inputs of the run"));
    CHECK(complaint(e, Problem(square, testing::standard_normal(2), {"exp", "cube"}), {.budget = 200}) ==
          "extend: problem must have the outputs of the run, (exp, square), got (exp, cube)");
    CHECK(complaint(e, Problem(square, testing::independent(2, Normal(0, 1.1)), {"exp", "square"}), {.budget = 200}) ==
          "extend: problem must have the input law of the run, got another one");
    CHECK(calls == 0);
    const Problem three([](std::span<const double> x) { return std::vector{x[0], x[0], x[0]}; }, testing::standard_normal(2));
    const Estimate nets = quasi(exponential(), {.budget = 16 * 256, .rng = 3, .keep = Keep::state});
    CHECK(complaint(nets, problem, {.budget = 16 * 256 + 255}) ==
          "extend: budget must be at least 4352, one net of 256 points more, got 4351");
    CHECK(complaint(e, three, {.budget = 200}) == "extend: the model must give the outputs of the run, 2, got 3");
    CHECK(complaint(e, Problem(square, testing::standard_normal(2)), {.budget = 200}) ==
          "extend: the model must give the outputs of the run: output 0 must be 'exp', got 'y1'");
    CHECK(complaint(e.contrast(0, 1), problem, {.budget = 200}).starts_with("extend: estimate must have a state"));
}
