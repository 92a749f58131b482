/// Exact heights in one and two dimensions. Not installed.
/// Source: Kitagawa, Mérigot, Thibert, "Convergence of a Newton algorithm for semi-discrete optimal transport", JEMS 21 (2019).
#pragma once

#include <span>
#include <vector>

#include <buffon/distribution.hpp>
#include <buffon/planar_cells.hpp>
#include <buffon/view.hpp>

namespace buffon {

struct ExactHeights {
    std::vector<double> heights;   // (n), their mean under the masses 0
    std::vector<double> masses;    // (n) of the cells
    double moved = 0.0;            // sum_i <y_i, integral of x over cell i>
    int iterations = 0;
    bool converged = true;
};

/// On a line: sorted targets take consecutive intervals, cut at quantiles of the cumulative masses.
ExactHeights line_heights(const Distribution& source, ConstView targets, std::span<const double> masses);

/// In the plane: Newton steps with exact masses and facets from cells that are all filled, halved until every cell
/// keeps mass and the
/// error falls. Targets and heights are in the coordinates of the law.
ExactHeights planar_heights(const PlanarLaw& law, ConstView targets, std::span<const double> masses, int threads);

}  // namespace buffon
