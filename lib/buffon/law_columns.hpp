/// The functions of the univariate laws for a column of numbers at a time, in place, through the kernels where a law has a
/// form for them; the bits are those of the law's own functions. Not installed.
#pragma once

#include <algorithm>
#include <span>

#include <buffon/laws/univariate.hpp>

namespace buffon::columns {

/// p <- law.quantile(p).
template <UnivariateLaw L>
void quantile(const L& law, std::span<double> p) {
    for (double& v : p) v = law.quantile(v);
}
void quantile(const Normal& law, std::span<double> p);
void quantile(const LogNormal& law, std::span<double> p);
void quantile(const Uniform& law, std::span<double> p);

/// z <- law.from_normal(z).
template <UnivariateLaw L>
void from_normal(const L& law, std::span<double> z) {
    for (double& v : z) v = law.from_normal(v);
}
void from_normal(const LogNormal& law, std::span<double> z);
void from_normal(const Uniform& law, std::span<double> z);

/// x <- law.to_normal(x).
template <UnivariateLaw L>
void to_normal(const L& law, std::span<double> x) {
    for (double& v : x) v = law.to_normal(v);
}
void to_normal(const LogNormal& law, std::span<double> x);
void to_normal(const Uniform& law, std::span<double> x);

/// x <- law.log_density(x).
template <UnivariateLaw L>
void log_density(const L& law, std::span<double> x) {
    for (double& v : x) v = law.log_density(v);
}
void log_density(const LogNormal& law, std::span<double> x);

}  // namespace buffon::columns
