#include <buffon/planar_cells.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>

#include <buffon/normal_functions.hpp>

using namespace buffon;

namespace {

double angle_mass(double angle) { return angle / (2 * std::numbers::pi); }   // of a wedge at the origin under N(0, I)

}  // namespace

TEST_CASE("planar cells: cutting a square by half planes leaves the right corners, each edge with its neighbour") {
    const PlanarLaw law({0, 0}, {1, 1});
    const Polygon half = clip(law.domain(), 1.0, 1.0, 1.0, 7);   // x + y >= 1
    CHECK(law.mass(half) == doctest::Approx(0.5).epsilon(1e-15));
    double facet = 0.0;
    for (std::size_t i = 0; i < half.size(); ++i)
        if (half[i].beyond == 7) facet += law.along(half[i].at, half[(i + 1) % half.size()].at);
    CHECK(facet == doctest::Approx(std::sqrt(2.0)));
    CHECK(clip(law.domain(), 1.0, 0.0, 2.0, 7).empty());
    CHECK(clip(law.domain(), 1.0, 0.0, -2.0, 7).size() == 4);
}

TEST_CASE("planar cells: moments of a uniform law on a rectangle away from the origin") {
    const PlanarLaw law({10, -3}, {14, -1});
    CHECK(law.mass(law.domain()) == doctest::Approx(1.0).epsilon(1e-15));
    CHECK(law.moment(law.domain()).x == doctest::Approx(12.0));
    CHECK(law.moment(law.domain()).y == doctest::Approx(-2.0));
    const Polygon part = clip(law.domain(), 1.0, 0.0, 13.0, 0);
    CHECK(law.mass(part) == doctest::Approx(0.25));
    CHECK(law.moment(part).x == doctest::Approx(0.25 * 13.5));
}

TEST_CASE("planar cells: the normal law's mass, moment and facets are those of half planes and wedges") {
    const PlanarLaw law;
    CHECK(law.mass(law.domain()) == doctest::Approx(1.0).epsilon(1e-14));
    for (const double c : {-2.0, 0.3, 4.0}) {
        CAPTURE(c);
        const double a = 0.6, b = 0.8;
        const Polygon half = clip(law.domain(), a, b, c, 1);
        const double density = std::exp(-0.5 * c * c) / std::sqrt(2 * std::numbers::pi);
        CHECK(std::abs(law.mass(half) - normal_cdf(-c)) < 1e-14);
        CHECK(std::abs(law.moment(half).x - a * density) < 1e-14);
        CHECK(std::abs(law.moment(half).y - b * density) < 1e-14);
        for (std::size_t i = 0; i < half.size(); ++i)
            if (half[i].beyond == 1)
                CHECK(law.along(half[i].at, half[(i + 1) % half.size()].at) == doctest::Approx(density).epsilon(1e-12));
    }
    const Polygon wedge =
        clip(clip(law.domain(), 0.0, 1.0, 0.0, 1), std::sin(1.0), -std::cos(1.0), 0.0, 2);   // angles from 0 to 1
    CHECK(std::abs(law.mass(wedge) - angle_mass(1.0)) < 1e-14);
}

TEST_CASE("planar cells: the cells of a diagram fill the domain, whatever the heights") {
    Matrix y(12, 2);
    std::vector<double> h;
    for (std::int64_t i = 0; i < 12; ++i) {
        y(i, 0) = std::sin(3.0 * static_cast<double>(i));
        y(i, 1) = std::cos(5.0 * static_cast<double>(i));
        h.push_back(0.1 * std::sin(7.0 * static_cast<double>(i)));
    }
    for (const PlanarLaw& law : {PlanarLaw(), PlanarLaw({-1, -1}, {1, 2})}) {
        double mass = 0.0;
        for (std::int64_t i = 0; i < 12; ++i) mass += law.mass(planar_cell(law, y, h, i));
        CHECK(mass == doctest::Approx(1.0).epsilon(1e-13));
    }
}
