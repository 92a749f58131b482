/// Sobol' indices of f = g + r from the exact ones of g and the sums of r: two unbiased forms. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/sobol_ratios.hpp>
#include <buffon/surrogate_sums.hpp>

namespace buffon {

/// Exact parts of the variance of a surrogate, or twice its covariances with r: of everything, within each group alone, of all
/// that a group has a part in, of what pairs of groups have to themselves.
struct VarianceParts {
    double all = 0;
    std::vector<double> alone, within;   // (G)
    Matrix pair;                         // (G, G), upper half

    /// Adds `amount` of a summand with these groups.
    void add(const std::vector<std::int64_t>& groups, double amount);
};

/// For each index (as `ratios` orders them) two candidates. V_i(f) = V_i(g) + 2 <g_i, r> + V_i(r), and so for the
/// others; V_i(r) is
/// estimated as V_i(f) would be. The cross term comes from means of r times each polynomial over all points ("point", better for
/// few inputs), or from steps ("difference": it sees T_i(r), not V(r), better for many).
/// @param surrogates  (4), that of replicate r is r mod 4; `replicates` (R) names those that sums belong to.
std::vector<std::vector<Ratio>> surrogate_ratios(const std::vector<Surrogate>& surrogates,
                                                 const std::vector<std::int64_t>& replicates,
                                                 const std::vector<ResidualSums>& sums, std::int64_t groups,
                                                 bool second_order);

}  // namespace buffon
