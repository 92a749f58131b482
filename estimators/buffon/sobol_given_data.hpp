/// First-order Sobol' indices from a table of past runs: no evaluation, and no law of the inputs is needed.
#pragma once

#include <array>
#include <string_view>
#include <tuple>

#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/sample.hpp>

namespace buffon {

enum class GivenDataMethod { ranks };
template <>
struct EnumNames<GivenDataMethod> {
    static constexpr std::array<std::string_view, 1> names{"ranks"};
};

struct SobolGivenDataOptions {
    GivenDataMethod method = GivenDataMethod::ranks;
    int threads = 0;

    static constexpr auto fields() {
        return std::tuple{Field{"method", &SobolGivenDataOptions::method, "'ranks': products of the outputs of neighbours in the order of each input"},
                          Field{"threads", &SobolGivenDataOptions::threads, "threads, 0 for all; changes no result"}};
    }
};

/// S_i = Var(E[y | x_i]) / Var(y) for each input, from rows that are independent draws of one law: value (d m), input by
/// input, with the covariance of their errors. Inputs may depend on each other: S_i is then the correlation ratio, what is
/// known of y once x_i is. O(d n log n).
/// S_i = A_i / V + 1 / n with the mean A_i of the products of neighbours (ranks.hpp), V the sample variance: the 1 / n takes
/// out the bias from the centring. Errors: those of n terms, from the neighbours too, asymptotically normal.
/// Failed rows are left out and counted: values are conditional on success. Diagnostics: tied (d), the share of rows that
/// another row equals in that input; pareto_k, effective_terms (d m).
/// @throw std::invalid_argument for fewer than 30 rows that succeeded, unequal weights, an output without variance.
/// Source: Gamboa, Gremaud, Klein, Lagnoux, Bernoulli 28 (2022).
Estimate sobol_given_data(const Sample& sample, const SobolGivenDataOptions& options = {});

}  // namespace buffon
