#include <buffon/diffusion/chain_target.hpp>

#include <algorithm>
#include <utility>
#include <vector>

#include <buffon/check.hpp>

namespace buffon::diffusion {
namespace {

using Levels = std::span<const double>;

/// Numbers of the temporary of responsibilities.
constexpr std::int64_t numbers_at_once = std::int64_t{1} << 20;

void check_label(const Denoiser& model, std::int64_t label) {
    require(label >= -1 && label < model.traits().classes, "langevin_gibbs: condition must be one of the ",
            model.traits().classes, " classes of ", model.traits().name, " or -1, got ", label);
}

/// The sums of the responsibilities of each class's points.
void class_probabilities(const Empirical& model, const std::vector<std::int64_t>& label_of_point, ConstView x,
                         Levels sigma, View out, int threads) {
    const std::int64_t at_once = std::max<std::int64_t>(1, numbers_at_once / model.size());
    for (std::int64_t first = 0; first < x.rows; first += at_once) {
        const std::int64_t n = std::min(at_once, x.rows - first);
        Matrix weights(n, model.size());
        model.responsibilities({ConstView(x.slice(first, n)),
                                sigma.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(n)),
                                {},
                                threads},
                               weights);
        for (std::int64_t i = 0; i < n; ++i) {
            const auto row = out.row(first + i);
            std::ranges::fill(row, 0.0);
            for (std::int64_t k = 0; k < model.size(); ++k)
                row[static_cast<std::size_t>(label_of_point[static_cast<std::size_t>(k)])] += weights(i, k);
        }
    }
}

/// The points of one class, which have none then.
Empirical points_of(const Empirical& model, std::int64_t label) {
    const Matrix all = model.points();
    const std::vector<double> weights = model.weights();
    const std::vector<std::int64_t> labels = model.labels();
    Matrix points(0, all.cols);
    EmpiricalOptions options{.bandwidth = model.bandwidth(), .single = model.single()};
    for (std::int64_t i = 0; i < all.rows; ++i) {
        if (labels[static_cast<std::size_t>(i)] != label) continue;
        const auto row = all.view().row(i);
        points.data.insert(points.data.end(), row.begin(), row.end());
        ++points.rows;
        options.weights.push_back(weights[static_cast<std::size_t>(i)]);
    }
    return Empirical(std::move(points), std::move(options));
}

}  // namespace

ChainTarget chain_target(const Denoiser& model, std::int64_t label) {
    if (label != -1) check_label(model, label);
    return {model, label};
}

ChainTarget chain_target(const GaussianMixture& model, std::int64_t label) {
    ChainTarget out = chain_target(Denoiser(model), label);
    const GaussianMixture& mixture = label < 0 ? model : model.given(label);
    out.score = [mixture](ConstView x, Levels sigma, View to, int threads) { mixture.score(x, sigma, to, threads); };
    out.log_density = [mixture](ConstView x, Levels sigma, std::span<double> to, int threads) {
        mixture.log_density(x, sigma, to, threads);
    };
    out.sigma_posterior = [mixture](ConstView x, Levels grid, View to, int threads) {
        mixture.sigma_posterior(x, grid, to, threads);
    };
    out.posterior_sample = [mixture](ConstView x, Levels sigma, const Stream& stream, View to, int threads) {
        mixture.posterior_sample(x, sigma, stream, 0, to, threads);
    };
    out.on_device = Denoiser(mixture).traits().on_device;
    out.modes = mixture.size();
    out.mode_probabilities = [mixture](ConstView x, Levels sigma, View to, int threads) {
        mixture.responsibilities(x, sigma, to, threads);
    };
    return out;
}

ChainTarget chain_target(const Empirical& model, std::int64_t label) {
    ChainTarget out = chain_target(Denoiser(model), label);
    const std::vector<std::int64_t> given(label < 0 ? 0 : 1, label);   // one label stands for all rows
    const auto query = [given](ConstView x, Levels sigma, int threads) {
        return Query{x, sigma, given, threads};
    };
    out.score = [=](ConstView x, Levels sigma, View to, int threads) { model.score(query(x, sigma, threads), to); };
    out.log_density = [=](ConstView x, Levels sigma, std::span<double> to, int threads) {
        model.log_density(query(x, sigma, threads), to);
    };
    out.sigma_posterior = [=](ConstView x, Levels grid, View to, int threads) {
        model.sigma_posterior(query(x, {}, threads), grid, to);
    };
    out.posterior_sample = [=](ConstView x, Levels sigma, const Stream& stream, View to, int threads) {
        model.posterior_sample(query(x, sigma, threads), stream, 0, to);
    };
    out.on_device = [=](const DeviceQueue& queue) {
        return Denoiser(label < 0 ? model : points_of(model, label)).traits().on_device(queue);
    };
    if (label >= 0 || model.classes() == 0) return out;
    out.modes = model.classes();
    out.mode_probabilities = [model, labels = model.labels()](ConstView x, Levels sigma, View to, int threads) {
        class_probabilities(model, labels, x, sigma, to, threads);
    };
    return out;
}

ChainTarget chain_target(const ChainModel& model, std::int64_t label) {
    return std::visit([&](const auto& known) { return chain_target(known, label); }, model);
}

}  // namespace buffon::diffusion
