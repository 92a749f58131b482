#include <buffon/component.hpp>

#include <limits>
#include <vector>

#include <doctest/doctest.h>

#include <buffon/stream.hpp>

using namespace buffon;

namespace {

Gaussian gaussian(double mean, double degrees = std::numeric_limits<double>::infinity()) {
    Gaussian g{{mean, 0.5}, Matrix(2, 2), degrees};
    g.factor(0, 0) = 1.2;
    g.factor(1, 0) = 0.3;
    g.factor(1, 1) = 0.7;
    return g;
}

}  // namespace

TEST_CASE("a list of components has each one's density in its place, in any order of families") {
    const VonMisesFisherNakagami one({1, 2}, 3.0, 2.0, 4.0), two({-1, 0}, 1.0, 1.0, 2.0);
    const std::vector<Component> list{one, gaussian(1.0), gaussian(-1.0, 4.0), two, gaussian(2.0)};
    Matrix z(9, 2), out(9, 6, 77.0);
    Stream{1, 0}.uniform(0, z);
    Components(list).log_density(z, out, 1);
    for (std::size_t k = 0; k < list.size(); ++k) {
        Matrix alone(9, 1);
        Components({list[k]}).log_density(z, alone);
        for (std::int64_t i = 0; i < 9; ++i) CHECK(out(i, static_cast<std::int64_t>(k) + 1) == alone(i, 0));
    }
    for (std::int64_t i = 0; i < 9; ++i) CHECK(out(i, 0) == 77.0);
}

TEST_CASE("a radius is drawn by laws that have one, and places are those of the law itself") {
    CHECK(!draws_radius(gaussian(0.0)));
    CHECK(draws_radius(gaussian(0.0, 5.0)));
    const VonMisesFisherNakagami law({1, 2}, 3.0, 2.0, 4.0);
    CHECK(draws_radius(law));
    double a[] = {0.3, -1.2}, b[] = {0.3, -1.2};
    place(law, a, 0.7);
    law.place(b, 0.7);
    CHECK(a[0] == b[0]);
    CHECK(a[1] == b[1]);
}
