/// Formulas of a Markov chain on (x, sigma), of one number each, written once for the processor and for CUDA devices. Not
/// installed. Source: see chain_step.hpp and sigma_rules.hpp, which use them.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>

#include <buffon/config.hpp>
#include <buffon/stream.hpp>

namespace buffon::chain {

/// False of a number whose square, or a sum of few of them, may overflow, and of NaN.
BUFFON_HD inline bool stands(double v) { return (v < 0 ? -v : v) < 1e150; }

/// Size eta of a Langevin step: step sigma^2, or step.
struct StepSize {
    double step = 0.0;
    bool constant = false;

    BUFFON_HD double operator()(double sigma) const { return constant ? step : step * sigma * sigma; }
};

/// A Langevin step along the score: x + eta / 2 score + sqrt(eta) z.
BUFFON_HD inline double moved(double x, double score, double z, double eta) {
    return x + 0.5 * eta * score + std::sqrt(eta) * z;
}

/// What the drift leaves of a step; log q(to | from) is less than a constant by the sum of its squares over 2 eta.
BUFFON_HD inline double left_over(double from, double score, double to, double eta) {
    return to - from - 0.5 * eta * score;
}

/// The score of a denoiser, (E[x0 | x] - x) / sigma^2.
BUFFON_HD inline double score_of(double data, double x, double sigma) { return (data - x) / (sigma * sigma); }

/// The plug-in's estimate of sigma from a denoiser D: |x - D| / sqrt(k), k = d less the trace of D's derivative.
struct PlugIn {
    /// Width of a difference that stands for a derivative, as a share of sigma: coarse enough for networks in float32.
    static constexpr double width = 1e-2;
    /// Of the d directions the data take away at most this share: nearer to all nothing is left to estimate sigma from.
    static constexpr double largest_trace = 0.95;

    double log_sigma = 0.0;
    double squares = 1.0;   // k, how many squares are behind it

    BUFFON_HD static PlugIn of(double square, double trace, double d) {
        const double taken = trace < 0 ? 0.0 : trace > largest_trace * d ? largest_trace * d : trace, k = d - taken;
        const double least = std::numeric_limits<double>::min();
        return {0.5 * std::log((square < least ? least : square) / k), k};   // NaN of NaN
    }

    /// The logarithm of the weight of a level: log sigma is normal of variance 1 / (2 k).
    BUFFON_HD double log_weight(double log_level) const {
        return -squares * (log_level - log_sigma) * (log_level - log_sigma);
    }
};

/// Hutchinson's estimate of a trace: the mean over probes of v (D(x + h v) - D(x)) / h, v of signs, h = width sigma.
struct Probe {
    Stream signs;
    std::int64_t number = 0, of = 1;

    BUFFON_HD double sign(std::int64_t row, std::int64_t j, std::int64_t d) const {
        return signs.uniform(row, number * d + j) < 0.5 ? -1.0 : 1.0;
    }
    BUFFON_HD static double at(double x, double sign, double sigma) { return x + PlugIn::width * sigma * sign; }
    BUFFON_HD double part(double sign, double there, double here, double sigma) const {
        return sign * (there - here) / (PlugIn::width * sigma * static_cast<double>(of));
    }
};

}   // namespace buffon::chain
