/// The von Mises-Fisher-Nakagami law of x = r a in standard normal space: a direction a about a mean direction, and a radius
/// r independent of it. In many dimensions it has d + 3 numbers where a Gaussian has d^2 / 2. Not installed.
/// Source: Wang and Song (2016); Papaioannou, Geyer, Straub (2019). N(0, I) is (concentration 0, shape d / 2, spread d).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <buffon/view.hpp>

namespace buffon {

/// Density nu(r) M(a) / r^(d - 1): Nakagami nu(r) = 2 (m / w)^m r^(2m - 1) exp(-m r^2 / w) / Gamma(m) of shape m and spread w
/// = E r^2; von Mises-Fisher M(a) proportional to exp(k a . direction) of concentration k. Cheap to copy; immutable.
class VonMisesFisherNakagami {
public:
    /// @param direction  (d), d >= 2, not all 0; it is normalised.   concentration >= 0, shape > 0, spread > 0.
    VonMisesFisherNakagami(std::vector<double> direction, double concentration, double shape, double spread);

    std::int64_t dim() const { return static_cast<std::int64_t>(direction_.size()); }
    const std::vector<double>& direction() const { return direction_; }
    double concentration() const { return concentration_; }
    double shape() const { return shape_; }
    double spread() const { return spread_; }

    /// At a point with this logarithm of the squared radius, and this component along the mean direction divided by the radius.
    double log_density(double log_square, double square, double cosine) const {
        return log_norm_ + (shape_ - 0.5 * static_cast<double>(dim())) * log_square - shape_ / spread_ * square +
               concentration_ * cosine;
    }
    /// z <- a draw, from one row of standard normal coordinates (the first gives the angle to the mean direction, the others
    /// the direction across) and v in (0, 1) for the radius.
    void place(double* z, double v) const;

private:
    struct Tables;
    struct Lazy;

    std::vector<double> direction_;
    double concentration_, shape_, spread_;
    double log_norm_;
    std::shared_ptr<const Lazy> tables_;   // made at the first draw: a fit has many laws that nobody draws from
};

/// K such densities at n points: O(n d K).
class VonMisesFisherNakagamis {
public:
    explicit VonMisesFisherNakagamis(std::vector<VonMisesFisherNakagami> laws) : laws_(std::move(laws)) {}

    std::int64_t size() const { return static_cast<std::int64_t>(laws_.size()); }
    /// log density of law k at row i of z (n, d) into out(i, first + k).
    void log_density(ConstView z, View out, std::int64_t first = 0) const;

private:
    std::vector<VonMisesFisherNakagami> laws_;
};

/// Squared radius of a row, never 0, and its logarithm.
struct Radius {
    double square, log_square;
    Radius(const double* z, std::int64_t d);
    /// Cosine of the angle between the row and a unit vector.
    double cosine(const double* z, const std::vector<double>& direction) const;
};

}  // namespace buffon
