/// Which levels of a hierarchy pay, and how many evaluations each gets: least variance at a given cost. Not installed.
/// Source: Giles, Oper. Res. 56 (2008), n_l ~ sqrt(V_l / C_l); coefficients: Peherstorfer, Willcox, Gunzburger, SIAM J. Sci.
/// Comput. 38 (2016).
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/view.hpp>

namespace buffon {

/// E f_0 = sum over the kept levels k_0 = 0 < k_1 < ... of a_0 ... a_(i-1) E[f_k_i - a_i f_k_(i+1)], the last by itself,
/// whatever the a_i are: 1, or coefficients.
struct LevelPlan {
    std::vector<std::int64_t> kept = {0};   // the first always; that one alone: plain Monte Carlo
    std::vector<double> shares = {1};       // of what is spent, for each of `kept`
    Matrix coefficients = {};               // (kept - 1, m) a_i of each output
    double gain =
        1;   // variance of plain Monte Carlo at the same cost over that of this plan, of the output that gains least
};

/// `covariance` (L m, L m) of the outputs of L levels, level by level, from n points that they share; `costs` (L) of an
/// evaluation. Of all subsets
/// the one is taken whose gain, that of the output that gains least, is largest. A difference of levels may be rare and
/// large where it
/// was not seen (samplers that part at the border of two basins): it is planned for as if one point more had been,
/// whose ends are independent.
/// Outputs without variance have no part in it. `regressed`: coefficients are those of a regression of each level on the
/// next one, output by output, so that levels pay that follow the finer one at another scale, or loosely.
LevelPlan plan_levels(const Matrix& covariance, std::int64_t n, const std::vector<double>& costs, bool regressed = false);

}  // namespace buffon
