#include <buffon/check.hpp>

#include <doctest/doctest.h>

using namespace buffon;

TEST_CASE("require throws its parts joined when the condition fails, and only then") {
    CHECK_NOTHROW(require(true, "plain: budget must be at least 2, got ", 1));
    CHECK_THROWS_WITH_AS(require(false, "plain: budget must be at least ", 2, ", got ", 1.5),
                         "plain: budget must be at least 2, got 1.5", std::invalid_argument);
}
