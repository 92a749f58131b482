/// Student's t law with location and scale: (x - location) / scale has df degrees of freedom.
#pragma once

#include <limits>
#include <memory>

#include <buffon/support.hpp>

namespace buffon {

/// Cheap to copy; immutable. from_normal and the quantiles read a table of the law, made once at their first call (some
/// milliseconds), as far as scores of +-8.5; further out they solve.
class StudentT {
public:
    /// @param df  degrees of freedom, any positive number.  @param location, scale  in the units of x; the standard deviation
    /// is scale sqrt(df / (df - 2)).
    /// @throw std::invalid_argument unless df and scale are finite and positive and location is finite.
    explicit StudentT(double df, double location = 0.0, double scale = 1.0);

    double log_density(double x) const;
    double cdf(double x) const;
    double ccdf(double x) const;
    double quantile(double p) const;
    double upper_quantile(double p) const;
    double to_normal(double x) const;
    double from_normal(double z) const;
    double df() const { return df_; }
    double location() const { return location_; }
    double scale() const { return scale_; }
    /// NaN for df <= 1: there is none.
    double mean() const { return df_ > 1 ? location_ : std::numeric_limits<double>::quiet_NaN(); }
    /// +inf for 1 < df <= 2, NaN for df <= 1.
    double variance() const {
        if (df_ > 2) return scale_ * scale_ * (df_ / (df_ - 2));
        return df_ > 1 ? std::numeric_limits<double>::infinity() : std::numeric_limits<double>::quiet_NaN();
    }
    Support support() const { return {}; }

private:
    struct Core;
    double standard(double x) const { return (x - location_) / scale_; }

    double df_;
    double location_;
    double scale_;
    std::shared_ptr<const Core> core_;
};

}  // namespace buffon
