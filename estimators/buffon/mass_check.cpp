#include <buffon/mass_check.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/non_central_chi_squared.hpp>

namespace buffon {
namespace {

using Groups = GroupShares;
constexpr double G = check_groups;
constexpr double upper_quantile = 1.6448536269514722;

double dot(std::span<const double> a, std::span<const double> b) {
    double sum = 0.0;
    for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

/// The U-statistic of all groups and its jackknife, from the inner products of the groups.
void add_distance(const Groups& rho, MassCheck& check) {
    std::vector<double> sum(rho[0].size(), 0.0);
    for (const auto& group : rho)
        for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += group[i];
    const double total = dot(sum, sum);
    double own = 0.0;
    for (const auto& group : rho) own += dot(group, group);
    check.chi_squared = (total - own) / (G * (G - 1));
    check.mean_square = total / (G * G);
    std::array<double, check_groups> without;
    for (std::size_t g = 0; g < rho.size(); ++g) {
        const double with_all = dot(sum, rho[g]), self = dot(rho[g], rho[g]);
        without[g] = (total - 2 * with_all + self - (own - self)) / ((G - 1) * (G - 2));
    }
    double mean = 0.0, scatter = 0.0;
    for (const double x : without) mean += x / G;
    for (const double x : without) scatter += (x - mean) * (x - mean);
    check.std_error = std::sqrt((G - 1) / G * scatter);
}

/// (trace S)^2 / trace S^2 of the covariance S of the groups: from the inner products of their deviations d_g, whose
/// squares have mean
/// ((1 - 1/G)^2 + 1/G^2) trace S^2 + (trace S)^2 / G^2 for g != h.
double effective_freedom(const Groups& rho) {
    const std::size_t n = rho[0].size();
    Groups deviation = rho;
    for (std::size_t i = 0; i < n; ++i) {
        double mean = 0.0;
        for (const auto& group : rho) mean += group[i] / G;
        for (auto& group : deviation) group[i] -= mean;
    }
    double trace = 0.0, square = 0.0;
    for (std::size_t g = 0; g < deviation.size(); ++g) {
        trace += dot(deviation[g], deviation[g]) / (G - 1);
        for (std::size_t h = 0; h < g; ++h) square += std::pow(dot(deviation[g], deviation[h]), 2) / (G * (G - 1) / 2);
    }
    const double of_square = (square - trace * trace / (G * G)) / ((1 - 1 / G) * (1 - 1 / G) + 1 / (G * G));
    const double most = std::max(static_cast<double>(n) - 1, 1.0);
    return of_square > 0 ? std::clamp(trace * trace / of_square, 1.0, most) : most;
}

/// Of the groups' counts about their mean, over the multinomial one: sum_i var(c_i) / sum_i n w_i (1 - w_i).
double inflation_of(const Groups& rho, std::span<const double> nu, std::span<const double> masses, double draws_of_group) {
    double found = 0.0, multinomial = 0.0;
    for (std::size_t i = 0; i < nu.size(); ++i) {
        double mean = 0.0;
        for (const auto& group : rho) mean += group[i] / G;
        for (const auto& group : rho) found += (group[i] - mean) * (group[i] - mean) * nu[i] / (G - 1);
        multinomial += masses[i] * (1 - masses[i]) / draws_of_group;
    }
    return multinomial > 0 ? found / multinomial : 1.0;
}

}  // namespace

double MassCheck::l1(double chi_squared) { return std::sqrt(2 / std::numbers::pi * std::max(chi_squared, 0.0)); }

double MassCheck::upper() const { return l1(chi_squared + upper_quantile * std_error); }

double MassCheck::limit(double probability) const {
    const double noise = (mean_square - chi_squared) / freedom;   // variance of a mean, in each direction
    if (!(noise > 0)) return 0.0;
    const double x = mean_square / noise;
    const auto below = [&](double away) {
        if (away == 0.0) return boost::math::cdf(boost::math::chi_squared(freedom), x);
        return boost::math::cdf(boost::math::non_central_chi_squared(freedom, away), x);
    };
    if (below(0.0) <= probability) return 0.0;
    double low = 0.0, high = x + 1;
    while (below(high) > probability) high *= 2;
    for (int halving = 0; halving < 40; ++halving) {
        const double middle = (low + high) / 2;
        (below(middle) > probability ? low : high) = middle;
    }
    return l1(high * noise);
}

std::int64_t check_draws(std::int64_t size, double tolerance) {
    return static_cast<std::int64_t>(std::ceil(5 * std::sqrt(2.0 * static_cast<double>(size)) / (tolerance * tolerance)));
}

GroupMean group_mean(std::span<const double> of_group) {
    GroupMean out;
    double scatter = 0.0;
    for (const double s : of_group) out.value += s / G;
    for (const double s : of_group) scatter += (s - out.value) * (s - out.value);
    out.std_error = std::sqrt(scatter / (G * (G - 1)));
    return out;
}

void judge(const GroupShares& shares, std::span<const double> nu, MassCheck& check) {
    Groups rho = shares;
    for (auto& group : rho)
        for (std::size_t i = 0; i < nu.size(); ++i) group[i] = (group[i] - nu[i]) / std::sqrt(nu[i]);
    add_distance(rho, check);
    check.freedom = effective_freedom(rho);
    check.inflation = inflation_of(rho, nu, check.masses, static_cast<double>(check.draws) / G);
    for (const double w : check.masses) check.empty += w == 0;
}

MassCheck mass_check(TransportDraws& draws, std::span<const double> heights, std::int64_t n) {
    const std::vector<double>& nu = draws.masses();
    MassCheck out;
    std::vector<std::int64_t> counts(nu.size(), 0);
    GroupShares shares(check_groups, std::vector<double>(nu.size()));
    std::array<double, check_groups> score;
    for (std::size_t g = 0; g < shares.size(); ++g) {
        const CellCounts found = draws.count(heights, std::max<std::int64_t>(n / check_groups, 1), true);
        for (std::size_t i = 0; i < nu.size(); ++i) {
            shares[g][i] = static_cast<double>(found.counts[i]) / static_cast<double>(found.draws);
            counts[i] += found.counts[i];
        }
        score[g] = found.score_sum / static_cast<double>(found.draws);
        out.draws += found.draws;
    }
    for (const std::int64_t count : counts) out.masses.push_back(static_cast<double>(count) / static_cast<double>(out.draws));
    judge(shares, nu, out);
    for (const double w : out.masses)
        out.mass_std_error.push_back(std::sqrt(out.inflation * w * (1 - w) / static_cast<double>(out.draws)));
    out.score = group_mean(score);
    return out;
}

}  // namespace buffon
