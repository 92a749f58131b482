#include <buffon/diffusion/input_perturbed.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include <buffon/check.hpp>
#include <buffon/diffusion/device_levels.hpp>

namespace buffon::diffusion {
namespace {

/// sqrt(1 + gamma^2) sigma, between the levels that the model knows.
struct Louder {
    double root, lowest, highest;

    std::vector<double> operator()(std::span<const double> sigma) const {
        std::vector<double> out(sigma.begin(), sigma.end());
        for (double& s : out) s = std::clamp(root * s, lowest, highest);   // rounding at the ends
        return out;
    }
};

DeviceFunction on_device(const DeviceFunction& model, std::int64_t dim, const Louder& louder, double square) {
    return [=](const DeviceQuery& q) {
        const std::vector<double> sigma = louder(q.sigma);
        const bool of_rows = q.rows.sigmas != nullptr;
        const DeviceBuffer there = of_rows ? DeviceBuffer::of(q.queue, std::span(sigma)) : DeviceBuffer();
        DeviceQuery asked{q.queue, q.rows, sigma, q.labels};
        asked.rows.sigma = sigma[0];
        asked.rows.sigmas = there.as<double>();
        model(asked);
        combine_levels(q, dim,
                       {{q.rows.x, q.rows.out}, q.rows.number, {{1 - 1 / square}, {1 / square}}, q.rows.out, q.rows.number});
    };
}

}  // namespace

Denoiser input_perturbed(const Denoiser& model, double gamma) {
    require(gamma >= 0 && std::isfinite(gamma), "input_perturbed: gamma must be at least 0 and finite, got ", gamma);
    const double square = 1 + gamma * gamma, root = std::sqrt(square);
    Denoiser::Traits traits = model.traits();
    const Louder louder{root, model.traits().sigma_min, model.traits().sigma_max};
    if (traits.on_device)
        traits.on_device = [inner = traits.on_device, dim = model.dim(), louder, square](const DeviceQueue& queue) {
            return on_device(inner(queue), dim, louder, square);
        };
    traits.name = "input_perturbed " + traits.name;
    traits.draw = {};   // its output is no data's mean
    traits.sigma_min /= root;
    traits.sigma_max /= root;
    if (traits.rows)
        traits.rows = [rows = traits.rows, root](double sigma, bool conditional) {
            return rows(root * sigma, conditional);
        };
    const auto function = [=](const Query& query, View out) {
        const std::vector<double> sigma = louder(query.sigma);
        model.denoise({query.x, sigma, query.labels, query.threads}, out);
        for (std::int64_t i = 0; i < out.rows; ++i)
            for (std::int64_t j = 0; j < out.cols; ++j) out(i, j) = query.x(i, j) - (query.x(i, j) - out(i, j)) / square;
    };
    return {model.dim(), function, traits};
}

}  // namespace buffon::diffusion
