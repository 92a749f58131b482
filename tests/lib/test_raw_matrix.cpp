#include <buffon/raw_matrix.hpp>

#include <algorithm>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

using namespace buffon;

namespace {

void fill(View rows, double from) {
    for (std::int64_t k = 0; k < rows.size(); ++k) rows.data[k] = from++;
}

}  // namespace

TEST_CASE("rows that are added stay behind those that were there, whether there was room for them or not") {
    for (const bool reserved : {false, true}) {
        CAPTURE(reserved);
        RawMatrix m;
        if (reserved) m.reserve(600);
        const double* before = m.view().data;
        for (int batch = 0; batch < 100; ++batch) fill(m.add_rows(2, 3), 6 * batch);
        REQUIRE(m.rows == 200);
        REQUIRE(m.cols == 3);
        for (std::int64_t k = 0; k < 600; ++k) REQUIRE(m(k / 3, k % 3) == static_cast<double>(k));
        CHECK((m.view().data == before) == reserved);
    }
}

TEST_CASE("memory is kept for the next shape that fits, and copies have their own") {
    RawMatrix m;
    m.reshape(10, 4);
    const double* memory = m.view().data;
    m.reshape(5, 8);
    CHECK(m.view().data == memory);
    fill(m, 0);
    RawMatrix copy = m;
    copy(4, 7) = -1;
    CHECK(m(4, 7) == 39);
    const RawMatrix moved = std::move(m);
    CHECK(moved.view().data == memory);
    CHECK(moved.rows == 5);
    CHECK(m.rows == 0);
    CHECK(m.view().data == nullptr);
}

TEST_CASE("reserve_large: there is room, and what a vector holds stays, of few numbers and of several large pages") {
    for (const std::int64_t numbers : {0, 3, 1'000'000}) {
        std::vector<double> v{1.0, 2.0, 3.0};
        reserve_large(v, numbers);
        CHECK(v.capacity() >= static_cast<std::size_t>(numbers));
        CHECK(v == std::vector{1.0, 2.0, 3.0});
        const double* before = v.data();
        v.resize(std::max<std::size_t>(3, static_cast<std::size_t>(numbers)), 4.0);
        CHECK(v.data() == before);
        CHECK(v.back() == (numbers > 3 ? 4.0 : 3.0));
    }
}
