/// Copulas in 320 digits: the cdf from its definition, the density as its mixed derivative, for tests of their closed forms.
#pragma once

#include <functional>
#include <vector>

#include <boost/multiprecision/cpp_bin_float.hpp>

#include <buffon/view.hpp>

namespace oracle {

using Wide = boost::multiprecision::number<boost::multiprecision::cpp_bin_float<320>, boost::multiprecision::et_off>;
using Cdf = std::function<Wide(const std::vector<Wide>&)>;

/// P(Z <= z), from the nearer tail.
inline Wide normal_cdf(double z) {
    using boost::multiprecision::erfc;
    return erfc(-Wide(z) / sqrt(Wide(2))) / 2;
}

/// Of the first k arguments, by central differences; each step 1e-10 of the distance to the ends of (0, 1), which errs by 1e-20.
inline Wide mixed_derivative(const Cdf& cdf, std::vector<Wide> u, std::size_t k) {
    if (k == 0) return cdf(u);
    const Wide centre = u[k - 1], h = Wide("1e-10") * (centre < Wide(0.5) ? centre : 1 - centre);
    const auto at = [&](int steps) {
        u[k - 1] = centre + steps * h;
        return mixed_derivative(cdf, u, k - 1);
    };
    return (at(1) - at(-1)) / (2 * h);
}

/// log density at normal scores.
inline double log_density(const Cdf& cdf, const std::vector<double>& z) {
    std::vector<Wide> u;
    for (const double score : z) u.push_back(normal_cdf(score));
    return static_cast<double>(log(mixed_derivative(cdf, u, u.size())));
}

/// P(U_d <= u_d | the others): the ratio of mixed derivatives of C(u) and C(u_1 ... u_(d-1), 1), and one less it.
struct Conditional {
    Wide below, above;
};
inline Conditional conditional(const Cdf& cdf, const std::vector<double>& z) {
    std::vector<Wide> u;
    for (const double score : z) u.push_back(normal_cdf(score));
    const Wide here = mixed_derivative(cdf, u, u.size() - 1);
    u.back() = 1;
    const Wide all = mixed_derivative(cdf, u, u.size() - 1);
    return {here / all, (all - here) / all};
}

}  // namespace oracle
