#include <buffon/finish.hpp>

#include <algorithm>
#include <cmath>

#include <doctest/doctest.h>

#include <buffon/testing.hpp>

using namespace buffon;

namespace {

/// x and x^2, NaN for x < 0.
std::vector<double> half(std::span<const double> x) {
    return {x[0] < 0 ? std::nan("") : x[0], x[0] * x[0]};
}

const Problem problem(half, testing::standard_normal(1), {"a", "b"});

Matrix column(std::vector<double> x) {
    Matrix out(static_cast<std::int64_t>(x.size()), 1);
    out.data = std::move(x);
    return out;
}

const Matrix good = column({1, 2, 4, 0.5, 3});
const Matrix mixed = column({1, -1, 2, 4, -3, 0.5, 3, -2});   // the good ones and three failures

}  // namespace

TEST_CASE("finish: the mean of rows has their sample covariance divided by their number") {
    const Run run{.budget = 5, .rng = 3};
    Evaluation evaluate("test", problem, run);
    const Outputs out = evaluate(good);
    const Estimate e = finish_mean(evaluate, Moments(out.y));
    CHECK(e.value[0] == doctest::Approx(2.1).epsilon(1e-15));
    CHECK(e.value[1] == doctest::Approx(6.05).epsilon(1e-15));
    CHECK(e.covariance(0, 0) == doctest::Approx(8.2 / 4 / 5).epsilon(1e-14));              // 30.25 - 5 x 2.1^2
    CHECK(e.covariance(0, 1) == doctest::Approx((100.125 - 5 * 2.1 * 6.05) / 20).epsilon(1e-14));   // sum x^3 - ...
    CHECK(e.names == std::vector<std::string>{"a", "b"});
    CHECK(e.n == 5);
    CHECK(e.rng_key == 3);
    CHECK(std::isinf(e.degrees_of_freedom));
    CHECK(e.warnings.empty());
    CHECK_FALSE(e.sample.has_value());
}

TEST_CASE("finish: with failures the value is the mean over successes, with the variance of a ratio") {
    const Run run{.budget = 8, .rng = 3, .on_error = OnError::discard};
    Evaluation evaluate("test", problem, run);
    const Outputs out = evaluate(mixed);
    const Estimate e = finish_mean(evaluate, Moments(out.y));
    REQUIRE(e.size() == 2);
    CHECK(e.value[0] == doctest::Approx(2.1).epsilon(1e-14));
    CHECK(e.value[1] == doctest::Approx(6.05).epsilon(1e-14));
    // variance of a ratio: sum over successes of (y - R)(y - R)' n / ((n - 1) successes^2); differences: error of order (step)^2
    const double scale = 8.0 / (7 * 25);
    CHECK(e.covariance(0, 0) == doctest::Approx(8.2 * scale).epsilon(1e-4));
    CHECK(e.covariance(0, 1) == doctest::Approx((100.125 - 5 * 2.1 * 6.05) * scale).epsilon(1e-4));
    CHECK(e.n == 8);
    CHECK(e.n_failed == 3);
    REQUIRE(e.warnings.size() == 1);
    CHECK(e.warnings[0] == "3 of 8 evaluations failed: the values are conditional on success");
}

TEST_CASE("finish: without a failure, discard gives the numbers of raise") {
    const Run run{.budget = 5, .rng = 3, .on_error = OnError::discard};
    Evaluation evaluate("test", problem, run);
    const Outputs out = evaluate(good);
    const Estimate e = finish_mean(evaluate, Moments(out.y));
    CHECK(e.value[0] == doctest::Approx(2.1).epsilon(1e-15));
    CHECK(e.covariance(0, 0) == doctest::Approx(8.2 / 20).epsilon(1e-9));   // the identity by central differences
    CHECK(e.warnings.empty());
}

TEST_CASE("finish: a run in which everything failed is refused") {
    // a batch model: the point model of one failing batch would not say how many outputs there are
    const Problem hopeless(Model([](ConstView x) { return Outputs{Matrix(x.rows, 1, std::nan("")), {}}; }),
                           testing::standard_normal(1));
    const Run run{.budget = 8, .rng = 3, .on_error = OnError::discard};
    Evaluation evaluate("test", hopeless, run);
    const Outputs out = evaluate(mixed);
    CHECK_THROWS_WITH_AS((void)finish_mean(evaluate, Moments(out.y)),
                         "test: every one of the 8 model evaluations failed", std::invalid_argument);
}

TEST_CASE("finish: each group is named and is divided by its own probability of success") {
    const Run run{.budget = 8, .rng = 3, .on_error = OnError::discard};
    Evaluation evaluate("test", problem, run);
    (void)evaluate(mixed);
    Matrix covariance(6, 6);
    for (int j = 0; j < 6; ++j) covariance(j, j) = 1e-6;
    const Estimate e = finish(evaluate, {1, 2, 0.5, 3, 4, 0.25}, covariance, 7, {"one", "two"});
    CHECK(e.names == std::vector<std::string>{"one: a", "one: b", "two: a", "two: b"});
    CHECK(e.value == std::vector<double>{2, 4, 12, 16});
    CHECK(e.degrees_of_freedom == 7);
    // J = (1/p, -y/p^2): within a group the probability is shared, between groups nothing is
    CHECK(e.covariance(0, 0) == doctest::Approx(1e-6 * (4 + 16)).epsilon(1e-6));
    CHECK(e.covariance(0, 1) == doctest::Approx(1e-6 * (4 * 8)).epsilon(1e-6));
    CHECK(e.covariance(0, 2) == 0);
    CHECK(e.covariance(3, 3) == doctest::Approx(1e-6 * (16 + 64.0 * 64.0)).epsilon(1e-6));
}

