/// Scrambled Sobol' points with the interface of `Stream`: any point by its index, no state.
/// Source: direction numbers of Joe and Kuo (2008) as in Boost.Random; random linear scramble + digital shift of Matousek (1998).
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/stream.hpp>
#include <buffon/view.hpp>

namespace buffon {

class SobolSequence {
public:
    /// `points` is the number of points that will be drawn (indices 0 ... points - 1); it bounds the set-up work.
    /// Coordinates are scrambled independently by numbers of `scramble`: same stream, same points.
    /// @throw std::invalid_argument for dim outside 1 ... max_dim or points outside 1 ... 2^52.
    SobolSequence(std::int64_t dim, std::int64_t points, const Stream& scramble);

    /// The unscrambled sequence (its first point is the origin's cell): for tests and comparison.
    static SobolSequence unscrambled(std::int64_t dim, std::int64_t points);

    static std::int64_t max_dim();
    std::int64_t dim() const { return dim_; }

    /// Uniform on (0, 1). Points come in the order of the Gray code.
    double uniform(std::int64_t index, std::int64_t component) const;
    /// Rows `first`, `first + 1`, ... of the points; out has dim() columns. One exclusive-or per number.
    void uniform(std::int64_t first, View out) const;

private:
    SobolSequence() = default;
    std::int64_t dim_ = 0;
    std::int64_t bits_ = 0;                 // direction words kept per coordinate
    std::vector<std::uint64_t> directions_; // [bit * dim + coordinate], most significant digit first
    std::vector<std::uint64_t> shift_;      // [coordinate]
};

}  // namespace buffon
