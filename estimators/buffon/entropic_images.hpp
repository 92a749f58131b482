/// Where an entropic plan sends points: shares, their means, the potential, in double. Not installed.
/// Source: Pooladian, Niles-Weed, "Entropic estimation of optimal transport maps", arXiv 2109.12004 (2021).
#pragma once

#include <span>
#include <vector>

#include <buffon/view.hpp>

namespace buffon {

/// (rows, n) softmax_i((<x, y_i> + h_i) / width); 0 where h_i is -inf.
Matrix entropic_weights(const Matrix& points, std::span<const double> heights, double width, ConstView x, int threads);

/// (rows, d) means of the points under the weights. Nothing of size rows x n is stored.
Matrix entropic_images(const Matrix& points, std::span<const double> heights, double width, ConstView x, int threads);

/// (rows) width log sum_i e^((<x, y_i> + h_i) / width), whose gradient the images are.
std::vector<double> entropic_potential(const Matrix& points, std::span<const double> heights, double width, ConstView x,
                                       int threads);

}  // namespace buffon
