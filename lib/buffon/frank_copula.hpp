/// Frank copula: e^(-theta C) - 1 = prod_j (e^(-theta u_j) - 1) / (e^-theta - 1)^(d - 1). No tail dependence; both corners alike.
/// Densities of any order by Eulerian numbers. Source: Hofert, Maechler, McNeil, Likelihood inference for Archimedean copulas in
/// high dimensions under known margins, J. Multivariate Anal. 110 (2012).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <buffon/view.hpp>

namespace buffon {

/// theta < 0, with two coordinates, is the copula of |theta| with the second coordinate turned round.
class FrankCopula {
public:
    /// @param theta  in (0, 300] (Kendall's tau up to 0.987); with two coordinates also in [-300, 0).   @throw
    /// std::invalid_argument otherwise.
    FrankCopula(double theta, std::int64_t dim);

    /// Kendall's rank correlation tau = 1 - 4 (1 - D(theta)) / theta, D Debye's first function; solved by halving.
    static FrankCopula from_kendall(double tau, std::int64_t dim);

    std::int64_t dim() const { return dim_; }
    double theta() const { return theta_; }
    double kendall_tau() const;
    double lower_tail_dependence() const { return 0; }
    double upper_tail_dependence() const { return 0; }
    FrankCopula pair(std::int64_t, std::int64_t) const { return {theta_, 2}; }

    /// z (n, d): normal scores of the coordinates. In place: dependent scores to independent ones (Rosenblatt) and back: the
    /// second coordinate in closed form, further ones by Newton's method.
    void decorrelate(View z) const;
    void correlate(View z) const;
    /// Adds log c of each row of normal scores z (n, d) to out (n).
    void add_log_density(ConstView z, std::span<double> out) const;

private:
    double theta_;
    std::int64_t dim_;
    double log_norm_ = 0;
    std::vector<std::vector<double>> eulerian_;   // [m][k]: A(m, k) / m!, a row for each order m < d
};

}  // namespace buffon
