/// What samples are compared with: a sample, or a mixture, whose law is known exactly.
#pragma once

#include <optional>

#include <buffon/diffusion/gaussian_mixture.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

struct ExactReference {
    Matrix points;                          // (m, d), where there is no mixture
    std::optional<GaussianMixture> mixture;

    std::int64_t dim() const { return mixture ? mixture->dim() : points.cols; }
};

}  // namespace buffon::diffusion
