/// `sample` with the numbers of its noise rows given, for functions of the noise. Not installed.
#pragma once

#include <buffon/diffusion/sample.hpp>

namespace buffon::diffusion {

/// @param noises (n, k d) for a table with k random rows, in their order: d standard normal numbers of each; none:
/// drawn by the key.
Draws sample_given(const Denoiser& model, const Table& table, const SampleOptions& options, ConstView noises);

}  // namespace buffon::diffusion
