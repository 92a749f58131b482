/// Semi-discrete optimal transport: the map from a law with a density to finitely many weighted targets that moves mass
/// at the least mean
/// square distance. It sends x to the y_i whose <x, y_i> + h_i is largest; the heights h make each cell's mass the wanted one.
/// Source: Aurenhammer, Hoffmann, Aronov, "Minkowski-type theorems and least-squares clustering", Algorithmica 20
/// (1998); Kitagawa,
/// Mérigot, Thibert, "Convergence of a Newton algorithm for semi-discrete optimal transport", JEMS 21 (2019). Entropic:
/// Genevay, Cuturi, Peyré, Bach,
/// "Stochastic optimization for large-scale optimal transport", NIPS 2016; its map: Pooladian, Niles-Weed, arXiv
/// 2109.12004 (2021).
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <buffon/distribution.hpp>
#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/run.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// How heights are found: by draws; exactly, in one dimension and, under a uniform law on a rectangle or a normal law,
/// in two; by draws for the
/// entropic problem, whose plan shares each x among the targets.
enum class TransportMethod { stochastic, newton, entropic };
template <>
struct EnumNames<TransportMethod> {
    static constexpr std::array<std::string_view, 3> names{"stochastic", "newton", "entropic"};
};

struct TransportOptions {
    std::optional<std::vector<double>> masses = {};
    std::optional<Distribution> source = {};
    TransportMethod method = TransportMethod::stochastic;
    std::optional<double> epsilon = {};
    double target_error = 0.02;
    std::optional<std::int64_t> budget = {};
    std::optional<std::vector<double>> heights = {};
    std::optional<std::uint64_t> rng = {};
    int threads = 0;
    std::string device = "cpu";
    Progress progress = {};
    std::optional<std::filesystem::path> checkpoint = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"masses", &TransportOptions::masses,
                  "what each target is to receive, normalised here; None: the same"},
            Field{"source", &TransportOptions::source, "the law that is moved; None: the standard normal law"},
            Field{"method", &TransportOptions::method,
                  "'stochastic' for any source and dimension; 'newton' is exact, in one dimension and, for a uniform "
                  "law on a rectangle or a normal law, in two; 'entropic' finds the plan "
                  "of least E|x-y|^2 + epsilon KL(plan | independent)"},
            Field{"epsilon", &TransportOptions::epsilon,
                  "strength of the entropy, as a cost |x-y|^2, for method 'entropic'; None: a twentieth of the mean "
                  "cost of independent pairs"},
            Field{"target_error", &TransportOptions::target_error,
                  "L1 distance of the masses from the wanted ones at which the search ends, as a 95 % upper limit; 0 "
                  "spends the budget"},
            Field{"budget", &TransportOptions::budget,
                  "largest number of draws of the source, those that check the masses included; None: 20,000 for each "
                  "target, at least 4,000,000"},
            Field{"heights", &TransportOptions::heights,
                  "heights to go on from, those of an earlier map of the same points; None: from the start"},
            Field{"rng", &TransportOptions::rng,
                  "key of the random numbers: same key, same bits; None draws a fresh one, kept as rng_key"},
            Field{"threads", &TransportOptions::threads, "threads, 0 for all; changes no result"},
            Field{"device", &TransportOptions::device,
                  "'cpu', or 'cuda', 'cuda:1', ...: where draws are counted; the result has the same bits"},
            Field{"progress", &TransportOptions::progress,
                  "called as progress(n, budget) with the draws so far, before each batch"},
            Field{"checkpoint", &TransportOptions::checkpoint,
                  "file in which the search keeps what it has: the same call goes on from it, with the same bits, "
                  "after whatever "
                  "ended it; it stays, and one of another run is an error. None: no file"}};
    }
};

/// Images between targets, one for each row.
struct TransportBetween {
    Matrix images;                    // (n, d)
    std::vector<std::int64_t> used;   // (n) targets that an image is the weighted mean of
};

