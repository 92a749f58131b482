/// Von Mises-Fisher-Nakagami laws fitted to weighted points: cross-entropy = weighted maximum likelihood. Not installed.
/// Source: Banerjee et al. (2005) for the concentration; Wang and Song (2016) for the radius, by its second and fourth moment.
#pragma once

#include <optional>
#include <span>

#include <buffon/view.hpp>
#include <buffon/vmfn.hpp>

namespace buffon {

/// The law of the rows of z (n, d), d >= 2. A mean direction of few points is longer than it ought to be and points aside:
/// the concentration is the one that new points have about it, as far as the effective size of the weights tells. None when
/// fewer than three points carry the weights.
std::optional<VonMisesFisherNakagami> fit_vmfn(ConstView z, std::span<const double> weights);

}  // namespace buffon
