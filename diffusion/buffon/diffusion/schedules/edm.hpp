/// Time is the noise level itself: alpha = 1, sigma(t) = t on [0, smax]; grids run from smax to smin.
/// Source: Karras, Aittala, Aila, Laine, "Elucidating the design space of diffusion-based generative models", NeurIPS 2022.
#pragma once

#include <string>

namespace buffon::diffusion {

class EDM {
public:
    /// @throw std::invalid_argument unless 0 < smin < smax < inf.
    explicit EDM(double smin = 0.002, double smax = 80.0);

    double log_alpha(double t) const;
    double alpha(double t) const;
    double sigma(double t) const;
    double lambda(double t) const;
    double t_of_lambda(double lambda) const;
    double t_start() const { return smax_; }
    double t_end() const { return smin_; }
    double prior_scale() const { return smax_; }
    double smin() const { return smin_; }
    double smax() const { return smax_; }
    std::string formula() const;

private:
    double smin_;
    double smax_;
};

}  // namespace buffon::diffusion
