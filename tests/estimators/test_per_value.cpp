#include <buffon/per_value.hpp>

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

using namespace buffon;

namespace {

const double nan = std::numeric_limits<double>::quiet_NaN();

/// Independent values a, b, c after two controls.
Estimate three() {
    Estimate e;
    e.value = {1, 2, 3};
    e.names = {"a", "b", "c"};
    e.covariance = Matrix(3, 3);
    e.covariance.data = {0.01, 0, 0, 0, 0.04, 0, 0, 0, 0.09};
    e.n = 100;
    e.rng_key = 1;
    e.diagnostics = {{"pareto_k", std::vector<double>{0.1, 0.8, nan}},
                     {"pareto_k_residual", std::vector<double>{0.3, nan, 0.2}},
                     {"effective_terms", std::vector<double>{50, 7, 1e9}},
                     {"one_row_more", std::vector<double>{0, 5, 1}},
                     {"uncovered", std::vector<double>{0.1, 0.2, 0.3}},
                     {"r_squared", std::vector<double>{0.4, 0.5, 0.6}},
                     {"variance_ratio", std::vector<double>{0.6, 0.5, 0.4}},
                     {"coefficients", std::vector<double>{1, 2, 3, 4, 5, 6}},
                     {"alpha", std::vector<double>{0.2, 0.3, 0.5}},
                     {"picture", std::string("derivatives")},
                     {"replicates", std::int64_t{15}}};
    return e;
}

std::vector<double> numbers(const Estimate& e, const char* name) { return std::get<std::vector<double>>(e.diagnostics.at(name)); }

}  // namespace

TEST_CASE(
    "per value: what is made of values has the worst tail of those that have a part in it, and no share or ratio of "
    "theirs") {
    const auto sum = [](const std::vector<double>& v) { return std::vector{v[0] + v[1], v[2], 4.0}; };
    const Estimate made = three().transform(sum);
    const auto k = numbers(made, "pareto_k"), terms = numbers(made, "effective_terms");
    CHECK(k[0] == 0.8);
    CHECK(std::isnan(k[1]));   // nothing to judge stays so
    CHECK(std::isnan(k[2]));   // a constant has no parts
    CHECK(numbers(made, "pareto_k_residual")[0] == 0.3);
    CHECK(terms[0] == 7);
    CHECK(terms[1] == 1e9);
    CHECK(numbers(made, "one_row_more")[0] == 5);
    for (const char* gone : {"uncovered", "r_squared", "variance_ratio", "coefficients", "picture"}) {
        CAPTURE(gone);
        CHECK_FALSE(made.diagnostics.contains(gone));
    }
    CHECK(numbers(made, "alpha") == std::vector{0.2, 0.3, 0.5});   // of the run, though as many as values
    CHECK(std::get<std::int64_t>(made.diagnostics.at("replicates")) == 15);
}

TEST_CASE("per value: a contrast has one number of each") {
    const Estimate made = three().contrast(0, 1);
    CHECK(numbers(made, "pareto_k") == std::vector{0.8});
    CHECK(numbers(made, "effective_terms") == std::vector{7.0});
    CHECK_FALSE(made.diagnostics.contains("uncovered"));
}

TEST_CASE("per value: values that are left as they were keep what is theirs, coefficients control by control") {
    const Estimate kept = three().without({"b"});
    CHECK(numbers(kept, "pareto_k_residual") == std::vector{0.3, 0.2});
    CHECK(numbers(kept, "uncovered") == std::vector{0.1, 0.3});
    CHECK(numbers(kept, "variance_ratio") == std::vector{0.6, 0.4});
    CHECK(numbers(kept, "coefficients") == std::vector{1.0, 3.0, 4.0, 6.0});
    CHECK(numbers(kept, "alpha").size() == 3);
    CHECK_FALSE(kept.diagnostics.contains("picture"));
}

TEST_CASE("per value: of two runs the worse tail counts, and only what both say alike of the rest") {
    Estimate other = three();
    other.rng_key = 2;
    other.diagnostics["pareto_k"] = std::vector<double>{0.5, 0.6, 0.7};
    other.diagnostics["effective_terms"] = std::vector<double>{40, 70, 1e9};
    other.diagnostics["replicates"] = std::int64_t{8};
    other.diagnostics["stop"] = std::string("budget");
    const Estimate merged = three().merge(other);
    CHECK(numbers(merged, "pareto_k") == std::vector{0.5, 0.8, 0.7});
    CHECK(numbers(merged, "effective_terms") == std::vector{40.0, 7.0, 1e9});
    CHECK(numbers(merged, "alpha") == std::vector{0.2, 0.3, 0.5});
    CHECK(merged.diagnostics.contains("picture"));   // the same picture of the same values
    for (const char* gone : {"replicates", "stop"}) CHECK_FALSE(merged.diagnostics.contains(gone));
}
