#include <buffon/differences.hpp>

#include <doctest/doctest.h>

using namespace buffon;

TEST_CASE("differences: each has its word, in its order") {
    CHECK(EnumNames<Differences>::names[static_cast<std::size_t>(Differences::forward)] == "forward");
    CHECK(EnumNames<Differences>::names[static_cast<std::size_t>(Differences::central)] == "central");
}
