#include <buffon/state.hpp>

#include <doctest/doctest.h>

#include <buffon/aiscv.hpp>
#include <buffon/amis.hpp>
#include <buffon/control.hpp>
#include <buffon/importance.hpp>
#include <buffon/laws/normal.hpp>
#include <buffon/plain.hpp>
#include <buffon/quasi.hpp>
#include <buffon/stored.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

Problem product() {
    return Problem([](std::span<const double> x) { return std::vector{x[0] * x[1], x[0]}; },
                   Distribution(Joint({Normal(0, 1), Normal(1, 2)}, {"a", "b"})), {"product", "a"});
}

const Run kept{.budget = 2'000, .rng = 1, .keep = Keep::state};

}  // namespace

TEST_CASE("state: every estimator leaves its word, the names of its problem, the fingerprints of its laws, and tables") {
    const Distribution inputs = product().inputs(), wide = testing::independent(2, Normal(0.5, 2));
    const auto check = [&](const Estimate& e, const char* word, const std::vector<Distribution>& laws = {}) {
        CAPTURE(word);
        REQUIRE(e.state);
        CHECK(e.state->estimator == word);
        CHECK(e.state->inputs == std::vector<std::string>{"a", "b"});
        CHECK(e.state->outputs == std::vector<std::string>{"product", "a"});
        std::vector<std::uint64_t> fingerprints{fingerprint(inputs)};
        for (const Distribution& law : laws) fingerprints.push_back(fingerprint(law));
        CHECK(e.state->laws == fingerprints);
        CHECK(e.state->tables.size() > 1);
        CHECK(e.state->tables.at("discards")(0, 0) == 0);
    };
    check(plain(product(), kept), "plain");
    check(quasi(product(), kept), "quasi");
    check(importance(product(), kept, {.proposal = wide}), "importance", {wide});
    check(aiscv(product(), kept), "aiscv");
    check(aiscv(product(), kept, {.laws = {inputs, wide}}), "aiscv", {inputs, wide});
    check(amis(product(), kept), "amis");
}

TEST_CASE("state: under control it is that of the estimator, with the control's own outputs; without keep there is none") {
    const Controls controls{.values = [](ConstView x) {
        Matrix out(x.rows, 1);
        for (std::int64_t i = 0; i < x.rows; ++i) out(i, 0) = x(i, 0);
        return out;
    }, .means = {0.0}};
    const Estimate e = control(product(), kept, {.controls = controls, .estimator = BaseEstimator(&quasi)});
    REQUIRE(e.state);
    CHECK(e.state->estimator == "control/quasi");
    CHECK(e.state->outputs.size() == 3);
    CHECK_FALSE(plain(product(), {.budget = 2'000, .rng = 1}).state);
    const Estimate discards = plain(product(), {.budget = 2'000, .rng = 1, .on_error = OnError::discard, .keep = Keep::state});
    CHECK(discards.state->tables.at("discards")(0, 0) == 1);
}
