/// Variance preserving: beta(t) = b0 + (b1 - b0) t on [0, 1], alpha^2 + sigma^2 = 1.
/// Source: Song et al., "Score-based generative modeling through SDEs", ICLR 2021.
#pragma once

#include <string>

namespace buffon::diffusion {

class VP {
public:
    /// @param t_end last time of a grid; t = 0, the data themselves, has lambda = +inf.
    /// @throw std::invalid_argument unless 0 < b0 <= b1 < inf and 0 < t_end < 1.
    explicit VP(double b0 = 0.1, double b1 = 20.0, double t_end = 1e-3);

    double log_alpha(double t) const;
    double alpha(double t) const;
    double sigma(double t) const;
    double lambda(double t) const;
    double t_of_lambda(double lambda) const;
    double t_start() const { return 1.0; }
    double t_end() const { return t_end_; }
    double prior_scale() const { return 1.0; }
    double b0() const { return b0_; }
    double b1() const { return b1_; }
    std::string formula() const;

    /// Inverse of log_alpha; may leave [0, 1].
    double t_of_log_alpha(double log_alpha) const;

private:
    double b0_;
    double b1_;
    double t_end_;
};

}  // namespace buffon::diffusion
