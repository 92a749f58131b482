/// Noise schedules x_t = alpha(t) x0 + sigma(t) eps, eps ~ N(0, I), and their time grids. lambda = log(alpha / sigma).
/// Source of the grids: Karras, Aittala, Aila, Laine, NeurIPS 2022 (rho); Lu et al., "DPM-Solver", NeurIPS 2022 (logsnr,
/// quadratic); Zhang, Chen, "Fast sampling of diffusion models with exponential integrator", ICLR 2023 (power).
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include <buffon/diffusion/schedules/cosine.hpp>
#include <buffon/diffusion/schedules/discrete.hpp>
#include <buffon/diffusion/schedules/edm.hpp>
#include <buffon/diffusion/schedules/mean_reverting.hpp>
#include <buffon/diffusion/schedules/sub_vp.hpp>
#include <buffon/diffusion/schedules/ve.hpp>
#include <buffon/diffusion/schedules/vp.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

template <class S>
concept ScheduleLaw = requires(const S& s, double x) {
    { s.log_alpha(x) } -> std::same_as<double>;    // x is a time in the schedule's range, else std::invalid_argument
    { s.alpha(x) } -> std::same_as<double>;
    { s.sigma(x) } -> std::same_as<double>;
    { s.lambda(x) } -> std::same_as<double>;       // strictly decreasing; +inf where sigma = 0
    { s.t_of_lambda(x) } -> std::same_as<double>;  // x is a value of lambda
    { s.t_start() } -> std::same_as<double>;       // largest time: noise
    { s.t_end() } -> std::same_as<double>;         // last time of a grid; lambda is finite there
    { s.prior_scale() } -> std::same_as<double>;   // standard deviation of what samplers start from at t_start
    { s.formula() } -> std::same_as<std::string>;
};

static_assert(ScheduleLaw<VP> && ScheduleLaw<VE> && ScheduleLaw<EDM> && ScheduleLaw<Cosine> && ScheduleLaw<SubVP> &&
              ScheduleLaw<Discrete> && ScheduleLaw<MeanReverting>);

/// What is equidistant along a grid: the time, lambda, (sigma / alpha)^(1/power), the square root of the time, t^(1/power),
/// or the level, rounded, of a discrete schedule.
enum class GridKind { time, logsnr, rho, quadratic, power, index };

/// One value type over the closed list of schedules.
class Schedule {
public:
    using Law = std::variant<VP, VE, EDM, Cosine, SubVP, Discrete, MeanReverting>;

    Schedule(VP law) : law_(std::move(law)) {}
    Schedule(VE law) : law_(std::move(law)) {}
    Schedule(EDM law) : law_(std::move(law)) {}
    Schedule(Cosine law) : law_(std::move(law)) {}
    Schedule(SubVP law) : law_(std::move(law)) {}
    Schedule(Discrete law) : law_(std::move(law)) {}
    Schedule(MeanReverting law) : law_(std::move(law)) {}

    double log_alpha(double t) const;
    double alpha(double t) const;
    double sigma(double t) const;
    double lambda(double t) const;
    double t_of_lambda(double lambda) const;
    double t_start() const;
    double t_end() const;
    /// Standard deviation of the normal law that samplers start from at t_start: of x, of x - mu in a mean-reverting one.
    double prior_scale() const;
    std::string formula() const;

    /// The steps + 1 times from noise to data; the first is t_start(), the last t_end(), both to the bit.
    /// @param power of rho and power alone.
    /// @throw std::invalid_argument for steps < 1, a power that is not positive, `index` without a Discrete schedule or with
    ///     more steps than levels between the ends.
    std::vector<double> grid(std::int64_t steps, GridKind kind = GridKind::logsnr, double power = 7.0) const;
    /// The same between other ends, first > last.
    std::vector<double> grid(std::int64_t steps, GridKind kind, double first, double last, double power = 7.0) const;

    const Law& law() const { return law_; }

private:
    Law law_;
};

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::GridKind> {
    static constexpr std::array<std::string_view, 6> names{"time", "logsnr", "rho", "quadratic", "power", "index"};
};