TEST_CASE("finish: replicates give Student intervals with one degree of freedom less than replicates") {
    const Run run{.budget = 5, .rng = 3, .keep = Keep::sample};
    Evaluation evaluate("test", problem, run);
    (void)evaluate(good, [](std::span<double> log_q) { std::ranges::fill(log_q, 0.0); });
    Matrix replicates(4, 2);
    replicates.data = {1, 5, 2, 5, 3, 5, 6, 5};
    const Estimate e = finish_replicates(evaluate, replicates);
    CHECK(e.value == std::vector<double>{3, 5});
    CHECK(e.covariance(0, 0) == doctest::Approx(14.0 / 3 / 4).epsilon(1e-15));
    CHECK(e.degrees_of_freedom == 3);
    // deviations -2 -1 0 3, second moment 3.5, fourth 24.5: G2 = 3 / 2 (5 (2 - 3) + 6), over 4 replicates
    CHECK(e.excess_kurtosis == std::vector{3.0 / 8, 0.0});
    CHECK(std::get<std::int64_t>(e.diagnostics.at("replicates")) == 4);
    REQUIRE(e.warnings.size() == 1);   // 'b' never varied
    CHECK(e.warnings[0].find("'b' was the same in every evaluation") == 0);
    REQUIRE(e.sample.has_value());
    CHECK(e.sample->n() == 5);
}

TEST_CASE("finish: squares that overflow or vanish are told from outputs that never varied") {
    const Run run{.budget = 5, .rng = 3};
    Evaluation evaluate("test", problem, run);
    (void)evaluate(good, [](std::span<double> log_q) { std::ranges::fill(log_q, 0.0); });
    Matrix replicates(4, 2);
    replicates.data = {1e-200, 1e200, 2e-200, 2e200, 3e-200, -3e200, 6e-200, 6e200};
    const Estimate e = finish_replicates(evaluate, replicates);
    CHECK(e.std_error()[0] == 0);
    CHECK(std::isinf(e.std_error()[1]));
    REQUIRE(e.warnings.size() == 2);
    CHECK(e.warnings[0] == "'a': the squares of its values underflow, so its error says nothing: give the output in other units, or "
                           "its logarithm");
    CHECK(e.warnings[1].starts_with("'b': the squares of its values overflow, so its error says nothing"));
    replicates.data = {1e-130, 1e100, 2e-130, 2e100, 3e-130, -3e100, 6e-130, 6e100};
    CHECK(finish_replicates(evaluate, replicates).warnings.empty());
}

TEST_CASE("finish: chunks are whole blocks of 4096 rows, at least sixteen, and hold a batch with less than two blocks to spare") {
    for (const std::int64_t batch : {1, 7777, 65'536, 65'537, 100'000, 999'999}) {
        CAPTURE(batch);
        const std::int64_t rows = chunk_rows(Run{.budget = 1 << 20, .batch = batch});
        CHECK(rows % 4096 == 0);
        CHECK(rows >= std::max<std::int64_t>(batch, 65'536));
        CHECK(rows < std::max<std::int64_t>(batch + 2 * 4096, 65'537));
    }
}

TEST_CASE("finish: what stops a run carries the partial estimate, or none where a covariance cannot be had") {
    const Run run{.budget = 5, .rng = 3};
    Evaluation evaluate("test", problem, run);
    const auto stopped = [&](auto partial) {
        try {
            (void)with_partial(evaluate, []() -> Estimate { throw ModelError("stop", 4, {1.0}); }, partial);
        } catch (const ModelError& error) {
            CHECK(error.index == 4);
            return error.partial;
        }
        FAIL("the error was swallowed");
        return std::shared_ptr<const Estimate>();
    };
    const auto partial = stopped([] { Estimate e; e.n = 11; return e; });
    REQUIRE(partial != nullptr);
    CHECK(partial->n == 11);
    CHECK(stopped([]() -> Estimate { throw std::invalid_argument("too few"); }) == nullptr);
}

TEST_CASE("finish: progress sees the estimate so far, and at the end the final one") {
    std::vector<std::int64_t> seen;
    const Run run{.budget = 5, .rng = 3, .progress = [&](std::int64_t n, std::int64_t, const Partial& partial) {
                      const auto e = partial();
                      seen.insert(seen.end(), {n, e ? e->n : -1});
                  }};
    Evaluation evaluate("test", problem, run);
    Moments total;
    const auto body = [&] {
        for (std::int64_t i = 0; i < good.rows; ++i) total.merge(Moments(evaluate(good.view().slice(i, 1)).y));
        Estimate e = finish_mean(evaluate, total);
        e.n = 55;   // to be told from a partial one
        return e;
    };
    const Estimate e = with_partial(evaluate, body, [&] { return finish_mean(evaluate, total); });
    CHECK(seen == std::vector<std::int64_t>{1, -1, 2, 2, 3, 3, 4, 4, 5, 55});   // one row has no covariance
    CHECK(e.n == 55);
}
