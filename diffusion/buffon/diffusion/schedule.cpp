#include <buffon/diffusion/schedule.hpp>

#include <algorithm>
#include <cmath>
#include <sstream>

#include <buffon/check.hpp>

namespace buffon::diffusion {
namespace {

/// Karras et al. 2022, eq. (5): the exponent that spaces their nodes.
constexpr double rho_power = 7.0;

void check_time(const char* function, double t, double last) {
    require(t >= 0 && t <= last, function, ": t must lie in [0, ", last, "], got ", t);
}

/// An inverse that left its range by rounding only is brought back to the end, to the bit.
double snap(const char* function, double t, double last, double lambda) {
    const double slack = 1e-12 * last;
    require(t >= -slack && t <= last + slack, function, ": lambda must belong to a time in [0, ", last, "], got ", lambda);
    return std::clamp(t, 0.0, last);
}

/// log(1 + e^x) without overflow.
double softplus(double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

void check_levels(const char* function, double smin, double smax) {
    require(smin > 0 && std::isfinite(smin), function, ": smin must be positive and finite, got ", smin);
    require(smax > smin && std::isfinite(smax), function, ": smax must be finite and above smin = ", smin, ", got ", smax);
}

template <class... Parts>
std::string text(const Parts&... parts) {
    std::ostringstream out;
    (out << ... << parts);
    return out.str();
}

}  // namespace

VP::VP(double b0, double b1, double t_end) : b0_(b0), b1_(b1), t_end_(t_end) {
    require(b0 > 0 && std::isfinite(b0), "VP: b0 must be positive and finite, got ", b0);
    require(b1 >= b0 && std::isfinite(b1), "VP: b1 must be finite and at least b0 = ", b0, ", got ", b1);
    require(t_end > 0 && t_end < 1, "VP: t_end must lie in (0, 1), got ", t_end);
}

// -1/2 of the integral of beta over [0, t].
double VP::log_alpha(double t) const { return -0.25 * t * t * (b1_ - b0_) - 0.5 * t * b0_; }

double VP::alpha(double t) const {
    check_time("VP.alpha", t, 1.0);
    return std::exp(log_alpha(t));
}

double VP::sigma(double t) const {
    check_time("VP.sigma", t, 1.0);
    return std::sqrt(-std::expm1(2 * log_alpha(t)));   // expm1: 1 - alpha^2 loses all digits as t -> 0
}

double VP::lambda(double t) const {
    check_time("VP.lambda", t, 1.0);
    const double a = log_alpha(t);
    return a - 0.5 * std::log(-std::expm1(2 * a));
}

// log alpha = -softplus(-2 lambda) / 2 is quadratic in t; its root in the form that does not cancel for small t and
// also holds for constant beta.
double VP::t_of_lambda(double lambda) const {
    const double l = 2 * softplus(-2 * lambda);
    return snap("VP.t_of_lambda", l / (std::sqrt(b0_ * b0_ + (b1_ - b0_) * l) + b0_), 1.0, lambda);
}

std::string VP::formula() const {
    return text("log alpha(t) = -", b1_ - b0_, " t^2 / 4 - ", b0_, " t / 2, sigma(t)^2 = 1 - alpha(t)^2, 0 <= t <= 1");
}

VE::VE(double smin, double smax) : smin_(smin), smax_(smax) { check_levels("VE", smin, smax); }

double VE::alpha(double t) const {
    check_time("VE.alpha", t, 1.0);
    return 1.0;
}

// As a product of powers both ends are exact.
double VE::sigma(double t) const {
    check_time("VE.sigma", t, 1.0);
    return std::pow(smin_, 1 - t) * std::pow(smax_, t);
}

double VE::lambda(double t) const {
    check_time("VE.lambda", t, 1.0);
    return -((1 - t) * std::log(smin_) + t * std::log(smax_));
}

double VE::t_of_lambda(double lambda) const {
    const double low = std::log(smin_);
    return snap("VE.t_of_lambda", (-lambda - low) / (std::log(smax_) - low), 1.0, lambda);
}

std::string VE::formula() const {
    return text("alpha(t) = 1, sigma(t) = ", smin_, "^(1 - t) * ", smax_, "^t, 0 <= t <= 1");
}

EDM::EDM(double smin, double smax) : smin_(smin), smax_(smax) { check_levels("EDM", smin, smax); }

double EDM::alpha(double t) const {
    check_time("EDM.alpha", t, smax_);
    return 1.0;
}

double EDM::sigma(double t) const {
    check_time("EDM.sigma", t, smax_);
    return t;
}

double EDM::lambda(double t) const {
    check_time("EDM.lambda", t, smax_);
    return -std::log(t);
}

double EDM::t_of_lambda(double lambda) const {
    return snap("EDM.t_of_lambda", std::exp(-lambda), smax_, lambda);
}

std::string EDM::formula() const { return text("alpha(t) = 1, sigma(t) = t, 0 <= t <= ", smax_); }

double Schedule::alpha(double t) const {
    return std::visit([=](const auto& s) { return s.alpha(t); }, law_);
}
double Schedule::sigma(double t) const {
    return std::visit([=](const auto& s) { return s.sigma(t); }, law_);
}
double Schedule::lambda(double t) const {
    return std::visit([=](const auto& s) { return s.lambda(t); }, law_);
}
double Schedule::t_of_lambda(double lambda) const {
    return std::visit([=](const auto& s) { return s.t_of_lambda(lambda); }, law_);
}
double Schedule::t_start() const {
    return std::visit([](const auto& s) { return s.t_start(); }, law_);
}
double Schedule::t_end() const {
    return std::visit([](const auto& s) { return s.t_end(); }, law_);
}
double Schedule::prior_scale() const { return std::holds_alternative<VP>(law_) ? 1.0 : sigma(t_start()); }
std::string Schedule::formula() const {
    return std::visit([](const auto& s) { return s.formula(); }, law_);
}

namespace {

/// The coordinate in which a grid of this kind is equidistant, and the way back.
double coordinate(const Schedule& s, GridKind kind, double t) {
    if (kind == GridKind::time) return t;
    return kind == GridKind::logsnr ? s.lambda(t) : std::exp(-s.lambda(t) / rho_power);
}

double time_at(const Schedule& s, GridKind kind, double u) {
    if (kind == GridKind::time) return u;
    return s.t_of_lambda(kind == GridKind::logsnr ? u : -rho_power * std::log(u));
}

}  // namespace

std::vector<double> Schedule::grid(std::int64_t steps, GridKind kind) const { return grid(steps, kind, t_start(), t_end()); }

std::vector<double> Schedule::grid(std::int64_t steps, GridKind kind, double first, double last) const {
    require(steps >= 1, "Schedule.grid: steps must be at least 1, got ", steps);
    const double begin = coordinate(*this, kind, first);
    const double width = coordinate(*this, kind, last) - begin;
    std::vector<double> t(static_cast<std::size_t>(steps) + 1, first);
    for (std::int64_t i = 1; i < steps; ++i)
        t[static_cast<std::size_t>(i)] =
            time_at(*this, kind, begin + width * (static_cast<double>(i) / static_cast<double>(steps)));
    t.back() = last;
    return t;
}

}  // namespace buffon::diffusion
