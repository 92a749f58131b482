#include <buffon/diffusion/input_perturbed.hpp>

#include <algorithm>
#include <cmath>
#include <vector>

#include <buffon/check.hpp>

namespace buffon::diffusion {

Denoiser input_perturbed(const Denoiser& model, double gamma) {
    require(gamma >= 0 && std::isfinite(gamma), "input_perturbed: gamma must be at least 0 and finite, got ", gamma);
    const double square = 1 + gamma * gamma, root = std::sqrt(square);
    Denoiser::Traits traits = model.traits();
    traits.on_device = {};
    traits.name = "input_perturbed " + traits.name;
    traits.draw = {};   // its output is no data's mean
    traits.sigma_min /= root;
    traits.sigma_max /= root;
    if (traits.rows)
        traits.rows = [rows = traits.rows, root](double sigma, bool conditional) {
            return rows(root * sigma, conditional);
        };
    const double lowest = model.traits().sigma_min, highest = model.traits().sigma_max;
    const auto function = [=](const Query& query, View out) {
        std::vector<double> sigma(query.sigma.begin(), query.sigma.end());
        for (double& s : sigma) s = std::clamp(root * s, lowest, highest);   // rounding at the ends
        model.denoise({query.x, sigma, query.labels, query.threads}, out);
        for (std::int64_t i = 0; i < out.rows; ++i)
            for (std::int64_t j = 0; j < out.cols; ++j) out(i, j) = query.x(i, j) - (query.x(i, j) - out(i, j)) / square;
    };
    return {model.dim(), function, traits};
}

}  // namespace buffon::diffusion
