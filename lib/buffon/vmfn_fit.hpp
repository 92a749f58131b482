/// Von Mises-Fisher-Nakagami laws fitted to weighted points: cross-entropy = weighted maximum likelihood. Not installed.
/// Source: Banerjee et al. (2005) for the concentration and the mixture; Wang and Song (2016) for the radius, by its second and
/// fourth moment; Schwarz (1978) for the number of components.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <buffon/stream.hpp>
#include <buffon/view.hpp>
#include <buffon/vmfn.hpp>

namespace buffon {

/// The law of the rows of z (n, d), d >= 2. A mean direction of few points is longer than it ought to be and points aside:
/// the concentration is the one that new points have about it, as far as the effective size of the weights tells. The radius
/// has no lighter a tail than the standard normal law's. None when fewer than three points carry the weights.
std::optional<VonMisesFisherNakagami> fit_vmfn(ConstView z, std::span<const double> weights);

struct FittedVmfn {
    double share;   // of the total weight
    VonMisesFisherNakagami law;
};

/// A mixture of at most `components` of them by EM; 0: as many, up to six, as lower the Bayesian information criterion, whose
/// number of points is the effective size of the weights. Components that die are dropped. Randomness: the start, from `stream`.
std::vector<FittedVmfn> fit_vmfn_mixture(ConstView z, std::span<const double> weights, std::int64_t components,
                                         const Stream& stream);

}  // namespace buffon
