/// The closed list of univariate laws. A new law is a file beside this one and a word in the list.
#pragma once

#include <concepts>
#include <variant>

#include <buffon/laws/lognormal.hpp>
#include <buffon/laws/normal.hpp>
#include <buffon/laws/uniform.hpp>
#include <buffon/support.hpp>

namespace buffon {

template <class L>
concept UnivariateLaw = requires(const L& law, double x) {
    { law.log_density(x) } -> std::same_as<double>;   // -inf outside the support
    { law.cdf(x) } -> std::same_as<double>;
    { law.quantile(x) } -> std::same_as<double>;      // x in (0, 1)
    { law.to_normal(x) } -> std::same_as<double>;     // normal_quantile(cdf(x)), accurate in both tails
    { law.from_normal(x) } -> std::same_as<double>;   // its inverse
    { law.mean() } -> std::same_as<double>;
    { law.variance() } -> std::same_as<double>;
    { law.support() } -> std::same_as<Support>;
};

using Univariate = std::variant<Normal, LogNormal, Uniform>;

static_assert(UnivariateLaw<Normal> && UnivariateLaw<LogNormal> && UnivariateLaw<Uniform>);

}  // namespace buffon
