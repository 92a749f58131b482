/// The nearest rows in every subset of the coordinates, by distances that grow coordinate by coordinate. Not installed.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <buffon/view.hpp>

namespace buffon {

class SubsetNeighbours {
public:
    /// z (n, d), n >= 4.
    explicit SubsetNeighbours(ConstView z);

    /// Calls found(u, even, odd) for each non-empty subset u of the coordinates (bit c: coordinate c) but the whole:
    /// the rows of even and
    /// of odd number that are nearest to `row` there, itself left out. O(n 2^d).
    using Found = std::function<void(std::uint64_t u, std::int64_t even, std::int64_t odd)>;
    void of(std::int64_t row, const Found& found) const;

private:
    struct Search;
    std::int64_t n_, d_, evens_;
    std::vector<double> columns_;   // (d, n): even rows, then odd ones
};

}  // namespace buffon
