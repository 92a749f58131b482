/// Euler and Maruyama's method for the reverse SDE dx = (f x - g^2 score) dt + g dw, run back in time.
/// Source: Song, Sohl-Dickstein, Kingma, Kumar, Ermon, Poole, "Score-based generative modeling through stochastic
/// differential equations", ICLR 2021, eq. (6).
#pragma once

#include <tuple>

#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

struct EulerMaruyamaOptions {
    bool final_noise = false;

    static constexpr auto fields() {
        return std::tuple{
            Field{"final_noise", &EulerMaruyamaOptions::final_noise,
                  "whether the last step, too, adds noise; never one to sigma = 0, which returns the data prediction"}};
    }
};

/// The rows' weights follow the SDE, not the noise levels: few steps leave the law of the noise.
Table euler_maruyama(const Schedule& schedule, const Grid& grid, const EulerMaruyamaOptions& options = {});

}  // namespace buffon::diffusion
