/// Sums of products of values at paired rows: all that pick-freeze estimators of Sobol' indices are made of. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/sobol_values.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Of values f of one output, centred somewhere, over rows of the sets of a SobolDesign: a = f(A), b = f(B), and for each group
/// the step f(A with the group from elsewhere) - f(A), or f(B with the group from A) - f(B).
/// Steps, not values: small ones would drown in products of large ones.
struct PairSums {
    struct Steps {
        double sum = 0, square = 0, with_a = 0, with_b = 0;   // of the steps, their squares, their products with a and b
        double largest = 0;                                   // absolute value
    };
    double n = 0;                                 // rows
    double a = 0, b = 0, aa = 0, bb = 0, ab = 0;  // sums of a, b and their products
    double largest = 0;                           // absolute value of a and b
    std::vector<Steps> from_a, from_b;            // (G); from_b only of designs with both ways
    Matrix both;                                  // (G, G), then: products of step i from A with step j from B

    PairSums() = default;
    /// @param values  one pointer per set to `rows` numbers; the first `counted` rows are `n`, others must hold zeros.
    PairSums(const std::vector<const double*>& values, std::int64_t rows, double counted, std::int64_t groups);
    void merge(const PairSums& other);

    /// Sums of f and of f^2 over all sets, and how many values that are.
    double total() const;
    double squares() const;
    double count() const { return n * static_cast<double>(2 + from_a.size() + from_b.size()); }
};

/// Of f = y - centre of one output of a segment. Rows with a failed evaluation are left out.
PairSums pair_sums(const SegmentValues& values, std::int64_t output, double centre, std::int64_t groups);

/// Centred columns of one output, zeros where a row failed: (sets, rows).
std::vector<double> centred(const SegmentValues& values, std::int64_t output, double centre);

}  // namespace buffon
