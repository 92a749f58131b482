/// Mixture weights with least variance: minimise F(a) = mean_i c_i / (q a)_i over the simplex. Not installed.
/// Source: He & Owen (2014), convexity; the square-root update majorises by Jensen's inequality, so F never grows.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <buffon/view.hpp>

namespace buffon {

struct SimplexOptions {
    double tolerance = 1e-6;   // stop at this relative decrease of F in one step
    int steps = 200;
    int threads = 1;           // 0: all
};

/// @param q (n, K) >= 0, c (n) >= 0, start (K) on the simplex, floors (K) with a sum below 1: smallest values allowed.
std::vector<double> minimise_on_simplex(ConstView q, std::span<const double> c, std::vector<double> start,
                                        const std::vector<double>& floors, const SimplexOptions& options);

/// Entries below their floor are set to it, the others are scaled so that the sum is 1; repeated until all hold.
void raise_to_floors(std::vector<double>& a, const std::vector<double>& floors);

}  // namespace buffon
