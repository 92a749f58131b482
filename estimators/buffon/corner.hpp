/// What to sample where several limit surfaces of a system meet. Not installed.
/// Near the corner u* = sum_i b_i n_i of half-spaces with unit normals n_i the normal density falls like exp(-sum_i b_i
/// t_i) in the distances
/// t_i from their planes: nearly independent tails, each of which has the law of a half-space (half_space.hpp).
/// Source: Hohenbichler, Rackwitz, "First-order concepts in system reliability", Struct. Saf. 1 (1983), for the corner.
#pragma once

#include <vector>

#include <buffon/gaussians.hpp>

namespace buffon {

/// About the corner u (d) of planes with unit `normals` (k, at most five), linearly independent: narrow or wide along
/// each distance, all 2^k
/// combinations, the last N(u, I). Empty where u is not a combination of the normals with positive shares: no corner.
std::vector<Gaussian> about_corner(const std::vector<double>& u, const std::vector<std::vector<double>>& normals);

}  // namespace buffon
