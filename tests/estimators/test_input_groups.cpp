#include <buffon/input_groups.hpp>

#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/testing.hpp>

using namespace buffon;

namespace {

const Distribution inputs = Joint({Normal(), Uniform(), Normal(), Normal()}, {"a", "b", "c", "d"},
                                  std::vector<CopulaGroup>{{GaussianCopula([] {
                                                                Matrix r(3, 3);
                                                                r(0, 0) = r(1, 1) = r(2, 2) = 1;
                                                                r(0, 2) = r(2, 0) = 0.5;
                                                                return r;
                                                            }()),
                                                            {0, 1, 3}}});

}  // namespace

TEST_CASE("input_groups: coordinates that are correlated belong together, and only they") {
    CHECK(dependent_blocks(inputs) == std::vector<std::int64_t>{0, 1, 2, 0});
    CHECK(dependent_blocks(testing::standard_normal(3)) == std::vector<std::int64_t>{0, 1, 2});
    Matrix scale(2, 2);
    scale(0, 0) = scale(1, 1) = 1;
    CHECK(dependent_blocks(MultivariateNormal({0, 0}, scale)) == std::vector<std::int64_t>{0, 1});
    CHECK(dependent_blocks(MultivariateT({0, 0}, scale, 3)) ==
          std::vector<std::int64_t>{0, 0});   // uncorrelated is not independent
}

TEST_CASE("input_groups: given groups come first, others stay alone") {
    const Groups groups = groups_of("test", inputs, {{"load", {"d", "a"}}});
    CHECK(groups.names == std::vector<std::string>{"load", "b", "c"});
    CHECK(groups.coordinates[0] == std::vector<std::int64_t>{0, 3});
    CHECK(groups.of == std::vector<std::int64_t>{0, 1, 2, 0});
}

TEST_CASE("input_groups: what cannot be is named") {
    const auto refused = [](const std::vector<InputGroup>& groups, const char* message) {
        CHECK_THROWS_WITH_AS(groups_of("test", inputs, groups), doctest::Contains(message), std::invalid_argument);
    };
    refused({}, "test: inputs 'a' and 'd' may depend on each other");
    refused({{"load", {"a", "e"}}}, "test: no input 'e' for group 'load'");
    refused({{"load", {"a", "d"}}, {"other", {"d"}}}, "test: input 'd' must be in one group only");
    refused({{"load", {}}}, "test: group 'load' must have at least one input");
    refused({{"b", {"a", "d"}}}, "test: there are two groups 'b'");
}
