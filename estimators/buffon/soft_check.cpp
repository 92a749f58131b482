#include <buffon/soft_check.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include <Eigen/Cholesky>

#include <buffon/soft_rows.hpp>
#include <buffon/soft_start.hpp>

namespace buffon {
namespace {

constexpr std::int64_t factored_size = 512;   // targets up to which all products of shares are summed
constexpr std::int64_t least_rows = 8192;
constexpr double lift = 1e-3;                 // of the diagonal, so that constants are no kernel
constexpr double prior_draws = 4.0;           // with the mean's curvature, behind each cell's own

/// width^-1 (diag(w) - E p p'), factored.
SoftSteps factored(TransportDraws& draws, std::span<const double> heights, double width) {
    const std::vector<double>& nu = draws.masses();
    Matrix products = soft_products(draws, heights, width, std::max(least_rows, 16 * draws.size()));
    const std::int64_t n = products.rows;
    SoftSteps out;
    out.noise = 0.0;
    std::vector<double> relative;
    for (std::int64_t i = 0; i < n; ++i) {
        double w = 0.0;   // shares sum to 1
        for (std::int64_t j = 0; j < n; ++j) w += products(i, j);
        out.noise += (products(i, i) - w * w) / nu[static_cast<std::size_t>(i)] / static_cast<double>(n - 1);
        for (std::int64_t j = 0; j < n; ++j) products(i, j) = ((i == j ? w : 0.0) - products(i, j)) / width;
        relative.push_back(products(i, i) / nu[static_cast<std::size_t>(i)]);
    }
    std::ranges::nth_element(relative, relative.begin() + n / 2);
    for (std::int64_t i = 0; i < n; ++i)
        products(i, i) += lift * relative[static_cast<std::size_t>(n / 2)] * nu[static_cast<std::size_t>(i)];
    const auto solver =
        std::make_shared<Eigen::LDLT<Eigen::MatrixXd>>(Eigen::Map<const Eigen::MatrixXd>(products.data.data(), n, n));
    out.precondition = [solver, nu](std::span<const double> r, double factor) {
        Eigen::VectorXd wanted(static_cast<Eigen::Index>(nu.size()));
        for (std::size_t i = 0; i < nu.size(); ++i) wanted[static_cast<Eigen::Index>(i)] = factor * nu[i] * r[i];
        const Eigen::VectorXd change = solver->solve(wanted);
        return std::vector<double>(change.begin(), change.end());
    };
    return out;
}

SoftSteps of_diagonal(TransportDraws& draws, std::span<const double> heights, double width) {
    const std::vector<double>& nu = draws.masses();
    const SoftCellSums sums = soft_sums(draws, heights, width, std::max(least_rows, 16 * draws.size()));
    const double n = static_cast<double>(sums.draws);
    SoftSteps out;
    out.noise = 0.0;
    double curvature = 0.0;   // of all cells together, for width 1
    for (std::size_t i = 0; i < nu.size(); ++i) {
        const double w = sums.masses[i] / n;
        out.noise += (sums.squares[i] / n - w * w) / nu[i] / static_cast<double>(nu.size() - 1);
        curvature += (sums.masses[i] - sums.squares[i]) / n;
    }
    std::vector<double> scales;
    for (std::size_t i = 0; i < nu.size(); ++i)
        scales.push_back(width * (sums.masses[i] + prior_draws) / (sums.masses[i] - sums.squares[i] + prior_draws * curvature));
    out.precondition = diagonal(std::move(scales));
    return out;
}

}  // namespace

MassCheck soft_mass_check(TransportDraws& draws, std::span<const double> heights, double width, std::int64_t n) {
    MassCheck out;
    out.masses.assign(heights.size(), 0.0);
    std::vector<double> squares(heights.size(), 0.0);
    GroupShares shares;
    std::array<double, check_groups> best, log_sum, shared;
    for (std::size_t g = 0; g < check_groups; ++g) {
        const SoftCellSums found = soft_sums(draws, heights, width, std::max<std::int64_t>(n / check_groups, 1));
        const double of_group = static_cast<double>(found.draws);
        shares.push_back(found.masses);
        for (double& share : shares.back()) share /= of_group;
        for (std::size_t i = 0; i < squares.size(); ++i) {
            out.masses[i] += shares.back()[i] / check_groups;
            squares[i] += found.squares[i] / of_group / check_groups;
        }
        best[g] = found.best / of_group;
        log_sum[g] = found.log_sum / of_group;
        shared[g] = found.shared / of_group;
        out.draws += found.draws;
    }
    judge(shares, draws.masses(), out);
    for (std::size_t i = 0; i < squares.size(); ++i)   // plain draws are independent
        out.mass_std_error.push_back(
            std::sqrt(std::max(squares[i] - out.masses[i] * out.masses[i], 0.0) / static_cast<double>(out.draws)));
    out.score = group_mean(best);
    out.soft = SoftScores{group_mean(log_sum), group_mean(shared)};
    return out;
}

Measure by_shares(TransportDraws& draws, double width) {
    return [&draws, width](std::span<const double> heights, std::int64_t n) {
        const std::int64_t before = draws.spent();
        std::vector<double> masses = soft_masses(draws, heights, width, n);
        return MeasuredMasses{std::move(masses), draws.spent() - before};
    };
}

SoftSteps soft_precondition(TransportDraws& draws, std::span<const double> heights, double width) {
    return draws.size() <= factored_size ? factored(draws, heights, width) : of_diagonal(draws, heights, width);
}

}  // namespace buffon
