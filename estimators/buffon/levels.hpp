/// On the way to a rare event: how the points of one batch count for the next sampling density. Not installed.
/// Source: Papaioannou, Geyer, Straub (2019) for the smooth indicator Phi(s / width); Rubinstein, Kroese (2004) for the quantile.
#pragma once

#include <limits>
#include <span>
#include <vector>

namespace buffon {

struct EventLevel {
    std::vector<double> weights;   // (n) of the points; the event's own where it has been reached
    double at;                     // width of the smooth indicator, or threshold of the scores
    bool reached;
};

/// Before the first level: every point counts.
inline constexpr double no_width = std::numeric_limits<double>::infinity();
inline constexpr double no_threshold = -std::numeric_limits<double>::infinity();

/// w Phi(s / width), and w 1{s > threshold}: 0 where an evaluation was discarded.
std::vector<double> smooth_weights(std::span<const double> w, std::span<const double> s, double width);
std::vector<double> weights_above(std::span<const double> w, std::span<const double> s, double threshold);

/// The width below `before` whose weights w Phi(s / width) have this coefficient of variation among a `share` of the
/// points: those
/// that were drawn for this event. Reached when 1{s > 0} / Phi(s / before) varies no more than that under the density
/// of the level
/// before. w (n): f / q of points drawn from q.
EventLevel smooth_level(std::span<const double> w, std::span<const double> s, double before, double variation, double share = 1);

/// The threshold above which the part `quantile` of a `share` of the points lies, 0 at most; reached at 0.
EventLevel quantile_level(std::span<const double> w, std::span<const double> s, double before, double quantile, double share = 1);

}  // namespace buffon
