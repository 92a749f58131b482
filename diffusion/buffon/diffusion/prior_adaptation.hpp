/// Weights of noise levels that make a chain visit all of them alike, learnt while it burns in, as in simulated
/// tempering: where its
/// steps are not corrected, or sigma given x is a classifier's, equal weights are not equal visits.
/// Source: Wang, Landau, Phys. Rev. Lett. 86 (2001); Liang, Liu, Carroll, JASA 102 (2007), whose gains fall; Tan, JCGS
/// 26 (2017), who
/// counts probabilities of levels for visits; means of the weights by Polyak, Juditsky, SIAM J. Control Optim. 30 (1992).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <buffon/fields.hpp>

namespace buffon::diffusion {

/// flat: equal visits of all levels.
enum class PriorAim { flat };

/// The search so far: plain numbers, so that it can be stored.
struct PriorAdaptation {
    std::vector<double> log_weights;   // of the next step
    std::vector<double> log_sum;       // of the steps that the mean is made of
    std::int64_t step = 0;
    std::int64_t steps = 0;            // in all

    bool over() const { return step >= steps; }
};

/// @param weights from which it starts; positive.
PriorAdaptation begin_adaptation(std::span<const double> weights, std::int64_t steps);

/// After a step of the chains. `visits`: the mean over chains of the probabilities of the levels given x, sums to 1.
void adapt(PriorAdaptation& search, std::span<const double> visits);

/// The largest is 1. Once the search is over: the geometric mean of the weights of its second half.
std::vector<double> adapted_weights(const PriorAdaptation& search);

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::PriorAim> {
    static constexpr std::array<std::string_view, 1> names{"flat"};
};
