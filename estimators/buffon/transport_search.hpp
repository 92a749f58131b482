/// The stochastic solver of semi-discrete transport: first heights, averaged steps, a check that ends them. Not installed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include <buffon/averaged_steps.hpp>
#include <buffon/mass_check.hpp>
#include <buffon/soft_start.hpp>
#include <buffon/transport_draws.hpp>

namespace buffon {

/// First heights, and what the steps from them need.
struct BegunSearch {
    std::vector<double> heights;
    bool connected = false;   // steps by a graph of all cells, not one by one
    double worth = 0.0;       // draws that the heights are worth
    DrawsPosition at;         // of the draws that make the preconditioner
};

/// From which a search goes on with the same bits.
struct SearchState {
    DrawsPosition at;
    std::optional<SoftLevel> level;     // within the start
    std::optional<BegunSearch> begun;   // behind it
    AveragedSteps::State steps;
    std::int64_t start_draws = 0, next_check = 0;
    bool stepped = false;               // since the last check
};

struct HeightSearchOptions {
    double target_error = 0.02;
    std::vector<double> first = {};                  // heights to go on from; what they are worth a check tells
    double width = 0.0;                              // of softened cells; 0: cells
    std::optional<SearchState> state = {};           // of an interrupted search of the same problem, key and options
    std::function<void(const std::function<SearchState()>&, bool last)> keep =
        {};   // told at points to go on from; last: nothing follows
};

struct TransportSearch {
    std::vector<double> heights;
    MassCheck check;
    std::int64_t start_draws = 0, step_draws = 0, steps = 0;
    bool converged = false;
};

/// Steps until a check on fresh draws finds the target error reached, or the budget leaves no more than the last check.
/// A check that
/// fails is followed by one at twice the draws: the best of many checks would flatter.
/// target_error = 0: no check but the last.
TransportSearch search_heights(TransportDraws& draws, const HeightSearchOptions& options);

}  // namespace buffon
