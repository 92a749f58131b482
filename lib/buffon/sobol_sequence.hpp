/// Scrambled Sobol' points with the interface of `Stream`: any point by its index, no state.
/// Source: direction numbers of Joe and Kuo (2008) as in Boost.Random; random linear scramble + digital shift of Matousek
/// (1998); nested uniform scramble of Owen (1995) by a hash (owen_hash.hpp).
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
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

    /// The unscrambled sequence: its first point is the origin's cell.
    static SobolSequence unscrambled(std::int64_t dim, std::int64_t points);
    /// One for each of these streams: they share the work on the directions.   @throw as the constructor.
    static std::vector<SobolSequence> scrambles(std::int64_t dim, std::int64_t points, const std::vector<Stream>& streams,
                                                Scramble kind = Scramble::linear);

    static std::int64_t max_dim();
    std::int64_t dim() const { return dim_; }

    /// Uniform on (0, 1). Points come in the order of the Gray code.
    double uniform(std::int64_t index, std::int64_t component) const;
    /// Rows `first`, `first + 1`, ... of the points; out has dim() columns.
    void uniform(std::int64_t first, View out) const;

    // What points are made of: point i is shift ^ the directions of the digits of gray(i), then hashed by the keys.
    std::int64_t digits() const { return digits_; }
    /// (1 + digits, dim): the shift, then a row of directions for each digit of an index; with Owen's scramble bits in
    /// reverse order.
    const std::vector<std::uint64_t>& words() const { return words_; }
    /// (owen_keys, dim), or none.
    const std::vector<std::uint64_t>& owen_words() const { return keys_; }

private:
    /// Rows are made in groups of consecutive ones, as if a group were one row of `width` = rows * dim numbers.
    struct Groups {
        std::vector<std::uint64_t> start;        // (width): the words of the first group
        std::vector<std::uint64_t> directions;   // (digits - group digits, width), for the index of a group
        std::vector<std::uint64_t> keys;         // (owen_keys, width), or none
    };

    SobolSequence(std::int64_t dim, std::int64_t points);
    void scramble(const Stream& stream, Scramble kind);
    Groups make_groups() const;
    const Groups& groups() const;
    void fill(std::int64_t first, std::int64_t count, double* out) const;

    std::int64_t dim_ = 0;
    std::int64_t digits_ = 0;         // of an index
    std::int64_t group_digits_ = 0;   // of an index within its group
    Scramble kind_ = Scramble::linear;
    std::vector<std::uint64_t> words_, keys_;
    // Eight times as much as the words, and devices have no use for it: made at the first use, shared by copies.
    struct Once {
        std::once_flag made;
        Groups groups;
    };
    std::shared_ptr<Once> once_ = std::make_shared<Once>();
};

}  // namespace buffon
