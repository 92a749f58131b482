/// The mixture on a CUDA device.
#include <buffon/diffusion/gaussian_mixture.hpp>

#include <algorithm>
#include <memory>

#include <Eigen/QR>

#include <buffon/device_buffer.hpp>
#include <buffon/diffusion/device_denoiser.hpp>

namespace buffon::diffusion {
namespace {

using Vector = std::vector<double>;

/// Orthonormal rows (r, d) and more of them, (d, d).
Vector completed(const Vector& axes, std::size_t r, std::size_t d) {
    using Table = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
    const auto rows = static_cast<Eigen::Index>(r), cols = static_cast<Eigen::Index>(d);
    const Table others = Eigen::HouseholderQR<Eigen::MatrixXd>(Eigen::Map<const Table>(axes.data(), rows, cols).transpose())
                             .householderQ().transpose() * Eigen::MatrixXd::Identity(cols, cols);
    Vector all(axes);
    all.resize(d * d);
    Eigen::Map<Table>(all.data(), cols, cols).bottomRows(cols - rows) = others.bottomRows(cols - rows);
    return all;
}

}  // namespace

/// The components as a device reads them.
struct GaussianMixture::Kept {
    DeviceBuffer log_weight, means, variance, axes, rest, label;
    DeviceMixture mixture;
};

struct GaussianMixture::OnDevices {
    PerDevice<Kept> kept;
};

std::shared_ptr<GaussianMixture::OnDevices> GaussianMixture::no_devices() { return std::make_shared<OnDevices>(); }

DeviceFunction GaussianMixture::on_device(const DeviceQueue& queue) const {
    const auto kept = devices_->kept.on(queue, [this](const DeviceQueue& all) { return put_on(all); });
    return [kept](const DeviceQuery& q) {
        const DeviceTable& table = *device_library().table;
        device_check(q.queue, q.levels != nullptr ? table.mixture_levels(&q.queue, &kept->mixture, q.levels)
                                                  : table.mixture(&q.queue, &kept->mixture, &q.rows));
    };
}

std::shared_ptr<const GaussianMixture::Kept> GaussianMixture::put_on(const DeviceQueue& queue) const {
    const auto d = static_cast<std::size_t>(dim());
    const bool diagonal = std::ranges::all_of(components_, [](const Component& c) { return c.axes.empty(); });
    std::size_t rank = diagonal ? d : 0;
    for (const Component& c : components_) rank = std::max(rank, c.variance.size());
    Vector log_weight, variance, axes, rest;
    for (const Component& c : components_) {
        // Axes that a component has not are 0, where others have no more than some: nothing lies along them, and the variance
        // there is that of the rest.
        const std::size_t own = c.variance.size();
        log_weight.push_back(c.log_weight);
        rest.push_back(c.rest);
        variance.insert(variance.end(), c.variance.begin(), c.variance.end());
        variance.insert(variance.end(), rank - own, c.rest);
        if (diagonal) continue;
        Vector of_component = c.axes;
        if (c.axes.empty())
            for (std::size_t j = 0; j < d * d; ++j) of_component.push_back(j / d == j % d ? 1.0 : 0.0);
        else if (own < rank && rank == d) of_component = completed(c.axes, own, d);
        of_component.resize(rank * d, 0.0);
        axes.insert(axes.end(), of_component.begin(), of_component.end());
    }
    const auto kept = std::make_shared<Kept>();
    const auto put = [&](const Vector& v) { return DeviceBuffer::of(queue, std::span<const double>(v)); };
    kept->log_weight = put(log_weight);
    kept->means = put(means_.data);
    kept->variance = put(variance);
    kept->axes = put(axes);
    kept->rest = put(rest);
    kept->label = DeviceBuffer::of(queue, std::span<const std::int64_t>(labels_));
    kept->mixture = {.dim = dim(),
                     .size = size(),
                     .rank = static_cast<std::int64_t>(rank),
                     .log_weight = kept->log_weight.as<double>(),
                     .means = kept->means.as<double>(),
                     .variance = kept->variance.as<double>(),
                     .axes = kept->axes.as<double>(),
                     .rest = kept->rest.as<double>(),
                     .label = kept->label.as<std::int64_t>()};
    return kept;
}

}  // namespace buffon::diffusion
