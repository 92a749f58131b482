/// The ideal denoiser on a CUDA device.
#include <buffon/diffusion/empirical.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>

#include <buffon/device_buffer.hpp>
#include <buffon/diffusion/device_denoiser.hpp>

namespace buffon::diffusion {
namespace {

struct Kept {
    DeviceBuffer centre, points, transposed, half_norm, log_weight, starts;
    DevicePoints data;
    double scale_squared = 0.0;   // largest |y - centre|^2
};

/// Points in the order of their classes, relative to their centre, all in T.
template <class T>
std::shared_ptr<const Kept> keep(const Empirical& model, const DeviceQueue& queue) {
    const Matrix y = model.points();
    const std::vector<std::int64_t> labels = model.labels();
    const std::vector<double> weights = model.weights();
    const auto m = static_cast<std::size_t>(y.rows), d = static_cast<std::size_t>(y.cols);
    std::vector<std::size_t> order(m);
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (!labels.empty()) std::ranges::stable_sort(order, {}, [&](std::size_t i) { return labels[i]; });
    std::vector<double> centre(d, 0.0);
    for (std::size_t i = 0; i < m; ++i)
        for (std::size_t j = 0; j < d; ++j) centre[j] += y.data[i * d + j] / static_cast<double>(m);
    const std::size_t tiled = sizeof(T) == 4 && d <= 64 ? (d <= 16 ? 16 : d <= 32 ? 32 : 64) : 0;
    const std::size_t width = tiled > 0 ? tiled : d, padded = tiled > 0 ? (m + 63) / 64 * 64 : m;
    const auto place = [&](std::size_t i) { return tiled > 0 ? i / 64 * 64 + i % 16 * 4 + i % 64 / 16 : i; };
    std::vector<T> points(padded * width, T(0)), transposed(padded * width, T(0)), half_norm(padded, T(0)),
        log_weight(padded, T(-1e30));
    std::vector<std::int64_t> starts;
    const auto kept = std::make_shared<Kept>();
    for (std::size_t i = 0; i < m; ++i) {
        double norm = 0.0;
        for (std::size_t j = 0; j < d; ++j) {
            const T v = static_cast<T>(y.data[order[i] * d + j] - centre[j]);
            points[i * width + j] = transposed[j * padded + place(i)] = v;
            norm += static_cast<double>(v) * static_cast<double>(v);
        }
        half_norm[i] = static_cast<T>(norm / 2);
        log_weight[i] = static_cast<T>(std::log(weights[order[i]]));
        kept->scale_squared = std::max(kept->scale_squared, norm);
        if (!labels.empty() && (i == 0 || labels[order[i]] != labels[order[i - 1]]))
            starts.push_back(static_cast<std::int64_t>(i));
    }
    if (!labels.empty()) starts.push_back(y.rows);
    const auto put = [&]<class U>(const std::vector<U>& v) { return DeviceBuffer::of(queue, std::span<const U>(v)); };
    kept->centre = put(centre);
    kept->points = put(points);
    kept->transposed = put(transposed);
    kept->half_norm = put(half_norm);
    kept->log_weight = put(log_weight);
    kept->starts = put(starts);
    kept->data = {.dim = y.cols,
                  .size = y.rows,
                  .tiled = static_cast<std::int64_t>(tiled),
                  .padded = static_cast<std::int64_t>(padded),
                  .number = sizeof(T) == 8 ? Number::float64 : Number::float32,
                  .centre = kept->centre.as<double>(),
                  .points = kept->points.data(),
                  .transposed = kept->transposed.data(),
                  .half_norm = kept->half_norm.data(),
                  .log_weight = kept->log_weight.data(),
                  .starts = kept->starts.as<std::int64_t>(),
                  .classes = model.classes(),
                  .bandwidth = model.bandwidth()};
    return kept;
}

/// Below it the product form of the distance loses digits in the weights: its error is about eps |y|^2 / v, here 3e-5. Squared
/// differences cost half as much again.
constexpr double direct_below = 2e-3;

}  // namespace

struct Empirical::OnDevices {
    PerDevice<Kept> kept;
    PerDevice<Kept> exact;   // in double, of models in float: densities are double always
};

std::shared_ptr<Empirical::OnDevices> Empirical::no_devices() { return std::make_shared<OnDevices>(); }

DeviceFunction Empirical::on_device(const DeviceQueue& queue) const {
    const auto kept = devices_->kept.on(queue, [this](const DeviceQueue& all) {
        return single() ? keep<float>(*this, all) : keep<double>(*this, all);
    });
    return [kept, model = *this](const DeviceQuery& q) {
        if (q.levels != nullptr || q.rows.log_density != nullptr || q.rows.modes != nullptr) {
            const auto in_double = [&](const DeviceQueue& all) { return keep<double>(model, all); };
            const auto exact = model.single() ? model.devices_->exact.on(q.queue, in_double) : kept;
            const DeviceTable& table = *device_library().table;
            device_check(q.queue, q.levels != nullptr ? table.point_levels(&q.queue, &exact->data, q.levels)
                                                      : table.point_densities(&q.queue, &exact->data, &q.rows));
        }
        if (q.rows.out == nullptr) return;
        DevicePoints data = kept->data;
        const double least = q.least_sigma();
        data.direct = least * least + data.bandwidth * data.bandwidth < direct_below * kept->scale_squared;
        device_check(q.queue, device_library().table->points(&q.queue, &data, &q.rows));
    };
}

}  // namespace buffon::diffusion
