#include <buffon/diffusion/schedules/discrete.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include <buffon/diffusion/schedules/checks.hpp>
#include <buffon/diffusion/schedules/preserving.hpp>

namespace buffon::diffusion {
namespace {

constexpr double least_lambda = -5.1;

/// log alpha of the levels up to the last that is not nearly pure noise.
std::vector<double> kept_levels(const std::vector<double>& betas) {
    std::vector<double> out;
    double sum = 0;
    for (std::size_t n = 0; n < betas.size(); ++n) {
        require(betas[n] > 0 && betas[n] < 1, "Discrete: betas must lie in (0, 1), got betas[", n, "] = ", betas[n]);
        sum += 0.5 * std::log1p(-betas[n]);
        if (detail::lambda_of(sum) >= least_lambda) out.push_back(sum);
    }
    require(out.size() >= 2, "Discrete: betas must hold at least 2 levels with lambda >= ", least_lambda, ", got ", out.size());
    return out;
}

/// n values from first to last, both to the bit.
std::vector<double> line(std::int64_t n, double first, double last) {
    require(n >= 2, "Discrete: levels must be at least 2, got ", n);
    std::vector<double> out(static_cast<std::size_t>(n), last);
    for (std::int64_t i = 0; i < n - 1; ++i)
        out[static_cast<std::size_t>(i)] = first + (last - first) * (static_cast<double>(i) / static_cast<double>(n - 1));
    return out;
}

}  // namespace

Discrete::Discrete(std::vector<double> betas, std::optional<double> t_end)
    : betas_(std::move(betas)), log_alpha_(kept_levels(betas_)) {
    const double levels_below = log_alpha_[0] / (log_alpha_[0] - log_alpha_[1]);   // negative: as many levels below level 0
    t_zero_ = std::max(0.0, (1 + levels_below) / static_cast<double>(levels()));
    t_end_ = t_end.value_or(time(0));
    require(t_end_ > t_zero_ && t_end_ < t_start(), "Discrete: t_end must lie in (", t_zero_, ", ", t_start(), "), got ", t_end_);
}

Discrete Discrete::linear(std::int64_t levels, double beta_start, double beta_end) {
    return Discrete(line(levels, beta_start, beta_end));
}

Discrete Discrete::scaled_linear(std::int64_t levels, double beta_start, double beta_end) {
    require(beta_start > 0 && beta_end > 0, "Discrete.scaled_linear: beta_start and beta_end must be positive, got ", beta_start,
            " and ", beta_end);
    std::vector<double> betas = line(levels, std::sqrt(beta_start), std::sqrt(beta_end));
    for (double& b : betas) b *= b;
    return Discrete(std::move(betas));
}

Discrete Discrete::cosine(std::int64_t levels, double s, double cap) {
    require(s > 0 && std::isfinite(s), "Discrete.cosine: s must be positive and finite, got ", s);
    require(levels >= 2, "Discrete.cosine: levels must be at least 2, got ", levels);
    const auto alpha = [&](std::int64_t n) {   // up to a factor; the sine of what the angle lacks, exact near the noise end
        return std::sin(0.5 * std::numbers::pi * (1 - static_cast<double>(n) / static_cast<double>(levels)) / (1 + s));
    };
    std::vector<double> betas;
    for (std::int64_t n = 0; n < levels; ++n) {
        const double ratio = alpha(n + 1) / alpha(n);
        betas.push_back(std::min(1 - ratio * ratio, cap));
    }
    return Discrete(std::move(betas));
}

double Discrete::log_alpha_at(double t) const {
    const double position = std::min(t * static_cast<double>(levels()) - 1, static_cast<double>(kept() - 1));
    const double left = std::clamp(std::floor(position), 0.0, static_cast<double>(kept() - 2));
    const auto i = static_cast<std::size_t>(left);
    return std::min(0.0, log_alpha_[i] + (position - left) * (log_alpha_[i + 1] - log_alpha_[i]));
}

double Discrete::log_alpha(double t) const {
    detail::check_time("Discrete.log_alpha", t, t_zero_, t_start());
    return log_alpha_at(t);
}

double Discrete::alpha(double t) const {
    detail::check_time("Discrete.alpha", t, t_zero_, t_start());
    return std::exp(log_alpha_at(t));
}

double Discrete::sigma(double t) const {
    detail::check_time("Discrete.sigma", t, t_zero_, t_start());
    return detail::sigma_of(log_alpha_at(t));
}

double Discrete::lambda(double t) const {
    detail::check_time("Discrete.lambda", t, t_zero_, t_start());
    return detail::lambda_of(log_alpha_at(t));
}

double Discrete::t_of_lambda(double lambda) const {
    const double log_alpha = detail::log_alpha_of(lambda);
    const auto right = std::lower_bound(log_alpha_.begin() + 1, log_alpha_.end() - 1, log_alpha, std::greater<>());
    const auto left = right - 1;
    const double position = static_cast<double>(left - log_alpha_.begin()) + (log_alpha - *left) / (*right - *left);
    return detail::snap("Discrete.t_of_lambda", (position + 1) / static_cast<double>(levels()), t_zero_, t_start(), lambda);
}

std::string Discrete::formula() const {
    const auto [low, high] = std::minmax_element(betas_.begin(), betas_.end());
    return detail::text("log alpha((n + 1) / ", levels(), ") = sum_{i <= n} log(1 - beta_i) / 2, ", *low, " <= beta <= ", *high,
                        ", linear between, sigma(t)^2 = 1 - alpha(t)^2, ", t_zero_, " <= t <= ", t_start());
}

}  // namespace buffon::diffusion
