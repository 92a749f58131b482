/// Second derivative of the transport energy, from plain draws: a graph Laplacian of the cells with the source's mass on a common
/// facet over the distance of its targets as weights. It moves the slow modes between clusters, which diagonal steps do
/// not. Not installed.
#pragma once

#include <buffon/averaged_steps.hpp>

namespace buffon {

/// Steps factor L^-1 (nu r). A draw within e of the facet of its two best targets counts 1 / (2 e |y_i - y_j| draws), e
/// half the smaller mean
/// distance of the draws of either cell from their nearest facet.
Precondition laplacian(TransportDraws& draws, std::span<const double> heights);

}  // namespace buffon