struct TransportMap {
    Matrix points;                        // (n, d)
    std::optional<Distribution> source;
    std::vector<double> wanted;           // (n): of equal points the first has the mass of all
    std::vector<double> heights;          // (n), their mean under `wanted` 0; -inf where nothing is wanted
    std::vector<double> masses;           // (n) of the cells, by the last check
    std::vector<double> mass_std_error;   // (n)
    Estimate mass_error;                  // L1 distance of the masses from the wanted ones, debiased
    Estimate
        w2_squared;   // squared 2-Wasserstein distance of source and targets; its interval holds what an entropic map is off by
    double epsilon = 0.0;                 // of an entropic map; else 0
    Estimate entropic_value;              // min E|x - y|^2 + epsilon KL(plan | independent); w2_squared where epsilon is 0
    std::int64_t empty = 0;               // cells without a draw in the last check, though one was wanted
    std::int64_t draws = 0, start_draws = 0, step_draws = 0, check_draws = 0;
    std::int64_t steps = 0;
    bool converged = false;               // whether the check reached the target error
    std::uint64_t rng_key = 0;

    /// Its root.
    Estimate w2() const;
    /// Index of the cell of each row of x (n, d); of equal scores the lowest.
    std::vector<std::int64_t> cell(ConstView x, int threads = 0) const;
    /// The image of each row of x, the gradient of the potential: the point of its cell, for an entropic map the mean
    /// of the points under `weights`.
    Matrix operator()(ConstView x, int threads = 0) const;
    /// (rows, n): how an entropic plan shares each row among the points, softmax_i((<x, y_i> + h_i) / (epsilon / 2)); 1
    /// at its cell where epsilon is 0.
    Matrix weights(ConstView x, int threads = 0) const;
    /// Brenier's convex potential max_i <x, y_i> + h_i of each row of x; for an entropic map epsilon / 2 log sum_i
    /// e^((<x, y_i> + h_i) / (epsilon / 2)).
    std::vector<double> potential(ConstView x, int threads = 0) const;
    /// Angle between the potential's facets over the best and the second best cell of each row, the jump of its
    /// gradient where they meet,
    /// for points scaled to mean square length 1; 0 where there is one cell only.
    std::vector<double> angle(ConstView x, int threads = 0) const;
    /// By how much the best score of each row beats the second best, over the distance of their points: the distance of
    /// the row from the facet.
    std::vector<double> facet_distance(ConstView x, int threads = 0) const;
    /// (n, d) means of the source in each cell, of this many draws; NaN for a cell without one.
    Matrix centroids(std::int64_t draws, std::uint64_t rng, int threads = 0) const;
    /// (n') heights for other points, to go on from where points were moved or added: those at which each new point's
    /// cell meets the one of the nearest
    /// point k at that cell's centroid, h_k - <centroid_k, y - y_k>; exact to first order for a point that moved.
    /// @param draws of the centroids
    std::vector<double> heights_at(const Matrix& others, std::int64_t draws, std::uint64_t rng, int threads = 0) const;
    /// Means of the points of the k best cells of each row, weighted by 1 / |x - centroid|, without those whose facet
    /// stands at more than
    /// `angle` to the best one's: the map jumps there, and nothing lies between.   @throw std::invalid_argument for k
    /// out of 1 ... n
    TransportBetween between(ConstView x, const Matrix& centroids, std::int64_t k, double angle, int threads = 0) const;
    /// The same map with masses, their error and W2 from fresh draws; `draws` and `check_draws` are those of this check.
    TransportMap check(std::int64_t draws, std::optional<std::uint64_t> rng = {}, int threads = 0,
                       const std::string& device = "cpu") const;
};

/// @throw std::invalid_argument for no points, a number that is not finite, masses or heights that do not fit, a source
/// of another dimension or
/// without variance, a method that does not serve source or dimension, an option outside its range, a device that is not there, a
/// checkpoint of another run.   @throw std::runtime_error where a checkpoint cannot be written.
TransportMap transport_map(const Matrix& points, const TransportOptions& options = {});

}  // namespace buffon
