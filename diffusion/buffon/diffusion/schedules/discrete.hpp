/// Variance preserving in N discrete levels: alpha_n^2 = (1 - beta_0) ... (1 - beta_n). Level n is the time (n + 1) / N;
/// log alpha is linear in the time between levels and, with the slope of the first two, below level 0.
/// Source: Ho, Jain, Abbeel, "Denoising diffusion probabilistic models", NeurIPS 2020 (linear); Rombach et al.,
/// "High-resolution image synthesis with latent diffusion models", CVPR 2022 (scaled linear); Nichol, Dhariwal, ICML 2021
/// (cosine); the continuous time is that of Lu et al., "DPM-Solver", NeurIPS 2022.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace buffon::diffusion {

class Discrete {
public:
    /// Trailing levels with lambda < -5.1, as those of a capped cosine, hold no signal and are dropped: a time remains
    /// (n + 1) / N with the N that was given, t_start is that of the last level kept.
    /// @param t_end last time of a grid; level 0 by default.
    /// @throw std::invalid_argument unless 0 < beta < 1 for at least 2 levels that are kept, or for a t_end outside
    ///     (t_zero, t_start).
    explicit Discrete(std::vector<double> betas, std::optional<double> t_end = {});

    static Discrete linear(std::int64_t levels = 1000, double beta_start = 1e-4, double beta_end = 0.02);
    /// Linear in the square root of beta.
    static Discrete scaled_linear(std::int64_t levels = 1000, double beta_start = 0.00085, double beta_end = 0.012);
    /// alpha_n of the cosine schedule with s; beta at most `cap`.
    static Discrete cosine(std::int64_t levels = 1000, double s = 0.008, double cap = 0.999);

    double log_alpha(double t) const;
    double alpha(double t) const;
    double sigma(double t) const;
    double lambda(double t) const;
    double t_of_lambda(double lambda) const;
    double t_start() const { return time(kept() - 1); }
    double t_end() const { return t_end_; }
    double prior_scale() const { return 1.0; }
    std::string formula() const;

    /// Where the line through the first two levels meets alpha = 1, or 0 if that is below 0: no time is smaller.
    double t_zero() const { return t_zero_; }
    const std::vector<double>& betas() const { return betas_; }   // as given
    std::int64_t levels() const { return static_cast<std::int64_t>(betas_.size()); }
    std::int64_t kept() const { return static_cast<std::int64_t>(log_alpha_.size()); }
    double time(std::int64_t level) const { return static_cast<double>(level + 1) / static_cast<double>(levels()); }

private:
    double log_alpha_at(double t) const;

    std::vector<double> betas_;
    std::vector<double> log_alpha_;   // of the levels that are kept; decreasing
    double t_zero_;
    double t_end_;
};

}  // namespace buffon::diffusion
