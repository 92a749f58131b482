#include <buffon/diffusion/chain_step.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include <buffon/chain_terms.hpp>
#include <buffon/check.hpp>
#include <buffon/diffusion/rows.hpp>

namespace buffon::diffusion {
namespace {

/// Streams of a step begin here: far from those of samplers, which share the key.
constexpr std::int64_t first_id = std::int64_t{1} << 30, last_id = std::int64_t{1} << 32;
bool stands(std::span<const double> row) { return std::ranges::all_of(row, chain::stands); }

/// log q(to | from) up to a constant that both directions share: a step of size eta along the score.
double log_move(std::span<const double> from, std::span<const double> score, std::span<const double> to, double eta) {
    double square = 0.0;
    for (std::size_t j = 0; j < from.size(); ++j) {
        const double rest = chain::left_over(from[j], score[j], to[j], eta);
        square += rest * rest;
    }
    return -square / (2 * eta);
}

void move(std::span<const double> from, std::span<const double> score, std::span<const double> z, double eta,
          std::span<double> to) {
    for (std::size_t j = 0; j < from.size(); ++j) to[j] = chain::moved(from[j], score[j], z[j], eta);
}

void check(const ChainTarget& target, const ChainOptions& options) {
    check_sigma_law(target, options.sigma);
    require(!options.step || (*options.step > 0 && std::isfinite(*options.step)),
            "langevin_gibbs: step must be positive, got ", options.step.value_or(0.0));
    require(options.step || options.step_scale == StepScale::sigma,
            "langevin_gibbs: step must be given where step_scale is 'constant'");
    require(!options.metropolis || target.log_density,
            "langevin_gibbs: metropolis needs a model with a density (GaussianMixture, Empirical), ",
            target.denoiser.traits().name, " has none");
    require(options.langevin_steps >= 1, "langevin_gibbs: langevin_steps must be at least 1, got ", options.langevin_steps);
    require(options.probes >= 0, "langevin_gibbs: probes must not be negative, got ", options.probes);
}

}  // namespace

SigmaPrior sigma_prior(const ChainOptions& options, double sigma_min, double sigma_max) {
    SigmaPrior out;
    if (const auto* classifier = std::get_if<NoiseClassifier>(&options.sigma)) {
        require(!options.sigma_min && !options.sigma_max,
                "langevin_gibbs: sigma_min and sigma_max belong to the classifier, which was trained between its own "
                "levels");
        out.levels = classifier->levels;
    } else {
        const double low = options.sigma_min.value_or(sigma_min), high = options.sigma_max.value_or(sigma_max);
        require(low > 0 && low < high && std::isfinite(high),
                "langevin_gibbs: sigma_min must be positive and below sigma_max, got ", low, " and ", high);
        require(options.levels >= 2, "langevin_gibbs: levels must be at least 2, got ", options.levels);
        out.levels = geometric_levels(low, high, options.levels);
    }
    out.weights = options.prior;
    if (out.weights.empty()) out.weights.assign(out.levels.size(), 1.0);
    require(out.weights.size() == out.levels.size(), "langevin_gibbs: prior must hold a weight for each of the ",
            out.levels.size(), " levels, got ", out.weights.size());
    for (const double w : out.weights)
        require(w > 0 && std::isfinite(w), "langevin_gibbs: prior must hold positive weights, got ", w);
    return out;
}

ChainKernel::ChainKernel(ChainTarget target, const ChainOptions& options, SigmaPrior prior, int threads)
    : target_(std::move(target)), options_(options), prior_(std::move(prior)), threads_(threads) {
    check(target_, options_);
    // a step of c sigma^2 that is not corrected raises the variance of d coordinates by c^2 / 4 each: log sigma, known to
    // 1 / sqrt(2 d), must not feel it
    step_ = options_.step.value_or(1 / std::sqrt(static_cast<double>(target_.denoiser.dim())));
}

Stream ChainKernel::stream(std::uint64_t key, std::int64_t step, std::int64_t purpose) const {
    const std::int64_t id = first_id + step * (normals + options_.langevin_steps) + purpose;
    require(id < last_id, "langevin_gibbs: a chain has at most ",
            (last_id - first_id) / (normals + options_.langevin_steps), " steps");
    return {key, static_cast<std::uint32_t>(id)};
}

ChainState ChainKernel::start(Matrix x, std::vector<double> sigma) const {
    require(x.rows >= 1 && x.cols == target_.denoiser.dim(), "langevin_gibbs: x must have shape (chains, ",
            target_.denoiser.dim(), "), got (", x.rows, ", ", x.cols, ")");
    for (const double v : x.data) require(chain::stands(v), "langevin_gibbs: x must be finite, got ", v);
    if (sigma.size() == 1) sigma.assign(static_cast<std::size_t>(x.rows), sigma[0]);
    require(static_cast<std::int64_t>(sigma.size()) == x.rows,
            "langevin_gibbs: level must be one number or one per chain (", x.rows, "), got ", sigma.size(), " numbers");
    for (const double s : sigma) require(s > 0 && std::isfinite(s), "langevin_gibbs: level must be positive, got ", s);
    return {x, sigma, 0, x, sigma};
}

std::int64_t ChainKernel::score(ConstView x, const std::vector<double>& sigma, View out) const {
    const std::vector<std::int64_t> labels(target_.label < 0 ? 0 : sigma.size(), target_.label);
    if (target_.score) target_.score(x, sigma, out, threads_);
    else target_.denoiser.score({x, sigma, labels, threads_}, out);
    return cost(sigma);
}

std::int64_t ChainKernel::cost(std::span<const double> sigma) const {
    const auto& rows = target_.denoiser.traits().rows;
    if (!rows) return static_cast<std::int64_t>(sigma.size());
    std::int64_t spent = 0;
    for (const double s : sigma) spent += rows(s, target_.label >= 0);
    return spent;
}

void ChainKernel::unadjusted(ChainState& state, const Stream& normals, ChainStep& info) const {
    const chain::StepSize eta{step_, options_.step_scale == StepScale::constant};
    Matrix slope(state.x.rows, state.x.cols), z(state.x.rows, state.x.cols);
    info.evaluations += score(state.x, state.sigma, slope);
    normals.normal(0, z);
    for (std::int64_t i = 0; i < state.x.rows; ++i) {
        const auto row = state.x.view().row(i);
        double& sigma = state.sigma[static_cast<std::size_t>(i)];
        move(row, slope.view().row(i), z.view().row(i), eta(sigma), row);
        if (stands(row)) continue;
        std::ranges::copy(state.first_x.view().row(i), row.begin());
        sigma = state.first_sigma[static_cast<std::size_t>(i)];
        ++info.restarted;
    }
}

void ChainKernel::adjusted(ChainState& state, std::uint64_t key, ChainStep& info) const {
    const chain::StepSize eta{step_, options_.step_scale == StepScale::constant};
    const std::int64_t n = state.x.rows, d = state.x.cols;
    Matrix slope(n, d), ahead(n, d), slope_ahead(n, d), z(n, d);
    std::vector<double> density(static_cast<std::size_t>(n)), density_ahead(density.size());
    info.evaluations += score(state.x, state.sigma, slope);
    target_.log_density(state.x, state.sigma, density, threads_);
    for (std::int64_t k = 0; k < options_.langevin_steps; ++k) {
        stream(key, state.steps, normals + k).normal(0, z);
        std::vector<bool> fair(density.size());   // a step out of all bounds is rejected unseen
        for (std::int64_t i = 0; i < n; ++i) {
            move(state.x.view().row(i), slope.view().row(i), z.view().row(i),
                 eta(state.sigma[static_cast<std::size_t>(i)]), ahead.view().row(i));
            fair[static_cast<std::size_t>(i)] = stands(ahead.view().row(i));
            if (!fair[static_cast<std::size_t>(i)]) std::ranges::copy(state.x.view().row(i), ahead.view().row(i).begin());
        }
        info.evaluations += score(ahead, state.sigma, slope_ahead);
        target_.log_density(ahead, state.sigma, density_ahead, threads_);
        info.proposed += n;
        for (std::int64_t i = 0; i < n; ++i) {
            const auto at = static_cast<std::size_t>(i);
            const auto x = state.x.view().row(i), y = ahead.view().row(i), gx = slope.view().row(i),
                       gy = slope_ahead.view().row(i);
            const double size = eta(state.sigma[at]);
            const double log_ratio = density_ahead[at] - density[at] + log_move(y, gy, x, size) - log_move(x, gx, y, size);
            if (!fair[at] || !(std::log(stream(key, state.steps, uniforms).uniform(i, 1 + k)) < log_ratio)) continue;
            std::ranges::copy(y, x.begin());
            std::ranges::copy(gy, gx.begin());
            density[at] = density_ahead[at];
            ++info.accepted;
        }
    }
}

void ChainKernel::draw(ChainState& state, std::uint64_t key, std::int64_t step, ChainStep& info) const {
    const SigmaDraws drawn =
        draw_sigma(target_, options_.sigma, prior_, state.x, state.sigma, stream(key, step, uniforms),
                   stream(key, step, auxiliary), options_.probes, options_.sigma_rule == SigmaChoice::argmax, threads_);
    for (std::size_t i = 0; i < state.sigma.size(); ++i) state.sigma[i] = prior_.levels[static_cast<std::size_t>(drawn.level[i])];
    info.evaluations += drawn.evaluations;
    info.visits = drawn.visits;
}

ChainStep ChainKernel::draw_level(ChainState& state, std::uint64_t key) const {
    ChainStep info;
    draw(state, key, 0, info);   // steps begin at 1
    return info;
}

ChainKernel chain_kernel(const ChainModel& model, const ChainOptions& options) {
    require(std::holds_alternative<NoiseClassifier>(options.sigma) || (options.sigma_min && options.sigma_max),
            "chain_kernel: sigma_min and sigma_max must be given");
    return {chain_target(model, options.condition.value_or(-1)), options, sigma_prior(options, 0.0, 0.0)};
}

ChainStep ChainKernel::step(ChainState& state, std::uint64_t key) const {
    ++state.steps;
    ChainStep info;
    if (options_.metropolis) adjusted(state, key, info);
    else
        for (std::int64_t k = 0; k < options_.langevin_steps; ++k) unadjusted(state, stream(key, state.steps, normals + k), info);
    draw(state, key, state.steps, info);
    return info;
}

}  // namespace buffon::diffusion
