/// Weights of finite differences on uneven nodes.
#pragma once

#include <cstddef>
#include <vector>

namespace buffon::diffusion {

/// Weights w with sum_j w_j f(r_j) = the k-th derivative at 0 of the polynomial through all nodes.
std::vector<double> derivative(const std::vector<double>& nodes, std::size_t k);

/// Weights of k! times the divided difference over the first k + 1 nodes: the k-th derivative somewhere among them.
std::vector<double> divided_difference(const std::vector<double>& nodes, std::size_t k);

}  // namespace buffon::diffusion
