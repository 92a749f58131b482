/// Classifier-free guidance as a wrapper: a denoiser of a conditional one.
/// Source: Ho, Salimans, "Classifier-free diffusion guidance", arXiv:2207.12598; Kynkäänniemi et al., "Applying guidance in a
/// limited interval", NeurIPS 2024, arXiv:2404.07724 (interval); Lin et al., "Common diffusion noise schedules and sample steps
/// are flawed", WACV 2024, arXiv:2305.08891, eq. (15)-(16), here on E[x0 | x] (rescale).
#pragma once

#include <optional>
#include <tuple>
#include <vector>

#include <buffon/diffusion/denoiser.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

struct GuidedOptions {
    std::optional<std::vector<double>> interval = {};
    double rescale = 0.0;

    static constexpr auto fields() {
        return std::tuple{Field{"interval", &GuidedOptions::interval,
                                "lowest and highest noise level sigma at which to guide, elsewhere the conditional "
                                "denoiser is taken alone; None: all levels"},
                          Field{"rescale", &GuidedOptions::rescale,
                                "from 0 to 1: how much of the standard deviation over a sample's coordinates goes back "
                                "to that of the conditional denoiser"}};
    }
};

/// D = D_none + scale (D_class - D_none), both from one call with twice the rows. Rows without a class, or with scale = 1, cost
/// one row of the model, as rows outside the interval do. Samplers count one evaluation, and the second row as "guidance".
/// @throw std::invalid_argument for a model without classes, a scale that is not finite, an interval that is not one.
Denoiser guided(const Denoiser& model, double scale, const GuidedOptions& options = {});

}  // namespace buffon::diffusion
