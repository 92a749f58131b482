#include <buffon/text.hpp>

#include <buffon/counted.hpp>

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

TEST_CASE("counted: one thing is not things") {
    CHECK(counted(1, "row") == "1 row");
    CHECK(counted(0, "row") == "0 rows");
    CHECK(counted(20'000, "evaluation") == "20,000 evaluations");
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
    CHECK(nearest("W", {"F", "w"}) == "w");
    CHECK(nearest("FORCE", {"forte", "force", "Force"}) == "Force");   // of those that differ in capitals the nearest as written
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
    CHECK(suggestion("colour", std::vector<std::string>(600, "y")).ends_with(", y and 580 more"));
}

TEST_CASE("keyword_suggestion: what other libraries call a keyword, where there is such a one") {
    CHECK(keyword_suggestion("seed", {"keep", "rng"}) == "; did you mean 'rng'?");
    CHECK(keyword_suggestion("N_samples", {"budget", "rng"}) == "; did you mean 'budget'?");
    CHECK(keyword_suggestion("size", {"rng", "n"}) == "; did you mean 'n'?");
    CHECK(keyword_suggestion("seed", {"keep"}) == "; did you mean 'keep'?");
    CHECK(keyword_suggestion("treads", {"threads", "rng"}) == "; did you mean 'threads'?");
}

TEST_CASE("as_a_share: a percentage is told from what can be none") {
    CHECK(as_a_share(95) == ": for 95 percent write 0.95");
    CHECK(as_a_share(0) == "");
    CHECK(as_a_share(1) == "");
    CHECK(as_a_share(101) == "");
}
