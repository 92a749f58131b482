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

/// Of k samples and a reference.
struct SliceSums {
    SliceSums(std::int64_t directions, std::int64_t k) : squares(directions, k), covariance(k, k) {}

    Matrix squares;     // (directions, k) squared W2 of the projections
    double own = 0.0;   // between the even and the odd rows of the reference, averaged over the directions
    Matrix
        covariance;   // (k, k) that rows give to the averages of the squares: of the means of Kantorovich's potentials, averaged
                      // over the directions; samples with equal numbers of rows share theirs row by row
};

/// Direction `index` of a key, uniform on the sphere.
std::vector<double> direction_of(std::uint64_t key, std::int64_t index, std::int64_t dim);

SliceSums slice_sums(const std::vector<Matrix>& x, const Matrix& y, const SliceOptions& options, int threads);

}   // namespace buffon
