/// How far the cells' masses are from the wanted ones, from draws that no step has seen. Not installed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <buffon/transport_draws.hpp>

namespace buffon {

/// A mean over the groups, with its error.
struct GroupMean {
    double value = 0.0, std_error = 0.0;
};

/// Of softened cells: means over the draws of width log sum_j e^(s_j / width) and of the score under the shares, sum_j p_j s_j.
struct SoftScores {
    GroupMean log_sum, shared;
};

struct MassCheck {
    std::int64_t draws = 0;
    std::vector<double> masses;       // (n)
    std::vector<double> mass_std_error;
    double chi_squared = 0.0;         // unbiased for sum_i (w_i - nu_i)^2 / nu_i; may be negative
    double std_error =
        0.0;   // of it: jackknife over the groups; near a true 0, where the statistic degenerates, up to sqrt(2) too large
    double mean_square = 0.0;         // sum_i (w_i - nu_i)^2 / nu_i of these draws, with their noise
    double freedom =
        0.0;   // directions that the noise has: n - 1 of independent draws, fewer of turned ones in few dimensions
    double inflation = 1.0;           // variance of the counts, over that of independent draws
    GroupMean score;                  // of max_j <x, y_j> + h_j
    std::int64_t empty = 0;
    std::optional<SoftScores> soft;   // where cells are softened

    /// What the L1 distance of the masses is for a chi-squared distance: exact where relative errors of the masses are
    /// normal of one width.
    static double l1(double chi_squared);
    /// 95 % upper limit of l1 by the standard error, which ends a search.
    double upper() const;
    /// The l1 of the chi-squared distance at which what was found would lie below with this probability: 0.025 and
    /// 0.975 are the ends of a
    /// 95 % interval, upper and lower. From the non-central chi-square law of the counts, with their inflation: right
    /// for few cells as well; of draws
    /// shared among cells, whose noise has few directions, cautious away from the solution.
    double limit(double probability) const;
};

/// Independent groups of draws that make standard errors: draws of one block of rows depend on each other, groups do not.
inline constexpr int check_groups = 16;

/// Draws whose check tells errors at `tolerance` with a limit about an eighth above the value.
std::int64_t check_draws(std::int64_t size, double tolerance);

/// X = (|sum rho_g|^2 - sum |rho_g|^2) / (G (G - 1)) with rho_g = (counts of group g / its draws - nu) / sqrt(nu): a U-statistic.
MassCheck mass_check(TransportDraws& draws, std::span<const double> heights, std::int64_t n);

using GroupShares =
    std::vector<std::vector<double>>;   // (check_groups, n): mean over each group's draws of what falls to each cell

/// The part of a check that asks only for equal, independent groups: the distance, its errors and their inflation, for
/// draws that go to one
/// cell or are shared among several. `check` has `draws` and `masses`.
void judge(const GroupShares& shares, std::span<const double> nu, MassCheck& check);

GroupMean group_mean(std::span<const double> of_group);

}  // namespace buffon
