/// Samples on directions of the sphere, one after the other: what sliced distances are made of. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/run.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Which directions, and who hears of them.
struct SliceOptions {
    std::uint64_t key = 0;
    std::int64_t directions = 0;
    Progress progress = {};
};

/// Of k samples and a reference of m rows.
struct SliceSums {
    SliceSums(std::int64_t directions, const std::vector<std::int64_t>& rows, std::int64_t m);

    Matrix squares;                              // (directions, k) squared W2 of the projections
    double own = 0.0;   // between the even and the odd rows of the reference, averaged over the directions
    std::vector<std::vector<double>> of_x,
        of_y;   // (k): averages of Kantorovich's potentials at the rows of the sample, of the reference
};

/// Direction `index` of a key, uniform on the sphere.
std::vector<double> direction_of(std::uint64_t key, std::int64_t index, std::int64_t dim);

SliceSums slice_sums(const std::vector<Matrix>& x, const Matrix& y, const SliceOptions& options, int threads);

}  // namespace buffon
