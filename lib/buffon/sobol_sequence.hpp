/// Scrambled Sobol' points with the interface of `Stream`: any point by its index, no state.
/// Source: direction numbers of Joe and Kuo (2008) as in Boost.Random; random linear scramble + digital shift of Matousek
/// (1998); nested uniform scramble of Owen (1995) by a hash (owen_hash.hpp).
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/stream.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Random linear maps of the digits and a shift; or Owen's permutation of each digit given those before it, whose error on
/// smooth integrands is of the order N^-3/2 and as good on rough ones. Both keep the nets.
enum class Scramble { linear, owen };

class SobolSequence {
public:
    /// `points` is the number of points that will be drawn (indices 0 ... points - 1); it bounds the set-up work.
    /// Coordinates are scrambled independently by numbers of `scramble`: same stream, same points.
    /// @throw std::invalid_argument for dim outside 1 ... max_dim or points outside 1 ... 2^52.
    SobolSequence(std::int64_t dim, std::int64_t points, const Stream& scramble, Scramble kind = Scramble::linear);

    /// The unscrambled sequence (its first point is the origin's cell): for tests and comparison.
    static SobolSequence unscrambled(std::int64_t dim, std::int64_t points);

    static std::int64_t max_dim();
    std::int64_t dim() const { return dim_; }

    /// Uniform on (0, 1). Points come in the order of the Gray code.
    double uniform(std::int64_t index, std::int64_t component) const;
    /// Rows `first`, `first + 1`, ... of the points; out has dim() columns.
    void uniform(std::int64_t first, View out) const;

    // What a device makes the points of: point i is shift ^ the directions of the digits of gray(i), then hashed by the keys.
    std::int64_t digits() const { return digits_; }
    /// (1 + digits, dim): the shift, then a row of directions for each digit of an index; with Owen's scramble bits in
    /// reverse order.
    std::vector<std::uint64_t> words() const;
    /// (owen_keys, dim), or none.
    std::vector<std::uint64_t> owen_words() const;

private:
    SobolSequence() = default;
    void group(std::int64_t dim, std::int64_t digits, const std::vector<std::uint64_t>& shift,
               const std::vector<std::uint64_t>& directions);
    void groups(std::int64_t first, std::int64_t count, double* out) const;
    std::int64_t rows_of_group() const { return std::int64_t{1} << group_digits_; }

    // Rows are made in groups of consecutive ones, as if a group were one row of `width` = rows * dim numbers.
    std::int64_t dim_ = 0;
    std::int64_t digits_ = 0;               // of an index
    std::int64_t group_digits_ = 0;         // of an index within its group
    Scramble kind_ = Scramble::linear;
    std::vector<std::uint64_t> start_;      // (width): the words of the first group
    std::vector<std::uint64_t> directions_; // (digits - group digits, width), for the index of a group
    std::vector<std::uint64_t> keys_;       // (owen_keys, width)
};

}  // namespace buffon
