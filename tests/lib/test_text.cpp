#include <buffon/text.hpp>

#include <doctest/doctest.h>

#include <cstdint>
#include <limits>

using namespace buffon;

TEST_CASE("with_commas: groups of three from the right, whatever the sign") {
    CHECK(with_commas(0) == "0");
    CHECK(with_commas(999) == "999");
    CHECK(with_commas(1'000) == "1,000");
    CHECK(with_commas(20'000) == "20,000");
    CHECK(with_commas(123'456) == "123,456");
    CHECK(with_commas(1'234'567) == "1,234,567");
    CHECK(with_commas(-12) == "-12");
    CHECK(with_commas(-123) == "-123");
    CHECK(with_commas(-1'234) == "-1,234");
    CHECK(with_commas(std::numeric_limits<std::int64_t>::max()) == "9,223,372,036,854,775,807");
    CHECK(with_commas(std::numeric_limits<std::int64_t>::min()) == "-9,223,372,036,854,775,808");
}

TEST_CASE("nearest: one wrong, missing, additional or exchanged letter finds the word") {
    const std::vector<std::string> known{"budget", "batch", "threads", "rng"};
    CHECK(nearest("budgte", known) == "budget");
    CHECK(nearest("buget", known) == "budget");
    CHECK(nearest("budgets", known) == "budget");
    CHECK(nearest("patch", known) == "batch");
    CHECK(nearest("threads", known) == "threads");
    CHECK(nearest("rgn", known) == "");   // an exchange is two edits: more than half of three letters
    CHECK(nearest("thread_count", known) == "threads");
    CHECK(nearest("n", {"m"}) == "m");    // one edit is always near
}

TEST_CASE("nearest: a word more than half of whose letters are wrong has no neighbour") {
    CHECK(nearest("colour", {"budget", "batch"}) == "");
    CHECK(nearest("abcd", {"abxy"}) == "abxy");   // two of four
    CHECK(nearest("abcd", {"axyz"}) == "");       // three of four
    CHECK(nearest("word", {}) == "");
}

TEST_CASE("suggestion: the neighbour, or else everything that is known") {
    CHECK(suggestion("treads", {"threads", "rng"}) == "; did you mean 'threads'?");
    CHECK(suggestion("colour", {"threads", "rng"}) == "; known are threads, rng");
}
