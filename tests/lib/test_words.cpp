#include <buffon/words.hpp>

#include <buffon/stream.hpp>

#include <doctest/doctest.h>

#include <initializer_list>

using namespace buffon;

TEST_CASE("low_product: the full product of the lower halves, whatever is above them") {
    for (std::int64_t i = 0; i < 100; ++i) {
        const std::uint64_t a = Stream{5, 0}.word(i, 0), b = Stream{5, 0}.word(i, 1);
        const Words product = low_product(all_words(a) + counting_words(), all_words(b));
        for (int l = 0; l < register_lanes; ++l)
            CHECK(product[l] == ((a + static_cast<std::uint64_t>(l)) & 0xFFFFFFFFu) * (b & 0xFFFFFFFFu));
    }
}

TEST_CASE("philox_uniforms: the numbers of Stream at any index and block") {
    for (const std::uint64_t first : {std::uint64_t{0}, (std::uint64_t{1} << 32) - 1, ~std::uint64_t{0} - 1})
        for (const std::uint64_t block : {0u, 7u, 0xFFFFFFFFu}) {
            const Stream stream{0x299f31d0a4093822, 0xF3707344};
            const UniformPair u = philox_uniforms(stream.key, stream.id, first + counting_words(), all_words(block));
            for (int l = 0; l < register_lanes; ++l) {
                const auto index = static_cast<std::int64_t>(first + static_cast<std::uint64_t>(l));
                CHECK(u.even[l] == stream.uniform(index, static_cast<std::int64_t>(2 * block)));
                CHECK(u.odd[l] == stream.uniform(index, static_cast<std::int64_t>(2 * block + 1)));
            }
        }
}
