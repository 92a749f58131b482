/// From the terms of strata of circles and points to an estimate, its interval and what makes it doubtful. Not installed.
#pragma once

#include <vector>

#include <buffon/circle_strata.hpp>
#include <buffon/circles.hpp>
#include <buffon/estimate.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/stream.hpp>

namespace buffon {

/// Means over the strata, those of `label` outputs left out; bounds by bootstrap-t, drawn from the stream, where there
/// are events and no evaluation was discarded: upper ones also of what the circles' grid may have missed. Warns where
/// strata with little probability have fewer than two terms, one circle decides a value, or much of it is unseen.
/// Diagnostics: largest_arc (m), of the sum of squared shares that of one circle; unseen (m), what may be missing, as a
/// share of the value; those of `judge_mean`.
/// @throw std::invalid_argument where strata of half of the probability have no two terms.
Estimate finish_circles(const Evaluation& evaluate, const std::vector<CirclePart>& parts, const Events& events,
                        const Stream& stream);

}  // namespace buffon
