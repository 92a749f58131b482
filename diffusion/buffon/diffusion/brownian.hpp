/// Brownian paths that any number of steps can share: one for each index and component, on the clock u = rho / (1 + rho) of the
/// noise level, by Levy's construction on the dyadic points of [0, 1]. Not installed.
#pragma once

#include <cstdint>

#include <buffon/stream.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

/// Rows `first`, `first` + 1, ... of (W(u(from)) - W(u(to))) / sqrt(u(from) - u(to)), from > to >= 0: standard normal, and
/// independent where intervals of levels do not overlap. Levels are rounded to 2^-40 of the clock, the law is exact on what they
/// are rounded to. @throw std::invalid_argument for levels that then coincide.
void brownian_increment(const Stream& stream, std::int64_t first, double from, double to, View out);

}  // namespace buffon::diffusion
