/// Noise schedules x_t = alpha(t) x0 + sigma(t) eps, eps ~ N(0, I), and their time grids. lambda = log(alpha / sigma).
/// Source: Song et al., "Score-based generative modeling through SDEs", ICLR 2021 (VP, VE); Karras, Aittala, Aila,
/// Laine, "Elucidating the design space of diffusion-based generative models", NeurIPS 2022 (EDM, the power-7 grid).
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <buffon/fields.hpp>

namespace buffon::diffusion {

/// Variance preserving: beta(t) = b0 + (b1 - b0) t on [0, 1], alpha^2 + sigma^2 = 1.
class VP {
public:
    /// @param t_end last time of a grid; t = 0, the data themselves, has lambda = +inf.
    /// @throw std::invalid_argument unless 0 < b0 <= b1 < inf and 0 < t_end < 1.
    explicit VP(double b0 = 0.1, double b1 = 20.0, double t_end = 1e-3);

    double alpha(double t) const;
    double sigma(double t) const;
    double lambda(double t) const;
    double t_of_lambda(double lambda) const;
    double t_start() const { return 1.0; }
    double t_end() const { return t_end_; }
    double b0() const { return b0_; }
    double b1() const { return b1_; }
    std::string formula() const;

private:
    double log_alpha(double t) const;

    double b0_;
    double b1_;
    double t_end_;
};

/// Variance exploding: alpha = 1, sigma(t) = smin (smax / smin)^t on [0, 1].
class VE {
public:
    /// @throw std::invalid_argument unless 0 < smin < smax < inf.
    explicit VE(double smin = 0.01, double smax = 50.0);

    double alpha(double t) const;
    double sigma(double t) const;
    double lambda(double t) const;
    double t_of_lambda(double lambda) const;
    double t_start() const { return 1.0; }
    double t_end() const { return 0.0; }
    double smin() const { return smin_; }
    double smax() const { return smax_; }
    std::string formula() const;

private:
    double smin_;
    double smax_;
};

/// Time is the noise level itself: alpha = 1, sigma(t) = t on [0, smax]; grids run from smax to smin.
class EDM {
public:
    /// @throw std::invalid_argument unless 0 < smin < smax < inf.
    explicit EDM(double smin = 0.002, double smax = 80.0);

    double alpha(double t) const;
    double sigma(double t) const;
    double lambda(double t) const;
    double t_of_lambda(double lambda) const;
    double t_start() const { return smax_; }
    double t_end() const { return smin_; }
    double smin() const { return smin_; }
    double smax() const { return smax_; }
    std::string formula() const;

private:
    double smin_;
    double smax_;
};

template <class S>
concept ScheduleLaw = requires(const S& s, double x) {
    { s.alpha(x) } -> std::same_as<double>;        // x is a time in the schedule's range, else std::invalid_argument
    { s.sigma(x) } -> std::same_as<double>;
    { s.lambda(x) } -> std::same_as<double>;       // strictly decreasing; +inf where sigma = 0
    { s.t_of_lambda(x) } -> std::same_as<double>;  // x is a value of lambda
    { s.t_start() } -> std::same_as<double>;       // largest time: noise
    { s.t_end() } -> std::same_as<double>;         // last time of a grid; lambda is finite there
    { s.formula() } -> std::same_as<std::string>;
};

static_assert(ScheduleLaw<VP> && ScheduleLaw<VE> && ScheduleLaw<EDM>);

/// What is equidistant along a grid: the time, lambda, or (sigma / alpha)^(1/7).
enum class GridKind { time, logsnr, rho };

/// One value type over the closed list of schedules.
class Schedule {
public:
    using Law = std::variant<VP, VE, EDM>;

    Schedule(VP law) : law_(std::move(law)) {}
    Schedule(VE law) : law_(std::move(law)) {}
    Schedule(EDM law) : law_(std::move(law)) {}

    double alpha(double t) const;
    double sigma(double t) const;
    double lambda(double t) const;
    double t_of_lambda(double lambda) const;
    double t_start() const;
    double t_end() const;
    /// Standard deviation of x at t_start() from which samplers start: 1 where the variance is preserved, sigma(t_start())
    /// where it explodes.
    double prior_scale() const;
    std::string formula() const;

    /// The steps + 1 times from noise to data; the first is t_start(), the last t_end(), both to the bit.
    /// @throw std::invalid_argument for steps < 1.
    std::vector<double> grid(std::int64_t steps, GridKind kind = GridKind::logsnr) const;
    /// The same between other ends, first > last.
    std::vector<double> grid(std::int64_t steps, GridKind kind, double first, double last) const;

    const Law& law() const { return law_; }

private:
    Law law_;
};

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::GridKind> {
    static constexpr std::array<std::string_view, 3> names{"time", "logsnr", "rho"};
};
