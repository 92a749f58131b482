/// The stochastic solver of semi-discrete transport: first heights, averaged steps, a check that ends them. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/mass_check.hpp>
#include <buffon/transport_draws.hpp>

namespace buffon {

struct TransportSearch {
    std::vector<double> heights;
    MassCheck check;
    std::int64_t start_draws = 0, step_draws = 0, steps = 0;
    bool converged = false;
};

/// Steps until a check on fresh draws finds the target error reached, or the budget leaves no more than the last check. A check that
/// fails is followed by one at twice the draws: the best of many checks would flatter.
/// target_error = 0: no check but the last.
/// `first`: heights to go on from; what they are worth a check tells.
TransportSearch search_heights(TransportDraws& draws, double target_error, const std::vector<double>& first = {});

}  // namespace buffon
