/// Noise levels for a mean over log sigma, drawn where squares of the terms are large, and close to evenly at every scale.
/// Source: Nichol, Dhariwal, "Improved denoising diffusion probabilistic models", ICML 2021, arXiv:2102.09672 (density
/// proportional to the root of
/// the second moment); Kingma, Salimans, Poole, Ho, "Variational diffusion models", NeurIPS 2021, arXiv:2107.00630 (one
/// shift for a batch).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <buffon/stream.hpp>

namespace buffon::diffusion {

/// log sigma uniform between two levels is the law of the mean; levels are drawn from a density that is constant in
/// equal bins of log sigma: a share
/// `floor` alike, the rest by the root of the mean square of the terms that `learn` was told of. With weights, its
/// ratio to the law, any
/// density gives the mean; none is above 1 / floor.
class LossLevels {
public:
    /// @throw std::invalid_argument unless 0 < low < high, bins >= 1, 0 < floor <= 1, 0 <= memory < 1.
    LossLevels(double low, double high, std::int64_t bins = 40, double floor = 0.1, double memory = 0.9);

    struct Draws {
        std::vector<double> sigma, weight;   // (n)
    };
    /// n levels: of one shift u, uniform on (0, 1), the points frac(u + i / n) of the cumulative density; or independent ones.
    Draws draw(std::int64_t n, const Stream& stream, std::int64_t index, bool independent = false) const;
    /// Terms at these levels, without their weights: mean squares of each bin that they fell into, of which `memory` is kept.
    /// @throw std::invalid_argument for a level outside, another number of terms, or one that is not finite.
    void learn(std::span<const double> sigma, std::span<const double> term);

    double low() const { return low_; }
    double high() const { return high_; }
    double floor() const { return floor_; }
    double memory() const { return memory_; }
    std::int64_t bins() const { return static_cast<std::int64_t>(mass_.size()); }
    /// (bins) probability that a level falls into each, and mean squares; 0 of a bin of which nothing is known.
    const std::vector<double>& mass() const { return mass_; }
    const std::vector<double>& mean_square() const { return mean_square_; }
    /// All that `learn` has changed, (bins) each, for levels that go on elsewhere; `seen`: bins that terms fell into.
    struct Learnt {
        std::vector<double> mass, mean_square;
        std::vector<bool> seen;
    };
    Learnt learnt() const { return {mass_, mean_square_, seen_}; }
    /// @throw std::invalid_argument for another number of bins.
    void go_on_from(Learnt learnt);

private:
    std::int64_t bin_of(double sigma) const;
    void settle();

    double low_, high_, floor_, memory_;
    std::vector<double> mass_, mean_square_;
    std::vector<bool> seen_;
};

}  // namespace buffon::diffusion
