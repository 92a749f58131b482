/// Variance exploding: alpha = 1, sigma(t) = smin (smax / smin)^t on [0, 1].
/// Source: Song et al., "Score-based generative modeling through SDEs", ICLR 2021.
#pragma once

#include <string>

namespace buffon::diffusion {

class VE {
public:
    /// @throw std::invalid_argument unless 0 < smin < smax < inf.
    explicit VE(double smin = 0.01, double smax = 50.0);

    double log_alpha(double t) const;
    double alpha(double t) const;
    double sigma(double t) const;
    double lambda(double t) const;
    double t_of_lambda(double lambda) const;
    double t_start() const { return 1.0; }
    double t_end() const { return 0.0; }
    double prior_scale() const { return smax_; }
    double smin() const { return smin_; }
    double smax() const { return smax_; }
    std::string formula() const;

private:
    double smin_;
    double smax_;
};

}  // namespace buffon::diffusion
