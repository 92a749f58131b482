#include <buffon/lanes.hpp>

#include <buffon/sums.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

using namespace buffon;

namespace {

const double a[8] = {1, -2, 3, 0.5, 5, 1e-3, 7, 8}, b[8] = {2, 3, -1, 4, 0.1, 6, 0.3, 9};

}  // namespace

TEST_CASE("Lanes: arithmetic is that of eight doubles") {
    Lanes sum = Lanes::load(a), difference = Lanes::load(a);
    sum += Lanes::load(b);
    difference -= Lanes::load(b);
    double s[8], d[8], p[8], m[8];
    sum.store(s);
    difference.store(d);
    (Lanes::load(a) * Lanes::load(b)).store(p);
    larger(Lanes::load(a), Lanes::load(b)).store(m);
    for (int l = 0; l < 8; ++l) {
        CHECK(s[l] == a[l] + b[l]);
        CHECK(d[l] == a[l] - b[l]);
        CHECK(p[l] == a[l] * b[l]);
        CHECK(m[l] == std::max(a[l], b[l]));
    }
}

TEST_CASE("Lanes: all() keeps the sign of zero") {
    double zeros[8];
    Lanes::all(-0.0).store(zeros);
    for (const double z : zeros) CHECK(std::signbit(z));
}

TEST_CASE("Lanes: parts touch nothing beyond their count") {
    for (int count = 0; count < 8; ++count) {
        double from[8], to[8] = {-1, -1, -1, -1, -1, -1, -1, -1};
        load_part(a, count, 42.0).store(from);
        store_part(Lanes::load(a), to, count);
        for (int l = 0; l < 8; ++l) {
            CHECK(from[l] == (l < count ? a[l] : 42.0));
            CHECK(to[l] == (l < count ? a[l] : -1.0));
        }
    }
}

TEST_CASE("Lanes: their sum has the order of all sums") {
    CHECK(sum(Lanes::load(a)) == sum_of(8, [](std::int64_t i) { return a[i]; }));
}
