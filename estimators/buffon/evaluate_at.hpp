/// The model at given points of standard normal space, for searches and chains: they count and are kept, as points that no
/// sampling law has drawn. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/evaluation.hpp>
#include <buffon/proposal.hpp>
#include <buffon/view.hpp>
#include <buffon/working_space.hpp>

namespace buffon {

/// Outputs and scores at the rows of z (n, d); no call of the model for none. A kept sample has them as rows of the adaptation,
/// with the density of the input law.
Draws evaluate_at(Evaluation& evaluate, const WorkingSpace& space, Matrix z);

/// Outputs whose scores differ by a constant are levels of one function. (m) for each output the first one of its family, by the
/// rows of score (n, m); a single row makes families of all.
std::vector<std::int64_t> families_of(ConstView score);

}  // namespace buffon
