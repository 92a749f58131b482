#include <buffon/diffusion/guided.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <buffon/check.hpp>
#include <buffon/diffusion/device_levels.hpp>
#include <buffon/diffusion/rows.hpp>

namespace buffon::diffusion {
namespace {

struct Guidance {
    Denoiser model;
    double scale;
    GuidedOptions options;

    bool at(double sigma) const {
        return scale != 1.0 && (!options.interval || (sigma >= options.interval->front() && sigma <= options.interval->back()));
    }
    void denoise(const Query& q, View out) const;
    DeviceFunction on_device(const DeviceFunction& inner) const;
};

double standard_deviation(std::span<const double> v) {
    const double n = static_cast<double>(v.size()), mean = std::accumulate(v.begin(), v.end(), 0.0) / n;
    double square = 0.0;
    for (const double x : v) square += (x - mean) * (x - mean);
    return std::sqrt(square / n);
}

/// Rows of `out` hold D_class and become the guided ones.
void guide(std::span<double> row, std::span<const double> none, double scale, double rescale) {
    const double before = standard_deviation(row);
    for (std::size_t j = 0; j < row.size(); ++j) row[j] = none[j] + scale * (row[j] - none[j]);
    const double after = rescale > 0 ? standard_deviation(row) : 0.0;
    if (after > 0)
        for (double& v : row) v *= 1 + rescale * (before / after - 1);
}

void Guidance::denoise(const Query& q, View out) const {
    std::vector<std::int64_t> twice;   // rows that are guided
    for (std::int64_t i = 0; i < q.x.rows; ++i)
        if (label_of(q.labels, i) >= 0 && at(of_row(q.sigma, i))) twice.push_back(i);
    if (twice.empty()) return model.denoise(q, out);
    const std::int64_t n = q.x.rows, d = q.x.cols, all = n + static_cast<std::int64_t>(twice.size());
    Matrix x(all, d), answer(all, d);
    std::vector<double> sigma(q.sigma.begin(), q.sigma.end());
    std::vector<std::int64_t> labels(q.labels.begin(), q.labels.end());
    labels.resize(static_cast<std::size_t>(all), -1);
    std::copy_n(q.x.data, n * d, x.data.begin());
    for (std::size_t k = 0; k < twice.size(); ++k) {
        std::copy_n(q.x.row(twice[k]).begin(), d, x.view().row(n + static_cast<std::int64_t>(k)).begin());
        if (q.sigma.size() > 1) sigma.push_back(of_row(q.sigma, twice[k]));
    }
    model.denoise({x, sigma, labels, q.threads}, answer);
    std::copy_n(answer.data.begin(), n * d, out.data);
    for (std::size_t k = 0; k < twice.size(); ++k)
        guide(out.row(twice[k]), answer.view().row(n + static_cast<std::int64_t>(k)), scale, options.rescale);
}

/// Every row is asked twice where one is guided: with its class, and without.
DeviceFunction Guidance::on_device(const DeviceFunction& inner) const {
    return [guidance = *this, inner](const DeviceQuery& q) {
        inner(q);
        const std::int64_t d = guidance.model.dim(), n = q.rows.rows;
        std::vector<double> with, without;   // weights of the answers
        for (std::int64_t i = 0; i < n; ++i) {
            with.push_back(label_of(q.labels, i) >= 0 && guidance.at(of_row(q.sigma, i)) ? guidance.scale : 1.0);
            without.push_back(1 - with.back());
        }
        if (std::ranges::all_of(without, [](double w) { return w == 0.0; })) return;
        if (std::ranges::all_of(with, [&](double w) { return w == with.front(); })) with.resize(1), without.resize(1);
        const DeviceBuffer none = room_for(q, d, q.rows.number),
                           before = room_for(q, guidance.options.rescale > 0 ? d : 0, q.rows.number);
        DeviceQuery unconditional = q;
        unconditional.rows.out = none.data();
        unconditional.rows.labels = nullptr;
        unconditional.labels = {};
        inner(unconditional);
        if (before.data() != nullptr)
            device_check(q.queue, device_library().table->copy(&q.queue, q.rows.out, before.data(),
                                                               n * d * size_of(q.rows.number)));
        combine_levels(q, d, {{q.rows.out, none.data()}, q.rows.number, {with, without}, q.rows.out, q.rows.number});
        if (before.data() == nullptr) return;
        const DeviceRescale back{.x = q.rows.out,
                                 .before = before.data(),
                                 .number = q.rows.number,
                                 .rows = n,
                                 .cols = d,
                                 .rescale = guidance.options.rescale};
        device_check(q.queue, device_library().table->rescale(&q.queue, &back));
    };
}

}  // namespace

Denoiser guided(const Denoiser& model, double scale, const GuidedOptions& options) {
    require(model.traits().classes > 0, "guided: model must be conditional, ", model.traits().name, " takes no labels");
    require(std::isfinite(scale), "guided: scale must be finite, got ", scale);
    const auto levels = options.interval.value_or(std::vector<double>{0.0, 1.0});
    require(levels.size() == 2 && levels[0] >= 0 && levels[0] < levels[1],
            "guided: interval must be two noise levels, the lower one first");
    require(options.rescale >= 0 && options.rescale <= 1, "guided: rescale must lie in [0, 1], got ", options.rescale);
    const Guidance guidance{model, scale, options};
    Denoiser::Traits traits = model.traits();
    if (traits.on_device)
        traits.on_device = [guidance, inner = traits.on_device](const DeviceQueue& queue) {
            return guidance.on_device(inner(queue));
        };
    traits.name = "guided " + traits.name;
    traits.rows = [guidance, inner = model.traits().rows](double sigma, bool conditional) {
        const std::int64_t one = inner ? inner(sigma, conditional) : 1;
        return conditional && guidance.at(sigma) ? one + (inner ? inner(sigma, false) : 1) : one;
    };
    return {model.dim(), [guidance](const Query& q, View out) { guidance.denoise(q, out); }, traits};
}

}  // namespace buffon::diffusion
