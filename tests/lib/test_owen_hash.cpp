#include <buffon/owen_hash.hpp>

#include <buffon/stream.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <vector>

using namespace buffon;

namespace {

using Keys = std::array<std::uint64_t, owen_keys>;

Keys random_keys(std::uint32_t id) {
    Keys keys;
    for (int k = 0; k < owen_keys; ++k) keys[static_cast<std::size_t>(k)] = Stream{31, id}.word(0, k) << (k % 2);
    return keys;
}

std::uint64_t hash(std::uint64_t word, const Keys& keys) { return owen_hash(word, keys.data(), 1); }

/// Digit j of the word is kept (0) or flipped (1).
int flip(std::uint64_t word, int j, const Keys& keys) { return static_cast<int>((hash(word, keys) ^ word) >> j & 1); }

}  // namespace

TEST_CASE("reversed_bits: bit j becomes bit 63 - j") {
    for (int j = 0; j < 64; ++j) CHECK(reversed_bits(std::uint64_t{1} << j) == std::uint64_t{1} << (63 - j));
    CHECK(reversed_bits(0x00000000000000B1u) == 0x8D00000000000000u);
}

TEST_CASE("owen_hash: digit j changes with the digits before it only") {
    for (std::uint32_t id = 0; id < 200; ++id) {
        const Keys keys = random_keys(id);
        const std::uint64_t word = Stream{32, id}.word(0, 0);
        for (int j = 0; j < 64; ++j) {
            const std::uint64_t same = ~(~std::uint64_t{0} << j);   // digits 0 ... j - 1
            const std::uint64_t other = (word & same) | (Stream{32, id}.word(j, 1) & ~same);
            CHECK(((hash(word, keys) ^ hash(other, keys)) & same) == 0);
            CHECK(flip(word, j, keys) == flip(other, j, keys));   // so digits that differ still do: it can be undone
        }
    }
}

TEST_CASE("owen_hash: all words of a few digits map to different words of these digits") {
    for (std::uint32_t id = 0; id < 50; ++id) {
        std::set<std::uint64_t> images;
        for (std::uint64_t word = 0; word < 1024; ++word) images.insert(hash(word, random_keys(id)) & 1023);
        CHECK(images.size() == 1024);
    }
}

TEST_CASE("owen_hash: flips behind two different prefixes are independent, short ones and long ones") {
    constexpr std::uint32_t scrambles = 10'000;
    std::vector<Keys> keys_of;
    for (std::uint32_t id = 0; id < scrambles; ++id) keys_of.push_back(random_keys(id));
    double worst = 0, squares = 0;
    int pairs = 0;
    const auto check = [&](std::uint64_t a, std::uint64_t b, int j) {
        double sum = 0;
        for (std::uint32_t id = 0; id < scrambles; ++id) {
            const Keys& keys = keys_of[id];
            sum += flip(a, j, keys) == flip(b, j, keys) ? 1 : -1;
        }
        const double z = sum / std::sqrt(scrambles);
        worst = std::max(worst, std::abs(z));
        squares += z * z;
        ++pairs;
    };
    for (int j = 1; j <= 3; ++j)
        for (std::uint64_t a = 0; a < std::uint64_t{1} << j; ++a)
            for (std::uint64_t b = 0; b < a; ++b) check(a, b, j);
    for (std::int64_t i = 0; i < 60; ++i) {
        const int j = 4 + static_cast<int>(Stream{33, 0}.word(i, 0) % 44);
        const std::uint64_t a = Stream{33, 0}.word(i, 1) & ~(~std::uint64_t{0} << j);
        check(a, a ^ (std::uint64_t{1} << (i % j)), j);
        check(a, a ^ (std::uint64_t{1} << (j - 1)), j);
        check(a, 0, j);
    }
    CHECK(worst < 5.0);   // of about 200: one false alarm in 9,000
    CHECK(std::abs(squares / pairs - 1.0) < 5.0 * std::sqrt(2.0 / pairs));
}

TEST_CASE("owen_hash: every digit of a word is unbiased, and independent of the next") {
    constexpr std::uint32_t scrambles = 10'000;
    for (const std::uint64_t word : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0xDEADBEEF12345678}}) {
        std::array<int, 64> ones{}, equal{};
        for (std::uint32_t id = 0; id < scrambles; ++id) {
            const std::uint64_t h = hash(word, random_keys(id));
            for (int j = 0; j < 64; ++j) {
                ones[static_cast<std::size_t>(j)] += static_cast<int>(h >> j & 1);
                equal[static_cast<std::size_t>(j)] += static_cast<int>((h >> j ^ h >> ((j + 1) % 64)) & 1);
            }
        }
        for (std::size_t j = 0; j < 64; ++j) {
            CHECK(std::abs(ones[j] - scrambles / 2.0) < 5.0 * std::sqrt(scrambles) / 2);
            CHECK(std::abs(equal[j] - scrambles / 2.0) < 5.0 * std::sqrt(scrambles) / 2);
        }
    }
}
