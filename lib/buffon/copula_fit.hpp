/// Copulas fitted to the ranks of data by pseudo-likelihood. Source: Genest, Ghoudi, Rivest, Biometrika 82 (1995).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <buffon/copula.hpp>
#include <buffon/view.hpp>

namespace buffon {

struct CopulaFit {
    Copula copula;
    std::string family;
    std::int64_t parameters = 0;   // d (d - 1) / 2 correlations, df, or theta
    double log_likelihood = 0;     // of the ranks
    /// Of theta, or of df: from the curvature of the pseudo-likelihood, without what the ranks themselves leave uncertain.
    double std_error = 0;          // NaN where there is no such parameter or no curvature
    std::int64_t n = 0;            // rows used
    std::int64_t missing = 0;      // rows with a NaN, left out

    double aic() const { return 2 * static_cast<double>(parameters) - 2 * log_likelihood; }
    double bic() const;
};

/// "gaussian", "student", "clayton", "frank", "gumbel".
const std::vector<std::string>& copula_families();

/// @param data (n, d), d >= 2: one row per observation; rows with a NaN are counted and left out, at least 10 must remain.
/// Elliptical copulas take their correlations from Kendall's tau, df and theta are those of the largest pseudo-likelihood.
/// @throw std::invalid_argument naming the defect.
CopulaFit fit_copula(const std::string& family, ConstView data);

/// All families that exist in the dimension of the data, the smallest AIC first.
std::vector<CopulaFit> compare_copulas(ConstView data);

/// Kendall's rank correlation (concordant less discordant pairs, over all pairs) in n log n steps. Ties count as neither.
double kendall_tau(std::span<const double> x, std::span<const double> y);

/// Normal scores of the ranks r / (n + 1) of each column; ties share their mean rank.
Matrix rank_scores(ConstView data);

}  // namespace buffon
