#include <buffon/planar_cells.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

#include <boost/math/quadrature/gauss.hpp>

#include <buffon/elementary.hpp>
#include <buffon/normal_functions.hpp>

namespace buffon {
namespace {

double density(double x) { return elementary::exp(-0.5 * x * x) / std::sqrt(2 * std::numbers::pi); }

/// f(corner, next corner), summed over the edges.
template <class F>
double over_edges(const Polygon& polygon, const F& f) {
    double sum = 0.0;
    for (std::size_t i = 0; i < polygon.size(); ++i) sum += f(polygon[i].at, polygon[(i + 1) % polygon.size()].at);
    return sum;
}

/// Integral of f(x, y) dy along a segment, f smooth on the scale of 1: panels no longer than 3/4, 15 points each.
template <class F>
double along_dy(PlanarPoint a, PlanarPoint b, const F& f) {
    const double dx = b.x - a.x, dy = b.y - a.y;
    if (dy == 0.0) return 0.0;
    const int panels = 1 + static_cast<int>(std::hypot(dx, dy) / 0.75);
    double sum = 0.0;
    for (int p = 0; p < panels; ++p)
        sum += boost::math::quadrature::gauss<double, 15>::integrate(
            [&](double t) { return f(a.x + t * dx, a.y + t * dy); }, static_cast<double>(p) / panels,
            static_cast<double>(p + 1) / panels);
    return dy * sum;
}

/// Twice the signed area of the triangle from a fixed corner: no cancellation far from the origin.
double cross(PlanarPoint o, PlanarPoint a, PlanarPoint b) { return (a.x - o.x) * (b.y - o.y) - (a.y - o.y) * (b.x - o.x); }

}  // namespace

Polygon clip(const Polygon& polygon, double a, double b, double c, std::int64_t beyond) {
    const auto side = [&](const Corner& k) { return a * k.at.x + b * k.at.y - c; };
    if (std::ranges::all_of(polygon, [&](const Corner& k) { return side(k) >= 0; })) return polygon;
    Polygon out;
    for (std::size_t i = 0; i < polygon.size(); ++i) {
        const Corner &from = polygon[i], &to = polygon[(i + 1) % polygon.size()];
        const double s = side(from), t = side(to);
        const PlanarPoint crossing{from.at.x + s / (s - t) * (to.at.x - from.at.x),
                                   from.at.y + s / (s - t) * (to.at.y - from.at.y)};
        if (s >= 0) out.push_back(from);
        if (s >= 0 && t < 0) out.push_back({crossing, beyond});
        if (s < 0 && t >= 0) out.push_back({crossing, from.beyond});
    }
    if (out.size() < 3) out.clear();
    return out;
}

Polygon PlanarLaw::domain() const {
    return {{low_, -1}, {{high_.x, low_.y}, -1}, {high_, -1}, {{low_.x, high_.y}, -1}};
}

double PlanarLaw::mass(const Polygon& polygon) const {
    if (polygon.empty()) return 0.0;
    if (normal_)   // Green: the x-primitive of the density along the border
        return over_edges(polygon, [](PlanarPoint a, PlanarPoint b) {
            return along_dy(a, b, [](double x, double y) { return normal_cdf(x) * density(y); });
        });
    const PlanarPoint o = polygon[0].at;
    return over_edges(polygon, [&](PlanarPoint a, PlanarPoint b) { return cross(o, a, b); }) /
           (2 * (high_.x - low_.x) * (high_.y - low_.y));
}

PlanarPoint PlanarLaw::moment(const Polygon& polygon) const {
    if (polygon.empty()) return {0.0, 0.0};
    if (normal_)   // the primitive of x density(x) is -density(x)
        return {over_edges(polygon,
                           [](PlanarPoint a, PlanarPoint b) {
                               return along_dy(a, b, [](double x, double y) { return -density(x) * density(y); });
                           }),
                over_edges(polygon, [](PlanarPoint a, PlanarPoint b) {
                    return along_dy(a, b, [](double x, double y) { return normal_cdf(x) * y * density(y); });
                })};
    const PlanarPoint o = polygon[0].at;
    const double area = (high_.x - low_.x) * (high_.y - low_.y);
    return {over_edges(polygon, [&](PlanarPoint a, PlanarPoint b) { return cross(o, a, b) * (o.x + a.x + b.x); }) / (6 * area),
            over_edges(polygon, [&](PlanarPoint a, PlanarPoint b) { return cross(o, a, b) * (o.y + a.y + b.y); }) / (6 * area)};
}

double PlanarLaw::along(PlanarPoint from, PlanarPoint to) const {
    const double dx = to.x - from.x, dy = to.y - from.y, length = std::hypot(dx, dy);
    if (length == 0.0) return 0.0;
    if (!normal_) return length / ((high_.x - low_.x) * (high_.y - low_.y));
    const double start = (from.x * dx + from.y * dy) / length, off = (from.x * dy - from.y * dx) / length;
    return density(off) * (normal_cdf(start + length) - normal_cdf(start));
}

Polygon planar_cell(const PlanarLaw& law, ConstView y, std::span<const double> heights, std::int64_t i) {
    Polygon cell = law.domain();
    for (std::int64_t j = 0; j < y.rows && !cell.empty(); ++j)
        if (j != i)
            cell = clip(cell, y(i, 0) - y(j, 0), y(i, 1) - y(j, 1),
                        heights[static_cast<std::size_t>(j)] - heights[static_cast<std::size_t>(i)], j);
    return cell;
}

}  // namespace buffon
