#include <buffon/diffusion/thresholded.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include <buffon/check.hpp>
#include <buffon/device_buffer.hpp>
#include <buffon/diffusion/device_denoiser.hpp>

namespace buffon::diffusion {
namespace {

/// Linear interpolation between order statistics. `v` is reordered.
double quantile(std::vector<double>& v, double ratio) {
    const double place = ratio * static_cast<double>(v.size() - 1);
    const auto below = static_cast<std::ptrdiff_t>(place);
    std::nth_element(v.begin(), v.begin() + below, v.end());
    const double low = v[static_cast<std::size_t>(below)];
    if (below + 1 == static_cast<std::ptrdiff_t>(v.size())) return low;
    const double high = *std::min_element(v.begin() + below + 1, v.end());
    return low + (place - static_cast<double>(below)) * (high - low);
}

void threshold(std::span<double> row, const ThresholdedOptions& options, std::vector<double>& sizes) {
    double q = options.max;
    if (options.kind == ThresholdKind::dynamic) {
        sizes.resize(row.size());
        std::transform(row.begin(), row.end(), sizes.begin(), [](double v) { return std::abs(v); });
        q = std::max(q, quantile(sizes, options.ratio));
    }
    for (double& v : row) v = std::clamp(v, -q, q) * (options.max / q);
}

DeviceFunction on_device(const DeviceFunction& model, std::int64_t dim, const ThresholdedOptions& options) {
    return [model, dim, options](const DeviceQuery& q) {
        model(q);
        const DeviceThreshold cut{.x = q.rows.out, .number = q.rows.number, .rows = q.rows.rows, .cols = dim, .max = options.max,
                                  .dynamic = options.kind == ThresholdKind::dynamic, .ratio = options.ratio};
        device_check(q.queue, device_library().table->threshold(&q.queue, &cut));
    };
}

}  // namespace

Denoiser thresholded(const Denoiser& model, const ThresholdedOptions& options) {
    require(options.ratio > 0 && options.ratio <= 1, "thresholded: ratio must lie in (0, 1], got ", options.ratio);
    require(options.max > 0 && std::isfinite(options.max), "thresholded: max must be positive, got ", options.max);
    Denoiser::Traits traits = model.traits();
    if (traits.on_device)
        traits.on_device = [inner = traits.on_device, dim = model.dim(), options](const DeviceQueue& queue) {
            return on_device(inner(queue), dim, options);
        };
    traits.name = "thresholded " + traits.name;
    const auto denoise = [model, options](const Query& q, View out) {
        model.denoise(q, out);
        std::vector<double> sizes;
        for (std::int64_t i = 0; i < out.rows; ++i) threshold(out.row(i), options, sizes);
    };
    return {model.dim(), denoise, traits};
}

}  // namespace buffon::diffusion
