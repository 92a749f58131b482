/// The closed list of copulas. A new one is a file beside this one and a word here.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <variant>

#include <buffon/clayton_copula.hpp>
#include <buffon/frank_copula.hpp>
#include <buffon/gaussian_copula.hpp>
#include <buffon/gumbel_copula.hpp>
#include <buffon/student_copula.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Works on normal scores z = normal_quantile(u), which do not saturate where u itself rounds to 1; one row depends on no other.
template <class C>
concept CopulaOfScores = requires(const C& copula, ConstView z, View rows, std::span<double> out, std::int64_t i) {
    { copula.dim() } -> std::same_as<std::int64_t>;
    copula.decorrelate(
        rows);   // dependent scores (n, d) to independent ones, in place: Rosenblatt in the order of the columns
    copula.correlate(rows);            // its inverse
    copula.add_log_density(z, out);    // out_i += log c of row i
    { copula.pair(i, i) } -> std::same_as<C>;   // the copula of two coordinates
};

using Copula = std::variant<GaussianCopula, StudentCopula, ClaytonCopula, FrankCopula, GumbelCopula>;

template <class>
inline constexpr bool all_copulas = false;
template <class... Copulas>
inline constexpr bool all_copulas<std::variant<Copulas...>> = (CopulaOfScores<Copulas> && ...);

static_assert(all_copulas<Copula>);

}  // namespace buffon
