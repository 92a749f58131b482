/// Sub-variance-preserving: alpha of VP, sigma = 1 - alpha^2, which is below that of VP.
/// Source: Song et al., "Score-based generative modeling through SDEs", ICLR 2021.
#pragma once

#include <string>

#include <buffon/diffusion/schedules/vp.hpp>

namespace buffon::diffusion {

class SubVP {
public:
    /// @param t_end last time of a grid; t = 0, the data themselves, has lambda = +inf.
    /// @throw std::invalid_argument unless 0 < b0 <= b1 < inf and 0 < t_end < 1.
    explicit SubVP(double b0 = 0.1, double b1 = 20.0, double t_end = 1e-3);

    double log_alpha(double t) const;
    double alpha(double t) const;
    double sigma(double t) const;
    double lambda(double t) const;
    double t_of_lambda(double lambda) const;
    double t_start() const { return 1.0; }
    double t_end() const { return vp_.t_end(); }
    double prior_scale() const { return 1.0; }
    double b0() const { return vp_.b0(); }
    double b1() const { return vp_.b1(); }
    std::string formula() const;

private:
    VP vp_;   // the same alpha
};

}  // namespace buffon::diffusion
