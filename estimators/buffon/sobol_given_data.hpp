/// Sobol' indices from a table of past runs: no evaluation is needed.
#pragma once

#include <array>
#include <string_view>
#include <tuple>

#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/sample.hpp>

namespace buffon {

enum class GivenDataMethod { ranks, polynomial_chaos };
template <>
struct EnumNames<GivenDataMethod> {
    static constexpr std::array<std::string_view, 2> names{"ranks", "polynomial_chaos"};
};

enum class IndexOrder { first, total, second, all };
template <>
struct EnumNames<IndexOrder> {
    static constexpr std::array<std::string_view, 4> names{"first", "total", "second", "all"};
};

struct SobolGivenDataOptions {
    GivenDataMethod method = GivenDataMethod::ranks;
    IndexOrder order = IndexOrder::first;
    int threads = 0;

    static constexpr auto fields() {
        return std::tuple{Field{"method", &SobolGivenDataOptions::method,
                                "'ranks': products of the outputs of neighbours in the order of each input; "
                                "'polynomial_chaos': a sparse polynomial of independent inputs with a law"},
                          Field{"order", &SobolGivenDataOptions::order,
                                "'first'; with 'polynomial_chaos' also 'total', 'second' (of pairs) or 'all' of them "
                                "with one covariance"},
                          Field{"threads", &SobolGivenDataOptions::threads, "threads, 0 for all; changes no result"}};
    }
};

/// Ranks: S_i = Var(E[y | x_i]) / Var(y) for each input, from rows that are independent draws of one law: value (d m), input by
/// input, with the covariance of their errors. Inputs may depend on each other: S_i is then the correlation ratio, what is
/// known of y once x_i is. O(d n log n).
/// S_i = A_i / V + 1 / n with the mean A_i of the products of neighbours (ranks.hpp), V the sample variance: the 1 / n takes
/// out the bias from the centring. Errors: those of n terms, from the neighbours too, asymptotically normal.
/// Polynomial chaos: the same, total and second order from a sparse polynomial of the inputs, which must be independent under the
/// law of the sample and have densities, see chaos_indices.hpp; up to thousands of times smaller errors where the model
/// is smooth.
/// Ranks leave failed rows out and count them: values are conditional on success; polynomials refuse them. Diagnostics:
/// groups, outputs (names); of ranks: tied (d), the
/// share of rows that another row equals in that input; pareto_k, effective_terms (d m); of polynomials, by output:
/// leave_one_out, held_out,
/// terms.
/// @throw std::invalid_argument for fewer than 30 rows that succeeded, unequal weights, an output without variance; for
/// polynomials
/// without a law, of dependent or discrete inputs, or of failed rows.
/// Source: Gamboa, Gremaud, Klein, Lagnoux, Bernoulli 28 (2022); Sudret, Reliab. Eng. Syst. Saf. 93 (2008).
Estimate sobol_given_data(const Sample& sample, const SobolGivenDataOptions& options = {});

}  // namespace buffon
