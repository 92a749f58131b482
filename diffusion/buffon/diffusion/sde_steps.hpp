/// Steps written for x itself, as papers on the SDE dx = f x dt + g dw print them, brought to the coordinate x / alpha.
/// Not installed.
#pragma once

#include <cstddef>

#include <buffon/diffusion/recorder.hpp>

namespace buffon::diffusion {

/// (a x + b score) / alpha at the next node, where x stands at node i and its score is -(x - alpha D) / sigma^2.
Combination step_of_x(const Nodes& n, std::size_t i, double a, double b, const Combination& x, const Combination& D);

/// Such steps keep the sum of weights only where alpha is constant.
Promise promise_of_steps(const Nodes& n);

/// f = d log(alpha) / dt and g^2 = d(sigma^2) / dt - 2 f sigma^2 = -2 sigma^2 d(lambda) / dt where lambda is finite, by
/// differences
/// of fourth order to one side of t: relative error about 1e-11 on smooth schedules.
struct Rates {
    double f;
    double g_squared;
};
Rates rates(const Schedule& schedule, double t);

}  // namespace buffon::diffusion
