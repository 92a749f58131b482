/// Power cells in the plane as polygons, with their exact mass, first moment and facets under a uniform law on a
/// rectangle or the standard
/// normal law. Not installed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <buffon/view.hpp>

namespace buffon {

struct PlanarPoint {
    double x, y;
};

/// A corner, and whose facet leads from it to the next one (counter-clockwise); -1: the border.
struct Corner {
    PlanarPoint at;
    std::int64_t beyond;
};
using Polygon = std::vector<Corner>;

/// What is left of a convex polygon where a x + b y >= c; the new edge leads to `beyond`.
Polygon clip(const Polygon& polygon, double a, double b, double c, std::int64_t beyond);

class PlanarLaw {
public:
    /// Uniform on a rectangle.
    PlanarLaw(PlanarPoint low, PlanarPoint high) : normal_(false), low_(low), high_(high) {}
    /// N(0, I), cut off where 1e-18 of it is left.
    PlanarLaw() : normal_(true), low_{-9.0, -9.0}, high_{9.0, 9.0} {}

    Polygon domain() const;
    PlanarPoint low() const { return low_; }
    PlanarPoint high() const { return high_; }
    bool normal() const { return normal_; }
    /// Integrals of the density, and of the density times (x, y), over a polygon; of the density along a segment.
    double mass(const Polygon& polygon) const;
    PlanarPoint moment(const Polygon& polygon) const;
    double along(PlanarPoint from, PlanarPoint to) const;

private:
    bool normal_;
    PlanarPoint low_, high_;
};

/// Where <x, y_i> + h_i is largest: the rectangle cut by n - 1 half planes.
Polygon planar_cell(const PlanarLaw& law, ConstView targets, std::span<const double> heights, std::int64_t i);

}  // namespace buffon
