#include <buffon/spherical_t.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

#include <boost/math/special_functions/gamma.hpp>

#include <buffon/elementary.hpp>
#include <buffon/linalg.hpp>

namespace buffon {

SphericalT::SphericalT(double df, std::int64_t dim) {
    for (std::int64_t j = 0; j < dim; ++j) {
        const double n = df + static_cast<double>(j);
        conditionals_.emplace_back(n);
        // Gamma((n + 1) / 2) / Gamma(n / 2): the difference of their logarithms would be lost for large n
        log_norm_ -= std::log(boost::math::tgamma_delta_ratio(0.5 * n, 0.5)) + 0.5 * std::log(df * std::numbers::pi);
    }
}

double SphericalT::log_density(const double* y) const {
    const double power = 0.5 * (df() + static_cast<double>(dim()));
    return log_norm_ - power * elementary::log1p(sum_of_squares(y, dim()) / df());
}

void SphericalT::to_normal(double* y) const {
    double square = df();
    for (const StudentT& law : conditionals_) {
        const double now = *y;
        *y++ = law.to_normal(now * std::sqrt(law.df() / square));
        square += now * now;
    }
}

void SphericalT::from_normal(double* u) const {
    double square = df();
    for (const StudentT& law : conditionals_) {
        const double y = law.from_normal(*u) * std::sqrt(square / law.df());
        *u = std::isnan(y) ? y : std::clamp(y, -reach, reach);
        square += *u * *u;
        ++u;
    }
}

}  // namespace buffon
