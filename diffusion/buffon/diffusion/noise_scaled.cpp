#include <buffon/diffusion/noise_scaled.hpp>

#include <cmath>
#include <utility>
#include <vector>

#include <buffon/check.hpp>
#include <buffon/diffusion/device_levels.hpp>

namespace buffon::diffusion {
namespace {

double factor_at(const std::function<double(double)>& factor, double sigma) {
    const double f = factor(sigma);
    require(f > 0 && std::isfinite(f), "noise_scaled: the factor at sigma = ", sigma, " must be positive and finite, got ", f);
    return f;
}

/// (1 - f) x + f E[x0 | x]
DeviceFunction on_device(const DeviceFunction& model, std::int64_t dim, const std::function<double(double)>& factor) {
    return [model, dim, factor](const DeviceQuery& q) {
        model(q);
        std::vector<double> of_x, of_mean;
        for (const double sigma : q.sigma) {
            of_mean.push_back(factor_at(factor, sigma));
            of_x.push_back(1 - of_mean.back());
        }
        combine_levels(q, dim, {{q.rows.x, q.rows.out}, q.rows.number, {of_x, of_mean}, q.rows.out, q.rows.number});
    };
}

}  // namespace

Denoiser noise_scaled(const Denoiser& model, double factor) {
    require(factor > 0 && std::isfinite(factor), "noise_scaled: factor must be positive and finite, got ", factor);
    return noise_scaled(model, [factor](double) { return factor; });
}

Denoiser noise_scaled(const Denoiser& model, std::function<double(double)> factor) {
    Denoiser::Traits traits = model.traits();
    if (traits.on_device)
        traits.on_device = [inner = traits.on_device, dim = model.dim(), factor](const DeviceQueue& queue) {
            return on_device(inner(queue), dim, factor);
        };
    traits.name = "noise_scaled " + traits.name;
    traits.draw = {};   // its output is no data's mean
    const auto function = [model, factor = std::move(factor)](const Query& query, View out) {
        model.denoise(query, out);
        for (std::int64_t i = 0; i < out.rows; ++i) {
            const double f = factor_at(factor, query.sigma[query.sigma.size() == 1 ? 0 : static_cast<std::size_t>(i)]);
            for (std::int64_t j = 0; j < out.cols; ++j) out(i, j) = query.x(i, j) - f * (query.x(i, j) - out(i, j));
        }
    };
    return {model.dim(), function, traits};
}

}  // namespace buffon::diffusion
