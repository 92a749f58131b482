#include <buffon/law_columns.hpp>

#include <buffon/elementary.hpp>
#include <buffon/kernels.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace buffon {
namespace {

void through(decltype(&kernel::exps) Kernels::*kernel, std::span<double> x) {
    (kernels().*kernel)(x.data(), static_cast<std::int64_t>(x.size()));
}

constexpr double infinity = std::numeric_limits<double>::infinity();

/// x <- log x; -inf where x <= 0.
void take_logs(std::span<double> x) {
    for (double& v : x) v = v < 0 ? 0.0 : v;
    through(&Kernels::logs, x);
}

bool nearer_to_lower(const Uniform& law, double x) { return std::max(x - law.lower(), 0.0) < std::max(law.upper() - x, 0.0); }

}  // namespace

void columns::quantile(const Normal& law, std::span<double> p) {
    through(&Kernels::normal_quantiles, p);
    for (double& v : p) v = law.from_normal(v);
}

void columns::quantile(const LogNormal& law, std::span<double> p) {
    through(&Kernels::normal_quantiles, p);
    from_normal(law, p);
}

void columns::quantile(const Uniform& law, std::span<double> p) {
    kernels().uniform_quantiles(p.data(), static_cast<std::int64_t>(p.size()), law.lower(), law.upper());
}

void columns::from_normal(const LogNormal& law, std::span<double> z) {
    for (double& v : z) v = law.mu() + law.sigma() * v;
    through(&Kernels::exps, z);
}

void columns::from_normal(const Uniform& law, std::span<double> z) {
    const double width = law.upper() - law.lower();
    std::vector<double> tail(z.begin(), z.end());
    for (double& v : tail) v = v < 0 ? v : -v;
    through(&Kernels::normal_cdfs, tail);
    for (std::size_t i = 0; i < z.size(); ++i)
        z[i] = z[i] < 0 ? law.lower() + width * tail[i] : law.upper() - width * tail[i];
}

void columns::to_normal(const LogNormal& law, std::span<double> x) {
    take_logs(x);
    for (double& v : x) v = (v - law.mu()) / law.sigma();
}

void columns::to_normal(const Uniform& law, std::span<double> x) {
    const double width = law.upper() - law.lower();
    std::vector<double> tail(x.begin(), x.end());
    for (double& v : tail)
        v = nearer_to_lower(law, v) ? std::max(v - law.lower(), 0.0) / width : std::max(law.upper() - v, 0.0) / width;
    through(&Kernels::normal_quantiles, tail);
    for (std::size_t i = 0; i < x.size(); ++i)
        if (!std::isnan(x[i])) x[i] = nearer_to_lower(law, x[i]) ? tail[i] : -tail[i];
}

void columns::log_density(const LogNormal& law, std::span<double> x) {
    const double log_norm = -half_log_two_pi - elementary::log(law.sigma());
    take_logs(x);
    for (double& v : x) {
        const double z = (v - law.mu()) / law.sigma();
        v = v == -infinity ? v : log_norm - 0.5 * z * z - v;
    }
}

}  // namespace buffon
