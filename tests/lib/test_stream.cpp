#include <buffon/stream.hpp>

#include <buffon/normal_functions.hpp>

#include <cuda/std/random>
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "test_paths.hpp"

using namespace buffon;

namespace {

struct Known {
    std::array<std::uint32_t, 4> counter;
    std::array<std::uint32_t, 2> key;
    std::array<std::uint32_t, 4> output;
};

std::vector<Known> known_answers() {
    std::ifstream file(BUFFON_TEST_DATA "/philox.txt");
    std::vector<Known> all;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#')) continue;
        std::istringstream words(line);
        Known known;
        for (auto& w : known.counter) words >> std::hex >> w;
        for (auto& w : known.key) words >> std::hex >> w;
        for (auto& w : known.output) words >> std::hex >> w;
        REQUIRE(words);
        all.push_back(known);
    }
    return all;
}

constexpr int n_numbers = 1 << 18;

/// z score of the correlation of two sequences of uniforms, under independence.
double correlation_z(const std::function<double(int)>& a, const std::function<double(int)>& b) {
    double sum = 0.0;
    for (int i = 0; i < n_numbers; ++i) sum += (a(i) - 0.5) * (b(i) - 0.5);
    return sum * 12.0 / std::sqrt(n_numbers);
}

}  // namespace

TEST_CASE("philox: published vectors are met") {
    const auto all = known_answers();
    CHECK(all.size() == 3);
    for (const Known& known : all) CHECK(philox(known.counter, known.key) == known.output);
}

TEST_CASE("philox: equals the engine of libcu++ on random counters") {
    const Stream numbers{17, 3};
    for (int i = 0; i < 1000; ++i) {
        const auto counter = numbers.bits(i, 0);
        const std::uint32_t seed = numbers.bits(i, 1)[0];
        cuda::std::philox4x32 engine(seed);                                    // key (seed, 0)
        engine.set_counter({counter[3], counter[2], counter[1], counter[0]});  // most significant word first
        for (const auto word : philox(counter, {seed, 0})) CHECK(word == engine());
    }
}

TEST_CASE("Stream: the counter is (index low, index high, block, id), the key low word first") {
    const Stream stream{0x299f31d0a4093822, 0x03707344};
    const std::int64_t index = -0x7a5cf72cdbc09578;   // any bit pattern is an index
    const auto i = static_cast<std::uint64_t>(index);
    CHECK(stream.bits(index, 0x13198a2e) ==
          philox({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(i >> 32), 0x13198a2e, 0x03707344},
                 {0xa4093822, 0x299f31d0}));
    CHECK(stream.word(5, 2) == (std::uint64_t{stream.bits(5, 1)[1]} << 32 | stream.bits(5, 1)[0]));
    CHECK(stream.word(5, 3) == (std::uint64_t{stream.bits(5, 1)[3]} << 32 | stream.bits(5, 1)[2]));
}

TEST_CASE("to_unit: the smallest and the largest word lie inside (0, 1), symmetric about 1/2") {
    CHECK(to_unit(0) > 0.0);
    CHECK(to_unit(~std::uint64_t{0}) < 1.0);
    for (int bit = 0; bit < 64; ++bit) {
        const std::uint64_t word = std::uint64_t{1} << bit;
        CHECK(to_unit(~word) == 1.0 - to_unit(word));
        CHECK(to_unit(word - 1) <= to_unit(word));
    }
}

TEST_CASE("Stream: a slice equals the pointwise numbers, for odd and even widths") {
    const Stream stream{42, 7};
    for (const std::int64_t cols : {1, 2, 3, 5, 8, 17, 40, 2001}) {
        Matrix slice(33, cols);
        const std::int64_t first = (std::int64_t{1} << 32) - 11;   // crosses the low word of the index
        stream.uniform(first, slice);
        for (std::int64_t i = 0; i < slice.rows; ++i)
            for (std::int64_t j = 0; j < cols; ++j) CHECK(slice(i, j) == stream.uniform(first + i, j));
    }
}

TEST_CASE("Stream: normal numbers are the quantiles of the uniform ones, whatever the slice") {
    const Stream stream{42, 8};
    for (const std::int64_t cols : {1, 3, 16, 3000}) {
        Matrix z(150, cols), part(10, cols);
        stream.normal(5, z);
        for (std::int64_t i = 0; i < z.rows; ++i)
            for (std::int64_t j = 0; j < cols; ++j) REQUIRE(z(i, j) == normal_quantile(stream.uniform(5 + i, j)));
        stream.normal(105, part);
        for (std::int64_t j = 0; j < cols; ++j) CHECK(part(9, j) == z(109, j));
    }
}

TEST_CASE("Stream: uniforms have the mean and variance of the uniform law") {
    const Stream stream{2024, 1};
    double sum = 0.0, squares = 0.0;
    for (int i = 0; i < n_numbers; ++i) {
        const double centred = stream.uniform(i / 4, i % 4) - 0.5;
        REQUIRE(std::abs(centred) < 0.5);
        sum += centred;
        squares += centred * centred;
    }
    // 5 standard errors: one false alarm in 1.7 million; (u - 1/2)^2 has variance 1/180
    CHECK(std::abs(sum / std::sqrt(n_numbers / 12.0)) < 5.0);
    CHECK(std::abs((squares - n_numbers / 12.0) / std::sqrt(n_numbers / 180.0)) < 5.0);
}

TEST_CASE("Stream: neighbours in key, id, index and component are uncorrelated") {
    const Stream s{9, 4}, other_key{10, 4}, high_key{9 + (std::uint64_t{1} << 32), 4}, other_id{9, 5};
    const auto base = [&](int i) { return s.uniform(i, 0); };
    CHECK(std::abs(correlation_z(base, [&](int i) { return other_key.uniform(i, 0); })) < 5.0);
    CHECK(std::abs(correlation_z(base, [&](int i) { return high_key.uniform(i, 0); })) < 5.0);
    CHECK(std::abs(correlation_z(base, [&](int i) { return other_id.uniform(i, 0); })) < 5.0);
    CHECK(std::abs(correlation_z(base, [&](int i) { return s.uniform(i + 1, 0); })) < 5.0);
    CHECK(std::abs(correlation_z(base, [&](int i) { return s.uniform(i + (std::int64_t{1} << 32), 0); })) < 5.0);
    CHECK(std::abs(correlation_z(base, [&](int i) { return s.uniform(i, 1); })) < 5.0);
    CHECK(std::abs(correlation_z(base, [&](int i) { return s.uniform(i, 2); })) < 5.0);
}

TEST_CASE("Stream: words of different uses do not repeat") {
    std::set<std::uint64_t> words;
    for (std::uint32_t id = 0; id < 8; ++id)
        for (int index = 0; index < 64; ++index)
            for (int component = 0; component < 8; ++component) words.insert(Stream{1, id}.word(index, component));
    CHECK(words.size() == 8 * 64 * 8);
}
