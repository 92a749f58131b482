#include <buffon/diffusion/noise_scaled.hpp>

#include <cmath>
#include <utility>

#include <buffon/check.hpp>

namespace buffon::diffusion {

Denoiser noise_scaled(const Denoiser& model, double factor) {
    require(factor > 0 && std::isfinite(factor), "noise_scaled: factor must be positive and finite, got ", factor);
    return noise_scaled(model, [factor](double) { return factor; });
}

Denoiser noise_scaled(const Denoiser& model, std::function<double(double)> factor) {
    Denoiser::Traits traits = model.traits();
    traits.on_device = {};
    traits.name = "noise_scaled " + traits.name;
    traits.draw = {};   // its output is no data's mean
    const auto function = [model, factor = std::move(factor)](const Query& query, View out) {
        model.denoise(query, out);
        for (std::int64_t i = 0; i < out.rows; ++i) {
            const double sigma = query.sigma[query.sigma.size() == 1 ? 0 : static_cast<std::size_t>(i)], f = factor(sigma);
            require(f > 0 && std::isfinite(f), "noise_scaled: the factor at sigma = ", sigma, " must be positive and finite, got ", f);
            for (std::int64_t j = 0; j < out.cols; ++j) out(i, j) = query.x(i, j) - f * (query.x(i, j) - out(i, j));
        }
    };
    return {model.dim(), function, traits};
}

}  // namespace buffon::diffusion
