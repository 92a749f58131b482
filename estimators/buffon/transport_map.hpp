/// Semi-discrete optimal transport: the map from a law with a density to finitely many weighted targets that moves mass at the least mean
/// square distance. It sends x to the y_i whose <x, y_i> + h_i is largest; the heights h make each cell's mass the wanted one.
/// Source: Aurenhammer, Hoffmann, Aronov, "Minkowski-type theorems and least-squares clustering", Algorithmica 20 (1998); Kitagawa,
/// Mérigot, Thibert, "Convergence of a Newton algorithm for semi-discrete optimal transport", JEMS 21 (2019).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include <buffon/distribution.hpp>
#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/run.hpp>
#include <buffon/view.hpp>

namespace buffon {

struct TransportOptions {
    std::optional<std::vector<double>> masses = {};
    std::optional<Distribution> source = {};
    double target_error = 0.02;
    std::optional<std::int64_t> budget = {};
    std::optional<std::uint64_t> rng = {};
    int threads = 0;
    Progress progress = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"masses", &TransportOptions::masses, "what each target is to receive, normalised here; None: the same"},
            Field{"source", &TransportOptions::source, "the law that is moved; None: the standard normal law"},
            Field{"target_error", &TransportOptions::target_error, "L1 distance of the masses from the wanted ones at which the search ends, as a 95 % upper limit; 0 spends the budget"},
            Field{"budget", &TransportOptions::budget, "largest number of draws of the source, those that check the masses included; None: 20,000 for each target, at least 4,000,000"},
            Field{"rng", &TransportOptions::rng, "key of the random numbers: same key, same bits; None draws a fresh one, kept as rng_key"},
            Field{"threads", &TransportOptions::threads, "threads, 0 for all; changes no result"},
            Field{"progress", &TransportOptions::progress, "called as progress(n, budget) with the draws so far, before each batch"}};
    }
};

struct TransportMap {
    Matrix points;                        // (n, d)
    std::vector<double> wanted;           // (n): of equal points the first has the mass of all
    std::vector<double> heights;          // (n), their mean under `wanted` 0; -inf where nothing is wanted
    std::vector<double> masses;           // (n) of the cells, by the last check
    std::vector<double> mass_std_error;   // (n)
    Estimate mass_error;                  // L1 distance of the masses from the wanted ones, debiased
    Estimate w2_squared;                  // squared 2-Wasserstein distance of source and targets
    std::int64_t empty = 0;               // cells without a draw in the last check, though one was wanted
    std::int64_t draws = 0, start_draws = 0, step_draws = 0, check_draws = 0;
    std::int64_t steps = 0;
    bool converged = false;               // whether the check reached the target error
    std::uint64_t rng_key = 0;

    /// Its root.
    Estimate w2() const;
    /// Index of the cell of each row of x (n, d); of equal scores the lowest.
    std::vector<std::int64_t> cell(ConstView x, int threads = 0) const;
    /// The image of each row of x: the point of its cell.
    Matrix operator()(ConstView x, int threads = 0) const;
};

/// @throw std::invalid_argument for no points, a number that is not finite, masses that do not fit, a source of another dimension or
/// without variance or a density, an option outside its range.
TransportMap transport_map(const Matrix& points, const TransportOptions& options = {});

}  // namespace buffon
