/// Triangular law: the density rises linearly from lower to the mode and falls linearly to upper.
#pragma once

#include <cmath>
#include <limits>
#include <numbers>

#include <buffon/check.hpp>
#include <buffon/laws/scores.hpp>
#include <buffon/support.hpp>

namespace buffon {

class Triangular {
public:
    /// @throw std::invalid_argument unless lower <= mode <= upper, lower < upper, and upper - lower are finite.
    Triangular(double lower, double mode, double upper)
        : lower_(lower), mode_(mode), upper_(upper), width_(upper - lower), log_width_(std::log(width_)) {
        require(std::isfinite(lower), "Triangular: lower must be finite, got ", lower);
        require(std::isfinite(upper) && upper > lower, "Triangular: upper must be finite and above lower = ", lower,
                ", got ", upper);
        require(mode >= lower && mode <= upper, "Triangular: mode must lie in [lower, upper] = [", lower, ", ", upper,
                "], got ", mode);
        require(std::isfinite(width_), "Triangular: upper - lower must be finite, got lower = ", lower, ", upper = ", upper);
    }

    double log_density(double x) const {
        if (std::isnan(x)) return x;
        if (x < lower_ || x > upper_) return -std::numeric_limits<double>::infinity();
        if (x == mode_) return std::numbers::ln2 - log_width_;
        const double height = x < mode_ ? (x - lower_) / (mode_ - lower_) : (upper_ - x) / (upper_ - mode_);
        return std::log(height) + std::numbers::ln2 - log_width_;
    }
    double cdf(double x) const { return side_below(lower_, mode_, upper_, x); }
    double ccdf(double x) const { return side_below(-upper_, -mode_, -lower_, -x); }
    double quantile(double p) const { return at(p, 1 - p); }
    double upper_quantile(double p) const { return at(1 - p, p); }
    /// -inf for x <= lower, +inf for x >= upper.
    double to_normal(double x) const { return score_of_sides(cdf(x), ccdf(x)); }
    double from_normal(double z) const { return at(normal_cdf(z), normal_cdf(-z)); }
    double lower() const { return lower_; }
    double mode() const { return mode_; }
    double upper() const { return upper_; }
    double mean() const { return lower_ + (mode_ - lower_ + width_) / 3; }
    double variance() const {
        const double rise = mode_ - lower_, fall = upper_ - mode_;
        return (rise * rise + rise * fall + fall * fall) / 18;
    }
    Support support() const { return {lower_, upper_}; }

private:
    /// P(X <= x) for the triangle (a, c, b). P(X > x) is this of the mirrored triangle: sums of positive terms, no 1 - P.
    static double side_below(double a, double c, double b, double x) {
        if (std::isnan(x)) return x;
        if (x <= a) return 0;
        if (x >= b) return 1;
        const double rise = c - a, fall = b - c, width = b - a;
        if (x <= c) return (x - a) / width * ((x - a) / rise);
        return (rise + (x - c) / fall * (fall + (b - x))) / width;
    }
    /// The point of the rising side of (a, c, b) with probability p below it and q above, from the nearer of its ends.
    static double on_rise(double a, double c, double b, double p, double q) {
        const double rise = c - a, width = b - a;
        const double root = std::sqrt(p * width) * std::sqrt(rise);   // x - a
        return p < q ? a + root : c - rise * (q * width - (b - c)) / (rise + root);
    }
    double at(double p, double q) const {
        if (std::isnan(p)) return p;
        if (p * width_ <= mode_ - lower_ && mode_ > lower_) return on_rise(lower_, mode_, upper_, p, q);
        return -on_rise(-upper_, -mode_, -lower_, q, p);
    }

    double lower_;
    double mode_;
    double upper_;
    double width_;
    double log_width_;
};

}  // namespace buffon
