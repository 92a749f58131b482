/// First heights of a transport problem whose source fills most Voronoi cells: steps in the logarithm of the masses.
/// Not installed.
#pragma once

#include <vector>

#include <buffon/transport_draws.hpp>

namespace buffon {

struct FirstHeights {
    std::vector<double> heights;
    std::int64_t empty = 0;   // cells without a draw in the last batch
};

/// From the Voronoi cells eight steps h_i += f s_i log(wanted / found), f = 1 four times, then 1/2; s_i from the gaps
/// between the two best
/// scores. A cell that gets no draw is raised until it would win about one of 2 n rows: without a draw it has no gradient.
FirstHeights log_mass_start(TransportDraws& draws);

/// Raises heights of cells without a draw. Returns their number.
std::int64_t rescue(TransportDraws& draws, const CellCounts& found, std::vector<double>& heights);

}  // namespace buffon
