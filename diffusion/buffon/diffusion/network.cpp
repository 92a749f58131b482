#include <buffon/diffusion/network.hpp>

#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>
#include <vector>

#include <buffon/check.hpp>
#include <buffon/diffusion/device_levels.hpp>
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
    require(options.sigma_data > 0 && std::isfinite(options.sigma_data), "Network: sigma_data must be positive, got ",
            options.sigma_data);
    require(options.levels >= 2, "Network: levels must be at least 2, got ", options.levels);
    require(options.classes >= 0, "Network: classes must not be negative, got ", options.classes);
}

/// Of each level of a query.
struct Levels {
    std::vector<double> in, time, skip, factor;

    Levels(const Schedule& schedule, const NetworkOptions& options, std::span<const double> sigma) {
        for (const double s : sigma) {
            const Parametrisation p = parametrisation(schedule, options, s);
            in.push_back(p.in);
            time.push_back(p.time);
            skip.push_back(p.skip);
            factor.push_back(p.factor);
        }
    }
    bool scaled() const { return std::ranges::any_of(in, [](double v) { return v != 1.0; }); }
};

/// States in one precision, the network in its own: operands of one sum are of one kind.
DeviceFunction on_device(const NetworkOnDevice& net, std::int64_t dim, const Schedule& schedule, const NetworkOptions& options) {
    return [net, dim, schedule, options](const DeviceQuery& q) {
        const Levels levels(schedule, options, q.sigma);
        const Number number = net.single ? Number::float32 : Number::float64;
        const bool other = number != q.rows.number, copied = other || levels.scaled();
        const DeviceBuffer input = room_for(q, copied ? dim : 0, number), upcast = room_for(q, other ? dim : 0, q.rows.number);
        if (copied) combine_levels(q, dim, {{q.rows.x}, q.rows.number, {levels.in}, input.data(), number});
        const NetworkOnDevice::Output answer =
            net.call({q.queue, copied ? input.data() : q.rows.x, q.rows.rows, levels.time, q.labels});
        if (other) combine_levels(q, dim, {{answer.y}, number, {{1.0}}, upcast.data(), q.rows.number});
        combine_levels(q, dim,
                       {{q.rows.x, other ? upcast.data() : answer.y},
                        q.rows.number,
                        {levels.skip, levels.factor},
                        q.rows.out,
                        q.rows.number});
    };
}

}  // namespace

Parametrisation parametrisation(const Schedule& schedule, const NetworkOptions& options, double sigma) {
    if (options.preconditioning == Preconditioning::edm) {
        const double square = sigma * sigma + options.sigma_data * options.sigma_data, root = std::sqrt(square);
        return {1 / root, 0.25 * std::log(sigma), options.sigma_data * options.sigma_data / square,
                sigma * options.sigma_data / root};
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

Denoiser network(std::int64_t dim, NetworkFunction net, const Schedule& schedule, const NetworkOptions& options,
                 NetworkOnDevice there) {
    check(dim, net, options);
    Denoiser::Traits traits{.name = options.name,
                            .classes = options.classes,
                            .concurrent = false,
                            .sigma_min = std::exp(-schedule.lambda(schedule.t_end())),
                            .sigma_max = std::exp(-schedule.lambda(schedule.t_start()))};
    if (there.call)
        traits.on_device = [there = std::move(there), dim, schedule, options](const DeviceQueue&) {
            return on_device(there, dim, schedule, options);
        };
    const auto denoise = [net = std::move(net), schedule, options](const Query& q, View out) {
        const Levels levels(schedule, options, q.sigma);
        const auto at = [](const std::vector<double>& of_level, std::int64_t i) {
            return of_row(std::span<const double>(of_level), i);
        };
        const bool scaled = levels.scaled();
        Matrix input;
        if (scaled) {
            input = Matrix(out.rows, out.cols);
            for (std::int64_t i = 0; i < out.rows; ++i)
                for (std::int64_t j = 0; j < out.cols; ++j) input(i, j) = at(levels.in, i) * q.x(i, j);
        }
        net({scaled ? input.view() : q.x, levels.time, q.labels}, out);
        require_finite(options.name + ": the network's output must be finite", out, q.sigma);
        for (std::int64_t i = 0; i < out.rows; ++i) {
            const double skip = at(levels.skip, i), factor = at(levels.factor, i);
            for (std::int64_t j = 0; j < out.cols; ++j) out(i, j) = skip * q.x(i, j) + factor * out(i, j);
        }
    };
    return {dim, denoise, traits};
}

}  // namespace buffon::diffusion
