/// Clayton copula: C(u) = (sum_j u_j^-theta - d + 1)^(-1 / theta). Small values come together, large ones do not.
/// Source: McNeil, Neslehova, Multivariate Archimedean copulas, Ann. Statist. 37 (2009).
#pragma once

#include <cstdint>
#include <span>

#include <buffon/view.hpp>

namespace buffon {

/// For theta < 0, with two coordinates, there are none with u^-theta + v^-theta <= 1: the density is 0 there.
class ClaytonCopula {
public:
    /// @param theta  positive; with two coordinates also in (-1, 0).   @throw std::invalid_argument otherwise.
    ClaytonCopula(double theta, std::int64_t dim);

    /// theta = 2 tau / (1 - tau) for Kendall's rank correlation tau in (-1/3, 1), not 0.
    static ClaytonCopula from_kendall(double tau, std::int64_t dim);

    std::int64_t dim() const { return dim_; }
    double theta() const { return theta_; }
    double kendall_tau() const { return theta_ / (theta_ + 2); }
    /// lim P(U < p | V < p) as p -> 0; and that of the upper corner.
    double lower_tail_dependence() const;
    double upper_tail_dependence() const { return 0; }
    ClaytonCopula pair(std::int64_t, std::int64_t) const { return {theta_, 2}; }

    /// z (n, d): normal scores of the coordinates. In place: dependent scores to independent ones (Rosenblatt) and back, both in
    /// closed form.
    void decorrelate(View z) const;
    void correlate(View z) const;
    /// Adds log c of each row of normal scores z (n, d) to out (n).
    void add_log_density(ConstView z, std::span<double> out) const;

private:
    double theta_;
    std::int64_t dim_;
    double log_norm_ = 0;   // sum_k log(1 + k theta), k < d
};

}  // namespace buffon
