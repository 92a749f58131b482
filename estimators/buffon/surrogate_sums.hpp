/// What a surrogate g of known Sobol' indices leaves of f: the sums of r = f - g that the indices of f need. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/cross_fit.hpp>
#include <buffon/pair_sums.hpp>
#include <buffon/sobol_design.hpp>

namespace buffon {

/// A polynomial of the uniforms or normal scores of the inputs of a design, and its exact parts of the variance.
class Surrogate {
public:
    Surrogate(const SobolDesign& design, const std::vector<Family1d>& families, const Ladder& ladder,
              const Polynomial& polynomial);
    /// From its terms, of which the constant has no factors, and their coefficients.
    Surrogate(const SobolDesign& design, std::vector<Family1d> families, const std::vector<Term>& terms,
              const std::vector<double>& coefficients);

    /// A product of factors with its coefficient.
    struct Summand {
        Term factors;
        std::vector<std::int64_t> groups;   // that it depends on, ascending
        double coefficient;
    };
    const std::vector<Summand>& summands() const { return summands_; }
    double constant() const { return constant_; }
    const std::vector<Family1d>& families() const { return families_; }
    const std::vector<int>& degrees() const { return degrees_; }   // (d) highest of each coordinate

private:
    std::vector<Family1d> families_;
    std::vector<Summand> summands_;   // without the constant
    std::vector<int> degrees_;
    double constant_ = 0;
};

/// Over the rows of one output in one replicate (or a segment of it).
struct ResidualSums {
    PairSums pairs;                          // of r
    std::vector<double> with_terms;          // of r times each summand's factors, over the values of all sets
    std::vector<double> first_cross;         // (G) of (g_i(A) - g_i(B)) (r(A) - r(A with i)), g_i: the summands of group i alone
    std::vector<double>
        total_cross;   // (G) of (g(A) - g(A with i)) (r(A) - r(A with i)); both the mean of both ways, if there are
    double fourth = 0;                       // of r^4 at both tables
    std::vector<double> first_largest, total_largest;   // (G) most that one row adds to these, with what the pairs of r add

    void merge(const ResidualSums& other);
};

/// @param f  (sets, rows): centred values of the rows first, first + 1, ... of the design, zeros in those that `failed`.
ResidualSums residual_sums(const SobolDesign& design, const Surrogate& surrogate, std::int64_t first, std::int64_t rows,
                           const std::vector<double>& f, const std::vector<std::int64_t>& failed);

}  // namespace buffon
