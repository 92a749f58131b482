/// Evolution of solvers: populations of decision lists (buffon/diffusion/unified.hpp) scored on a model, by their error
/// against an accurate reference or by the user's own objective.
/// Source: Liu et al., "A unified sampling framework for solver searching of diffusion probabilistic models", ICLR 2024,
/// section 5, without its learned predictor of scores.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <tuple>
#include <vector>

#include <buffon/diffusion/denoiser.hpp>
#include <buffon/diffusion/sample.hpp>
#include <buffon/diffusion/unified.hpp>
#include <buffon/fields.hpp>
#include <buffon/run.hpp>

namespace buffon::diffusion {

/// One scored candidate; smaller is better.
struct Trial {
    Decisions decisions;
    double score = 0.0;
};

/// Samples of a candidate -> its score; smaller is better.
using Objective = std::function<double(const Draws&)>;

struct SolverSearchOptions {
    std::int64_t evaluations = 5;
    std::int64_t budget = 2000;
    std::int64_t points = 200;
    Objective objective = {};
    std::optional<double> t_end = {};
    std::int64_t population = 40;
    std::int64_t children = 60;
    bool random = false;
    OneOrMany<std::int64_t> condition = {};
    std::optional<std::uint64_t> rng = {};
    std::vector<Trial> resume = {};
    int threads = 0;
    Progress progress = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"evaluations", &SolverSearchOptions::evaluations, "of the denoiser per sample, of every candidate"},
            Field{"budget", &SolverSearchOptions::budget,
                  "number of candidates that are scored, those of resume included"},
            Field{"points", &SolverSearchOptions::points, "number of start points that score a candidate"},
            Field{"objective", &SolverSearchOptions::objective,
                  "callable of a candidate's Draws, smaller is better; None: logarithm of a mean over the points of "
                  "the distance to an accurate solution"},
            Field{"t_end", &SolverSearchOptions::t_end, "last time, None for the schedule's t_end"},
            Field{"population", &SolverSearchOptions::population, "number of best candidates that have children"},
            Field{"children", &SolverSearchOptions::children, "number of candidates between two selections"},
            Field{"random", &SolverSearchOptions::random,
                  "whether all candidates are drawn anew, the control of the evolution"},
            Field{"condition", &SolverSearchOptions::condition,
                  "class of each start point, or one of all; -1 for none; None: unconditional"},
            Field{"rng", &SolverSearchOptions::rng, "key of the random numbers: same key, same table"},
            Field{"resume", &SolverSearchOptions::resume,
                  "table.record of a search with the same key and options, to go on from"},
            Field{"threads", &SolverSearchOptions::threads, "threads, 0 for all; changes no result"},
            Field{"progress", &SolverSearchOptions::progress,
                  "called as progress(n, total) with the candidates scored"}};
    }
};

/// The best table found; table.record holds every trial.
/// @throw std::invalid_argument for fewer than one evaluation, point, candidate, child or parent; for a record of another search.
Table solver_search(const Denoiser& model, const Schedule& schedule, const SolverSearchOptions& options = {});

}  // namespace buffon::diffusion
