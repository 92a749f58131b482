/// Tensor products of orthonormal polynomials, in nested sets of growing size: what a sparse polynomial may be made of.
/// Not installed.
#pragma once

#include <cstdint>
#include <vector>

namespace buffon {

/// Of one coordinate's uniform u: Legendre in 2 u - 1, or Hermite in the normal score. High Hermite degrees explode in a tail
/// that other points fitted, so they end early.
enum class Family1d { legendre, hermite };
inline constexpr int most_degree(Family1d family) { return family == Family1d::legendre ? 12 : 5; }

struct Factor {
    std::int64_t coordinate;
    int degree;

    auto operator<=>(const Factor&) const = default;
};
/// A product of at most four factors, coordinates ascending; none: the constant 1.
using Term = std::vector<Factor>;

/// Nested sets: the first sizes[s] terms of `order` (numbers of terms of the ladder) are set s.
struct Chain {
    std::vector<std::int64_t> order, sizes;
};

struct Ladder {
    std::vector<Term> terms;     // the union, the constant first
    std::vector<Chain> chains;   // one for each number of coordinates that may act together, 1 to 4
};

/// Sets of at most `most` terms. A chain of s coordinates grows with the total degree p; for s >= 2 it has all powers of single
/// coordinates up to degree 2 p, too. The first set of all is the constant alone.
/// @param families  (d) of the coordinates; `active` (d) says which may appear.
Ladder polynomial_ladder(const std::vector<Family1d>& families, const std::vector<bool>& active, std::int64_t most);

/// Values p_0 ... p_degree of the orthonormal polynomials at x (n), row by row into out (degree + 1, n): x is u or the
/// normal score.
void polynomials(Family1d family, int degree, const double* x, std::int64_t n, double* out);

}  // namespace buffon
