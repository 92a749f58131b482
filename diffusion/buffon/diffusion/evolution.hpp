/// Random lists of solver decisions: drawn anew, mutated, crossed. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/diffusion/unified.hpp>
#include <buffon/stream.hpp>

namespace buffon::diffusion {

/// The random numbers of one candidate.
class Dice {
public:
    Dice(std::uint64_t key, std::int64_t candidate) : stream_{key, 0x30000}, candidate_(candidate) {}

    double uniform() { return stream_.uniform(candidate_, component_++); }
    double normal();
    bool chance(double p) { return uniform() < p; }
    /// 0 ... n - 1
    std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(uniform() * static_cast<double>(n)); }

private:
    Stream stream_;
    std::int64_t candidate_;
    std::int64_t component_ = 0;
};

/// Multistep solvers of both predictions, orders 2 and 3, with and without a corrector, on five grids.
std::vector<Decisions> known_solvers(const Schedule& schedule, double t_end, std::int64_t evaluations);

Decisions random_decisions(std::int64_t evaluations, Dice& dice);

/// Fields of two parents, step by step; of the first alone where their numbers of steps differ.
Decisions crossed(const Decisions& a, const Decisions& b, Dice& dice);

/// At least one change; the number of evaluations stays.
Decisions mutated(Decisions decisions, Dice& dice);

/// Small moves of the places and of the factors of first derivatives.
Decisions refined(Decisions decisions, Dice& dice);

/// Whether they differ in places and factors alone, so that their difference is a direction.
bool alike(const Decisions& a, const Decisions& b);

/// Differential evolution (Storn, Price, J. Global Optimization 1997) of the places and factors of `base`: along the difference
/// of two that are alike and, half of the times, part of the way to the best of their kind.
Decisions differed(Decisions base, const Decisions& best, const Decisions& a, const Decisions& b, Dice& dice);

}  // namespace buffon::diffusion
