/// Randomised quasi-Monte Carlo: the mean over scrambled Sobol' points, with an honest interval from independent scrambles.
#pragma once

#include <array>
#include <string_view>
#include <tuple>

#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/problem.hpp>
#include <buffon/run.hpp>
#include <buffon/sobol_sequence.hpp>

namespace buffon {

template <>
struct EnumNames<Scramble> {
    static constexpr std::array<std::string_view, 2> names{"linear", "owen"};
};

struct QuasiOptions {
    Scramble scramble = Scramble::linear;
    std::int64_t replicates = 16;

    static constexpr auto fields() {
        return std::tuple{Field{"scramble", &QuasiOptions::scramble,
                                "'linear': random linear maps of the digits and a shift; 'owen': a hash that permutes "
                                "each digit given those before it"},
                          Field{"replicates", &QuasiOptions::replicates,
                                "smallest number of independent scrambles; from it to twice as many are used, so that "
                                "each has a power of two points"}};
    }
};

/// R independent scrambles of m = 2^k Sobol' points, R m <= budget; value = mean of the R means, covariance = theirs / R,
/// Student intervals with R - 1 degrees of freedom. Unbiased. `n` says what was spent, at least half of the budget.
/// @throw std::invalid_argument for replicates < 2, budget < replicates, or more inputs than the sequence has dimensions.
/// Source: Owen (1997), L'Ecuyer & Lemieux (2002).
Estimate quasi(const Problem& problem, const Run& run, const QuasiOptions& options = {});

}  // namespace buffon
