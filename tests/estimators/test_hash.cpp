#include <buffon/hash.hpp>

#include <doctest/doctest.h>

#include <string_view>
#include <vector>

using namespace buffon;

TEST_CASE("hash: published values of FNV-1a, 64 bits") {
    const auto of = [](std::string_view text) {
        Hash hash;
        for (const char c : text) hash.add_byte(static_cast<unsigned char>(c));
        return hash.value();
    };
    CHECK(of("") == 0xcbf29ce484222325);
    CHECK(of("a") == 0xaf63dc4c8601ec8c);
    CHECK(of("foobar") == 0x85944171f73967e8);
}

TEST_CASE("hash: the last bit of a number and the ends of lists change it") {
    const auto of = [](const std::vector<std::vector<double>>& lists) {
        Hash hash;
        for (const auto& list : lists) hash.add_exactly(list);
        return hash.value();
    };
    CHECK(of({{1.0, 2.0}}) != of({{1.0, 2.0 + 4.5e-16}}));
    CHECK(of({{1.0}, {2.0}}) != of({{1.0, 2.0}, {}}));
    Hash a, b;
    a.add(1.0);
    b.add(1.0 + 1e-12);   // to single precision
    CHECK(a.value() == b.value());
}
