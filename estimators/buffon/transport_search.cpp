#include <buffon/transport_search.hpp>

#include <algorithm>

#include <buffon/averaged_steps.hpp>
#include <buffon/cell_laplacian.hpp>
#include <buffon/log_mass_start.hpp>
#include <buffon/soft_start.hpp>

namespace buffon {
namespace {

constexpr std::int64_t soft_size = 512;       // targets up to which the soft start is cheap
constexpr double most_empty = 0.05;           // of the cells after the log-mass start

/// First heights, and the steps that improve them.
AveragedSteps begin(TransportDraws& draws) {
    const bool flat = draws.cells().dim() <= 3;
    bool soft = draws.size() <= soft_size;
    FirstHeights first;
    if (!soft) {
        first = log_mass_start(draws);
        soft = static_cast<double>(first.empty) > most_empty * static_cast<double>(draws.size());
    }
    if (soft) first.heights = soft_start(draws);
    Precondition precondition = soft || flat ? laplacian(draws, first.heights) : diagonal(gap_scales(draws, first.heights));
    return {draws, std::move(first.heights), std::move(precondition)};
}

/// From heights whose masses are as wrong as those of a search of n / chi-squared draws.
AveragedSteps go_on(TransportDraws& draws, std::vector<double> heights, const MassCheck& check) {
    const CellCounts found = draws.count(heights, draws.filling());
    rescue(draws, found, heights);
    const bool soft = draws.size() <= soft_size || draws.cells().dim() <= 3;
    Precondition precondition = soft ? laplacian(draws, heights) : diagonal(gap_scales(draws, heights));
    const double worth = static_cast<double>(draws.size()) / (std::max(check.chi_squared, 0.0) + check.std_error);
    return {draws, std::move(heights), std::move(precondition), std::min(worth, static_cast<double>(draws.budget()))};
}

}  // namespace

TransportSearch search_heights(TransportDraws& draws, double target_error, const std::vector<double>& first) {
    TransportSearch out;
    const std::int64_t n = draws.size();
    const std::int64_t wanted = target_error > 0 ? check_draws(n, target_error) : draws.budget() / 8;
    const std::int64_t reserve = std::min(wanted, draws.budget() / 4);
    if (!first.empty()) {
        out.heights = first;
        out.check = mass_check(draws, first, std::min(wanted, draws.budget() / 4));
        out.converged = target_error > 0 && out.check.upper() <= target_error;
        if (out.converged) return out;
    }
    AveragedSteps steps = first.empty() ? begin(draws) : go_on(draws, first, out.check);
    out.start_draws = draws.spent();
    std::int64_t next_check = 256 * n;
    while (next_check < draws.spent() || next_check < wanted) next_check *= 2;
    while (!out.converged && draws.spent() + steps.next_draws() + reserve <= draws.budget()) {
        steps.step();
        if (target_error == 0 || draws.spent() < next_check || draws.left() < wanted + reserve) continue;
        next_check *= 2;
        out.heights = steps.average();
        out.check = mass_check(draws, out.heights, wanted);
        out.converged = out.check.upper() <= target_error;
    }
    out.steps = steps.steps();
    out.step_draws = steps.draws();
    if (out.converged) return out;
    out.heights = steps.average();
    out.check = mass_check(draws, out.heights, std::max(reserve, std::min(wanted, draws.left())));
    out.converged = target_error > 0 && out.check.upper() <= target_error;
    return out;
}

}  // namespace buffon
