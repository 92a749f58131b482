/// Variance preserving with alpha(t) = cos(pi/2 (t + s) / (1 + s)) / cos(pi/2 s / (1 + s)), alpha^2 + sigma^2 = 1.
/// Source: Nichol, Dhariwal, "Improved denoising diffusion probabilistic models", ICML 2021; its continuous form and
/// t_start = 0.9946 (lambda is -inf at t = 1) are those of Lu et al., "DPM-Solver", NeurIPS 2022.
#pragma once

#include <string>

namespace buffon::diffusion {

class Cosine {
public:
    /// @param s keeps the noise of the first levels away from 0.
    /// @param t_start largest time, below 1. @param t_end last time of a grid.
    /// @throw std::invalid_argument unless 0 < s < inf and 0 < t_end < t_start < 1.
    explicit Cosine(double s = 0.008, double t_start = 0.9946, double t_end = 1e-3);

    double log_alpha(double t) const;
    double alpha(double t) const;
    double sigma(double t) const;
    double lambda(double t) const;
    double t_of_lambda(double lambda) const;
    double t_start() const { return t_start_; }
    double t_end() const { return t_end_; }
    double prior_scale() const { return 1.0; }
    double s() const { return s_; }
    std::string formula() const;

private:
    double log_alpha_at(double t) const;
    double angle(double t) const;

    double s_;
    double t_start_;
    double t_end_;
};

}  // namespace buffon::diffusion
