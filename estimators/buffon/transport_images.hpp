/// Where a transport map sends points, in double: the best cells of each, images between several targets, and where
/// that is no image of the map. Not
/// installed.
/// Source of the extension: An, Guo, Lei, Luo, Yau, Gu, "AE-OT: a new generative model based on extended semi-discrete optimal
/// transport", ICLR 2020; their angle is relative to the batch, ours is absolute.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <buffon/view.hpp>

namespace buffon {

struct BestCells {
    std::vector<std::int64_t> cells;   // (n, k), best first; of equal scores the lowest index
    Matrix scores;                     // (n, k): <x, y> + h
};

/// The k best of finite height.
BestCells best_cells(const Matrix& points, std::span<const double> heights, ConstView x, std::int64_t k, int threads);

/// The k nearest points of each row of x, nearest first up to rounding; those without mass (n; none: all have it) come last.
BestCells nearest_points(const Matrix& points, std::span<const double> masses, ConstView x, std::int64_t k, int threads);

/// Angle between the facets of the potential over two cells, the planes with normals (y, -1): the jump of the gradient
/// where they meet.
/// Points are centred and scaled first so that their mean square length, weighted, is 1.
class FacetAngles {
public:
    FacetAngles(const Matrix& points, std::span<const double> masses);
    double operator()(std::int64_t i, std::int64_t j) const;

private:
    Matrix points_;
};

/// Weighted mean of the targets of the k best cells of each row, weights 1 / |x - centroid of the cell|, without cells
/// beyond `angle` from the best:
/// there the potential has a ridge, and the mean of both sides belongs to neither. Rows: the number of targets that
/// were used in `used`.
Matrix between(const Matrix& points, const FacetAngles& angles, const Matrix& centroids, ConstView x,
               const BestCells& best, double angle, std::vector<std::int64_t>& used);

}  // namespace buffon
