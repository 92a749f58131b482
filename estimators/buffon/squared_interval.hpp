/// Intervals of a squared distance |mu|^2 that was measured as |m|^2 with a normal error in m: near 0 such a value is
/// no normal number.
#pragma once

#include <span>
#include <utility>
#include <vector>

namespace buffon {

/// Of |mu|^2, both ends at least 0. |m|^2 is taken for s^2 times a noncentral chi-square variable of nu degrees of freedom, which
/// has the given bias s^2 nu; s is the error of |m| along m. Exact for normal errors, the same in all directions that have any, but near
/// 0, where the upper end is at least that of an |m|^2 which mu = 0 exceeds in 84 of 100 cases, so that none is [0, 0]: there it covers
/// more often. Source: Cowan, Cranmer, Gross, Vitells, "Power-constrained limits", arXiv:1105.3166 (2011).
/// @param raw       |m|^2 >= 0, bias included   @param bias  E|m|^2 - |mu|^2 >= 0
/// @param variance  of the linear part of |m|^2 about mu: 4 s^2 |m|^2
/// @throw std::invalid_argument for numbers outside their range.
std::pair<double, double> squared_interval(double raw, double bias, double variance, double level);

/// The same where m has more error along some directions than along others: the variance that is seen along m is that of mu's
/// direction only as far as m is signal. s^2 is the larger one of what is seen, and of its mean with `largest` by the shares of
/// raw that are signal and noise, so that near 0 the direction may be the worst one.
/// @param largest  variance of m along the direction where it is largest
/// @param beside   variance of another, independent error of |m|^2
std::pair<double, double> squared_interval(double raw, double bias, double variance, double largest, double beside, double level);

/// The same at each of several levels; what they share is made once.
std::vector<std::pair<double, double>> squared_intervals(double raw, double bias, double variance, double largest, double beside,
                                                         std::span<const double> levels);

}  // namespace buffon
