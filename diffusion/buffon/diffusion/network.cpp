#include <buffon/diffusion/network.hpp>

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>
#include <vector>

#include <buffon/check.hpp>
#include <buffon/diffusion/finite.hpp>
#include <buffon/diffusion/rows.hpp>

namespace buffon::diffusion {
namespace {

/// Number of a time's level, not rounded; level 0 is the first.
double level_number(const Schedule& schedule, std::int64_t levels, double t) {
    const auto* discrete = std::get_if<Discrete>(&schedule.law());
    const double count = static_cast<double>(discrete ? discrete->levels() : levels);
    const double full = discrete ? 1.0 : schedule.t_start();
    return std::clamp(count * t / full - 1, 0.0, count - 1);
}

void check(std::int64_t dim, const NetworkFunction& net, const NetworkOptions& options) {
    require(dim >= 1, "Network: dim must be at least 1, got ", dim);
    require(static_cast<bool>(net), "Network: net is missing");
    require(options.sigma_data > 0 && std::isfinite(options.sigma_data), "Network: sigma_data must be positive, got ", options.sigma_data);
    require(options.levels >= 2, "Network: levels must be at least 2, got ", options.levels);
    require(options.classes >= 0, "Network: classes must not be negative, got ", options.classes);
}

}  // namespace

Parametrisation parametrisation(const Schedule& schedule, const NetworkOptions& options, double sigma) {
    if (options.preconditioning == Preconditioning::edm) {
        const double square = sigma * sigma + options.sigma_data * options.sigma_data, root = std::sqrt(square);
        return {1 / root, 0.25 * std::log(sigma), options.sigma_data * options.sigma_data / square, sigma * options.sigma_data / root};
    }
    // a level that went through logarithms may lie behind the last time by a rounding error
    const double lowest = schedule.lambda(schedule.t_start()), highest = schedule.lambda(schedule.t_end());
    const double t = schedule.t_of_lambda(std::clamp(-std::log(sigma), lowest, highest));
    const double alpha = schedule.alpha(t);
    const Conversion to_data = conversion(options.prediction, Prediction::data, schedule, t);
    Parametrisation p{alpha, t, to_data.of_x * alpha, to_data.of_value};
    if (options.preconditioning == Preconditioning::discrete) p.time = level_number(schedule, options.levels, t);
    return p;
}

Denoiser network(std::int64_t dim, NetworkFunction net, const Schedule& schedule, const NetworkOptions& options) {
    check(dim, net, options);
    const Denoiser::Traits traits{.name = options.name, .classes = options.classes, .concurrent = false,
                                  .sigma_min = std::exp(-schedule.lambda(schedule.t_end())), .sigma_max = std::exp(-schedule.lambda(schedule.t_start()))};
    const auto denoise = [net = std::move(net), schedule, options](const Query& q, View out) {
        std::vector<Parametrisation> levels;
        std::vector<double> times;
        for (const double sigma : q.sigma) {
            levels.push_back(parametrisation(schedule, options, sigma));
            times.push_back(levels.back().time);
        }
        const std::span<const Parametrisation> level(levels);
        const bool scaled = std::any_of(levels.begin(), levels.end(), [](const Parametrisation& p) { return p.in != 1.0; });
        Matrix input;
        if (scaled) {
            input = Matrix(out.rows, out.cols);
            for (std::int64_t i = 0; i < out.rows; ++i)
                for (std::int64_t j = 0; j < out.cols; ++j) input(i, j) = of_row(level, i).in * q.x(i, j);
        }
        net({scaled ? input.view() : q.x, times, q.labels}, out);
        require_finite(options.name + ": the network's output must be finite", out, q.sigma);
        for (std::int64_t i = 0; i < out.rows; ++i) {
            const Parametrisation& p = of_row(level, i);
            for (std::int64_t j = 0; j < out.cols; ++j) out(i, j) = p.skip * q.x(i, j) + p.factor * out(i, j);
        }
    };
    return {dim, denoise, traits};
}

}  // namespace buffon::diffusion
