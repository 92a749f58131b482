/// Gumbel copula: C(u) = exp(-(sum_j (-log u_j)^theta)^(1 / theta)). Large values come together, small ones do not: of maxima.
/// Densities of any order by a recurrence of positive terms (checked against the polynomials of Hofert, Maechler, McNeil,
/// Likelihood inference for Archimedean copulas in high dimensions under known margins, J. Multivariate Anal. 110 (2012)).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <buffon/view.hpp>

namespace buffon {

class GumbelCopula {
public:
    /// @param theta  at least 1 (independent), finite.   @throw std::invalid_argument otherwise.
    GumbelCopula(double theta, std::int64_t dim);

    /// theta = 1 / (1 - tau) for Kendall's rank correlation tau in [0, 1).
    static GumbelCopula from_kendall(double tau, std::int64_t dim);

    std::int64_t dim() const { return dim_; }
    double theta() const { return theta_; }
    double kendall_tau() const { return (theta_ - 1) / theta_; }
    double lower_tail_dependence() const { return 0; }
    /// lim P(U > p | V > p) as p -> 1.
    double upper_tail_dependence() const;
    GumbelCopula pair(std::int64_t, std::int64_t) const { return {theta_, 2}; }

    /// z (n, d): normal scores of the coordinates. In place: dependent scores to independent ones (Rosenblatt) and back, by
    /// Newton's method.
    void decorrelate(View z) const;
    void correlate(View z) const;
    /// Adds log c of each row of normal scores z (n, d) to out (n).
    void add_log_density(ConstView z, std::span<double> out) const;

private:
    double theta_;
    std::int64_t dim_;
    double log_norm_ = 0;   // d log theta + log (d - 1)!
    /// [n - 1][k - 1], n = 1 ... d: the derivative of order n of the generator exp(-x), x = t^(1 / theta), is, up to its sign,
    /// (n - 1)! t^-n e^-x sum_k exp(row[k]) x^k.
    std::vector<std::vector<double>> log_terms_;
};

}  // namespace buffon
