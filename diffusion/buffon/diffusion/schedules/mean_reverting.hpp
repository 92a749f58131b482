/// Mean reverting: dx = f (mu - x) dt + g dw with g^2 = 2 sinf^2 f. x_t = mu + alpha (x0 - mu) + sigma eps with
/// alpha = exp(-F), F the integral of f, and sigma = sinf sqrt(1 - alpha^2): mu, the degraded data, belongs to each sample and
/// not to the schedule, which is that of x - mu. Source: Luo et al., "Image restoration with mean-reverting stochastic
/// differential equations", ICML 2023; its 100 discrete levels are replaced by their limit, an integral in closed form.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include <buffon/fields.hpp>

namespace buffon::diffusion {

/// How f changes: as 1 - cos(pi/2 (t + s) / (1 + s))^2 / cos(pi/2 s / (1 + s))^2 with s = 0.008, or not at all.
enum class Theta { cosine, constant };

class MeanReverting {
public:
    /// @param sinf standard deviation of x - mu after infinite time. @param alpha_start alpha at t_start = 1.
    /// @param F_end F at t_end, the last time of a grid.
    /// @throw std::invalid_argument unless 0 < sinf < inf, 0 < alpha_start < 1 and 0 < F_end < -log(alpha_start).
    explicit MeanReverting(double sinf, double alpha_start = 0.005, double F_end = 1e-3, Theta theta = Theta::cosine);

    double log_alpha(double t) const;
    double alpha(double t) const;
    double sigma(double t) const;
    double lambda(double t) const;
    double t_of_lambda(double lambda) const;
    double t_start() const { return 1.0; }
    double t_end() const { return t_end_; }
    double prior_scale() const { return sinf_; }
    double sinf() const { return sinf_; }
    double alpha_start() const { return alpha_start_; }
    double F_end() const { return F_end_; }
    Theta theta() const { return theta_; }
    std::string formula() const;

private:
    double F(double t) const;
    double t_of_F(double F) const;

    double sinf_;
    double alpha_start_;
    double F_end_;
    Theta theta_;
    double rate_;    // F(t) = rate times the integral of the shape over [0, t]
    double t_end_;
};

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::Theta> {
    static constexpr std::array<std::string_view, 2> names{"cosine", "constant"};
};
