/// The closed list of univariate laws. A new law is a file beside this one and a word in list.hpp.
#pragma once

#include <concepts>
#include <variant>

#include <buffon/laws/beta.hpp>
#include <buffon/laws/constant.hpp>
#include <buffon/laws/discrete.hpp>
#include <buffon/laws/exponential.hpp>
#include <buffon/laws/gamma.hpp>
#include <buffon/laws/gumbel.hpp>
#include <buffon/laws/histogram.hpp>
#include <buffon/laws/kernel_density.hpp>
#include <buffon/laws/list.hpp>
#include <buffon/laws/logistic.hpp>
#include <buffon/laws/lognormal.hpp>
#include <buffon/laws/normal.hpp>
#include <buffon/laws/student_t.hpp>
#include <buffon/laws/triangular.hpp>
#include <buffon/laws/truncated.hpp>
#include <buffon/laws/uniform.hpp>
#include <buffon/laws/weibull.hpp>
#include <buffon/support.hpp>

namespace buffon {

/// NaN in, NaN out, in every function of x or p.
template <class L>
concept UnivariateLaw = requires(const L& law, double x) {
    { law.log_density(x) } -> std::same_as<double>;      // -inf outside the support
    { law.cdf(x) } -> std::same_as<double>;
    { law.ccdf(x) } -> std::same_as<double>;             // 1 - cdf(x), with all its digits where it is small
    { law.quantile(x) } -> std::same_as<double>;         // x in [0, 1]; the ends of the support at 0 and 1
    { law.upper_quantile(x) } -> std::same_as<double>;   // inverse of ccdf
    { law.to_normal(x) } -> std::same_as<double>;        // normal_quantile(cdf(x)), accurate in both tails
    { law.from_normal(x) } -> std::same_as<double>;      // its inverse
    { law.mean() } -> std::same_as<double>;              // NaN where it does not exist
    { law.variance() } -> std::same_as<double>;          // +inf or NaN where it does not exist
    { law.support() } -> std::same_as<Support>;
};

template <class>
inline constexpr bool all_univariate_laws = false;
template <class... Laws>
inline constexpr bool all_univariate_laws<std::variant<Laws...>> = (UnivariateLaw<Laws> && ...);

static_assert(all_univariate_laws<Univariate>);

/// Whether the law has values with a probability, and no density.
inline bool is_discrete(const Univariate& law) {
    return std::holds_alternative<Discrete>(law) || std::holds_alternative<Constant>(law);
}

}  // namespace buffon
