/// How much more than the optimum the best of all other assignments costs. Not installed.
#pragma once

#include <span>

#include <buffon/matching.hpp>

namespace buffon {

/// Every other assignment goes round a cycle of pairs given up and pairs taken, and reduced costs make its length: Dijkstra's
/// algorithm from each line to its own column, cut off at the shortest cycle so far. u: duals of the lines. +inf if
/// there is no other.
double second_best_gap(const CostLines& costs, const Matching& matching, std::span<const double> u);

}  // namespace buffon
