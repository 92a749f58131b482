/// A Gaussian mixture fitted to a sample: a denoiser in closed form where only points, or draws of a network, are given.
/// Source: Dempster, Laird, Rubin, JRSS B 39 (1977); starts by Arthur, Vassilvitskii, SODA 2007; shrinkage of covariances by
/// Schaefer, Strimmer, Stat. Appl. Genet. Mol. Biol. 4 (2005).
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include <buffon/diffusion/gaussian_mixture.hpp>
#include <buffon/diffusion/sample.hpp>
#include <buffon/fields.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

struct MixtureFitOptions {
    std::int64_t components = 8;
    bool diagonal = false;
    OneOrMany<std::int64_t> labels = {};
    std::optional<std::uint64_t> rng = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"components", &MixtureFitOptions::components,
                  "most components, of each class; those that no point is nearest to are dropped"},
            Field{"diagonal", &MixtureFitOptions::diagonal,
                  "whether coordinates of a component are independent: d numbers, not d^2"},
            Field{"labels", &MixtureFitOptions::labels,
                  "class 0, 1, ... of each point: every class gets components of its own"},
            Field{"rng", &MixtureFitOptions::rng, "key of the starts: same key, same bits; None draws a fresh one"}};
    }
};

/// Maximum likelihood by EM from the best of three starts, in coordinates scaled to variance 1, with a ten-thousandth of that
/// variance added along every direction and covariances of few points shrunk. Coordinates that are constant stay so.
/// @param points  (n, d), n >= 2
/// @throw std::invalid_argument for fewer points than components, a number that is not finite, labels that skip a class.
GaussianMixture fit_mixture(ConstView points, const MixtureFitOptions& options = {});

}   // namespace buffon::diffusion
