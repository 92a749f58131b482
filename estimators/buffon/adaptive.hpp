/// What adaptive estimators have in common before their first batch and when they stop early. Not installed.
#pragma once

#include <string>
#include <vector>

#include <buffon/aiscv.hpp>
#include <buffon/estimate.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/pool.hpp>
#include <buffon/problem.hpp>
#include <buffon/run.hpp>
#include <buffon/working_space.hpp>

namespace buffon {

/// @throw std::invalid_argument, naming `who`, for options that cannot be.
void check_adaptive(const std::string& who, const Problem& problem, const Run& run, const AiscvOptions& options);

/// Standard normal space of one law (the problem's, where `laws` is empty), a common space of several.
WorkingSpace working_space(const Problem& problem, const std::vector<Distribution>& laws);

/// "law 1", ... of J laws; one empty name where there are none.
std::vector<std::string> law_names(std::int64_t laws);

/// From the pools alone, each with balance-heuristic weights: what is known when a run stops early.
Estimate from_pools(const Evaluation& evaluate, const WorkingSpace& space, const std::vector<const Pool*>& pools,
                    const std::vector<std::string>& groups);

}  // namespace buffon
