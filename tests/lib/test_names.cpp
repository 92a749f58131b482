#include <buffon/names.hpp>

#include <doctest/doctest.h>

using namespace buffon;

TEST_CASE("coordinates are named x1, x2, ... unless the user names them") {
    CHECK(checked_names("Joint", {}, 3) == std::vector<std::string>{"x1", "x2", "x3"});
    CHECK(checked_names("Joint", {"b", "a"}, 2) == std::vector<std::string>{"b", "a"});
}

TEST_CASE("a wrong number of names and a repeated name are refused with who, what and how many") {
    CHECK_THROWS_WITH_AS(checked_names("Joint", {"a"}, 2), "Joint: names must have one entry per coordinate, 2, got 1",
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(checked_names("Joint", {"a", "b", "a"}, 3), "Joint: names must differ, got \"a\" twice",
                         std::invalid_argument);
}
