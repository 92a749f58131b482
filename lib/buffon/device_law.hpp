/// Univariate laws as plain numbers, for kernels: the quantiles of the laws of <buffon/laws/univariate.hpp> that have a closed
/// form. Equal to those up to rounding; Uniform, Normal and LogNormal bit for bit where products are not fused.
#pragma once

#include <cstdint>

#include <buffon/config.hpp>
#include <buffon/vecmath_normal.hpp>

namespace buffon {

struct DeviceLaw {
    enum class Kind : std::int32_t { uniform, normal, lognormal, exponential, weibull, gumbel, logistic, triangular, constant };
    Kind kind = Kind::uniform;
    /// lower, upper, upper - lower; mean, sd; mu, sigma; rate; shape, scale, location; location, scale; location, scale;
    /// lower, mode, upper; value.
    double a = 0.0, b = 1.0, c = 1.0;

    /// p in (0, 1), and 1 - p, which has its own digits where p is close to 1.
    BUFFON_HD double of_sides(double p, double above) const {
        switch (kind) {
            case Kind::uniform: return p < 0.5 ? a + c * p : b - c * above;
            case Kind::normal: return a + b * vecmath::normal_quantile(p);
            case Kind::lognormal: return vecmath::exp(a + b * vecmath::normal_quantile(p));
            case Kind::exponential: return exponential_of(p, above) / a;
            case Kind::weibull: return c + b * vecmath::exp(vecmath::log(exponential_of(p, above)) / a);
            case Kind::gumbel: return a - b * vecmath::log(exponential_of(above, p));
            case Kind::logistic: return a + b * (vecmath::log(p) - vecmath::log(above));
            case Kind::triangular: return triangular_of(p, above);
            default: return a;
        }
    }

    BUFFON_HD double quantile(double p) const { return of_sides(p, 1.0 - p); }

    /// At a standard normal score.
    BUFFON_HD double from_normal(double z) const {
        if (kind == Kind::normal) return a + b * z;
        if (kind == Kind::lognormal) return vecmath::exp(a + b * z);
        const double tail = vecmath::normal_cdf(z < 0.0 ? z : -z);
        return z < 0.0 ? of_sides(tail, 1.0 - tail) : of_sides(1.0 - tail, tail);
    }

private:
    /// -log P(T > t) = -log(above), by whichever side is smaller.
    BUFFON_HD static double exponential_of(double p, double above) {
        return p < 0.5 ? -vecmath::log1p(-p) : -vecmath::log(above);
    }
    BUFFON_HD double triangular_of(double p, double above) const {
        const double left = b - a, right = c - b, width = c - a;
        return p * width < left ? a + __builtin_sqrt(p * width * left) : c - __builtin_sqrt(above * width * right);
    }
};

}  // namespace buffon
