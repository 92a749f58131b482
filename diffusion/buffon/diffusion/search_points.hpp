/// Starts on which searches judge solvers. Not installed.
#pragma once

#include <cstdint>

#include <buffon/stream.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

/// Draws (n, dim) of N(0, scale^2): a scrambled Sobol' net, whose means over few points vary less than those of independent
/// draws; in more coordinates than the sequence has, independent ones.
Matrix search_points(std::int64_t n, std::int64_t dim, double scale, const Stream& stream);

}  // namespace buffon::diffusion
