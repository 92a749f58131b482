/// Intervals of a squared distance |mu|^2 that was measured as |m|^2 with a normal error in m: near 0 such a value is
/// no normal number.
#pragma once

#include <utility>

namespace buffon {

/// Of |mu|^2, both ends at least 0. |m|^2 is taken for s^2 times a noncentral chi-square variable of nu degrees of freedom, which
/// has the given bias s^2 nu; s is the error of |m| along m. Exact for normal errors, the same in all directions that have any.
/// @param raw       |m|^2 >= 0, bias included   @param bias  E|m|^2 - |mu|^2 >= 0
/// @param variance  of the linear part of |m|^2 about mu: 4 s^2 |m|^2
/// @throw std::invalid_argument for numbers outside their range.
std::pair<double, double> squared_interval(double raw, double bias, double variance, double level);

}  // namespace buffon
