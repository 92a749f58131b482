#include <buffon/vmfn.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <mutex>
#include <numbers>
#include <optional>

#include <boost/math/special_functions/gamma.hpp>

#include <buffon/bessel.hpp>
#include <buffon/check.hpp>
#include <buffon/elementary.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/sums.hpp>
#include <buffon/tabulated_law.hpp>

namespace buffon {
namespace {

const double log_pi = std::log(std::numbers::pi);

/// log of the constant of M: its integral over the unit sphere is 1.
double log_direction_norm(double d, double concentration) {
    if (!(concentration > 0)) return boost::math::lgamma(0.5 * d) - std::log(2.0) - 0.5 * d * log_pi;
    const double order = 0.5 * d - 1;
    return order * elementary::log(concentration) - 0.5 * d * (std::log(2.0) + log_pi) - log_bessel_i(order, concentration);
}

/// log of the constant of nu.
double log_radius_norm(double shape, double spread) {
    return std::log(2.0) + shape * elementary::log(shape / spread) - boost::math::lgamma(shape);
}

/// tanh s, 1 / cosh s and log cosh s.
struct Hyperbolic {
    double tanh, sech, log_cosh;
    explicit Hyperbolic(double s) {
        const double e = elementary::expm1(-2 * std::abs(s));
        tanh = std::copysign(-e / (2 + e), s);
        sech = 2 * elementary::exp(-std::abs(s)) / (2 + e);
        log_cosh = std::abs(s) + elementary::log1p(0.5 * e);
    }
};

/// s = atanh(cosine): density exp(k tanh s) / cosh^(d - 1) s, smooth on the whole line where that of the cosine has ends.
TabulatedLaw angle_law(double d, double k) {
    const double cosine = 2 * k / ((d - 1) + std::sqrt((d - 1) * (d - 1) + 4 * k * k));   // root of k (1 - t^2) = (d - 1) t
    const auto log_density = [=](double s) {
        const Hyperbolic h(s);
        return k * h.tanh - (d - 1) * h.log_cosh;
    };
    return {log_density, std::atanh(std::min(cosine, 1 - 1e-12))};
}

/// log(r^2 / spread): density proportional to exp(m (l - e^l)).
TabulatedLaw radius_law(double shape) {
    return {[=](double l) { return shape * (l - elementary::exp(l)); }, 0.0};
}

}  // namespace

struct VonMisesFisherNakagami::Tables {
    TabulatedLaw angle, radius;
    // Half of Householder's reflection takes the first axis to the direction, up to a sign that it is told.
    std::vector<double> across;   // axis + sign direction
    double sign;
    double factor;                // 2 / |across|^2

    Tables(const std::vector<double>& direction, double concentration, double shape)
        : angle(angle_law(static_cast<double>(direction.size()), concentration)), radius(radius_law(shape)), across(direction),
          sign(direction.front() < 0 ? -1.0 : 1.0) {
        for (double& a : across) a *= sign;
        across.front() += 1;
        factor = 2 / dot(across.data(), across.data(), static_cast<std::int64_t>(across.size()));
    }
};

struct VonMisesFisherNakagami::Lazy {
    mutable std::once_flag made;
    mutable std::optional<Tables> tables;

    const Tables& get(const VonMisesFisherNakagami& law) const {
        std::call_once(made, [&] { tables.emplace(law.direction_, law.concentration_, law.shape_); });
        return *tables;
    }
};

VonMisesFisherNakagami::VonMisesFisherNakagami(std::vector<double> direction, double concentration, double shape, double spread)
    : direction_(std::move(direction)), concentration_(concentration), shape_(shape), spread_(spread) {
    require(dim() >= 2, "VonMisesFisherNakagami: direction must have at least 2 coordinates, got ", dim());
    require(std::isfinite(concentration) && concentration >= 0,
            "VonMisesFisherNakagami: concentration must be finite and not negative, got ", concentration);
    require(std::isfinite(shape) && shape > 0, "VonMisesFisherNakagami: shape must be positive and finite, got ", shape);
    require(std::isfinite(spread) && spread > 0, "VonMisesFisherNakagami: spread must be positive and finite, got ", spread);
    const double length = std::sqrt(dot(direction_.data(), direction_.data(), dim()));
    require(std::isfinite(length) && length > 0, "VonMisesFisherNakagami: direction must be finite and not 0");
    for (double& a : direction_) a /= length;
    log_norm_ = log_radius_norm(shape, spread) + log_direction_norm(static_cast<double>(dim()), concentration);
    tables_ = std::make_shared<const Lazy>();
}

void VonMisesFisherNakagami::place(double* z, double v) const {
    const Tables& t = tables_->get(*this);
    const std::int64_t d = dim();
    const Hyperbolic angle(t.angle.at_score(z[0]));
    const double radius = std::sqrt(spread_) * elementary::exp(0.5 * t.radius.at_score(normal_quantile(v)));
    const double across = std::sqrt(dot(z + 1, z + 1, d - 1));
    const double scale = across > 0 ? radius * angle.sech / across : 0.0;
    z[0] = radius * angle.tanh;
    for (std::int64_t j = 1; j < d; ++j) z[j] *= scale;
    const double along = t.factor * dot(z, t.across.data(), d);
    for (std::int64_t j = 0; j < d; ++j) z[j] = t.sign * (along * t.across[static_cast<std::size_t>(j)] - z[j]);
}

Radius::Radius(const double* z, std::int64_t d) : square(std::max(dot(z, z, d), 1e-300)), log_square(elementary::log(square)) {}

double Radius::cosine(const double* z, const std::vector<double>& direction) const {
    return dot(z, direction.data(), static_cast<std::int64_t>(direction.size())) / std::sqrt(square);
}

void VonMisesFisherNakagamis::log_density(ConstView z, View out, std::int64_t first) const {
    assert(z.rows == out.rows && first + size() <= out.cols);
    for (std::int64_t i = 0; i < z.rows; ++i) {
        const double* row = z.row(i).data();
        const Radius r(row, z.cols);
        for (std::size_t k = 0; k < laws_.size(); ++k)
            out(i, first + static_cast<std::int64_t>(k)) =
                laws_[k].log_density(r.log_square, r.square, r.cosine(row, laws_[k].direction()));
    }
}

}  // namespace buffon
