/// Thresholding as a wrapper: what the denoiser returns stays in the range of the data, sample by sample.
/// Source: Saharia et al., "Photorealistic text-to-image diffusion models with deep language understanding", NeurIPS 2022,
/// section 2.3.
#pragma once

#include <array>
#include <string_view>
#include <tuple>

#include <buffon/diffusion/denoiser.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

enum class ThresholdKind { dynamic, fixed };

struct ThresholdedOptions {
    ThresholdKind kind = ThresholdKind::dynamic;
    double ratio = 0.995;
    double max = 1.0;

    static constexpr auto fields() {
        return std::tuple{Field{"kind", &ThresholdedOptions::kind,
                                "static cuts each coordinate off at -max and max; dynamic cuts at -q and q, q = "
                                "max(max, the sample's quantile of |D|), and divides by q / max"},
                          Field{"ratio", &ThresholdedOptions::ratio,
                                "of dynamic: the quantile over a sample's coordinates, linearly interpolated"},
                          Field{"max", &ThresholdedOptions::max, "largest absolute value of the data"}};
    }
};

/// @throw std::invalid_argument for a ratio outside (0, 1], a max that is not positive.
Denoiser thresholded(const Denoiser& model, const ThresholdedOptions& options = {});

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::ThresholdKind> {
    static constexpr std::array<std::string_view, 2> names{"dynamic", "static"};
};
