/// Runs that stop at a target error: stages of growing size, and what tells whether the last one is enough. Not installed.
/// Source: Stein (1945) for a sample whose size a first one plans; Chow & Robbins (1965) for what stopping does to an interval.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/run.hpp>

namespace buffon {

/// How an estimator comes to smaller errors.
enum class Growth {
    points,    // more points of one sample, as many as it takes
    doubled,   // nets of twice as many points
    fresh   // a new run, larger by what the last one says and independent of it: nothing that was learnt from fewer points stays
};

struct Stages {
    std::string function;
    Growth growth = Growth::points;
    std::int64_t pilot = 1'000;   // evaluations of the first stage
    /// A run of its own.
    std::function<Estimate(const Run&)> begin = {};
    /// The estimate of a run that kept its state, with run.budget evaluations in all; none: there is no way.
    std::function<Estimate(const Estimate&, const Run&)> more = {};
    std::vector<std::string> names = {};   // of the values, where they are known before
    bool zero_is_exact =
        false;   // an error of 0 is known, and not that of an event that was never hit; NaN is of an output that does not vary
};

/// Stages until every value that is asked for has a 95 % interval as narrow as run.target_error, or the budget is
/// spent. A stage is
/// believed where its errors are not 0, ten terms or more carry each mean, and an adaptation, if there is one, has come
/// to its end. It is
/// the last one where the stage before planned it to be, that one reached the target, too, or its intervals are half as
/// wide as asked for.
/// All stages count in `n`; those before the last fresh one are its adaptation, in a kept sample too.
/// Diagnostics: stop ("target", "budget"), stages (evaluations after each), target_ratio (m): half-width of the
/// interval over what was
/// asked for, 0 where nothing was; what an adaptation says of its own stop is in adaptation_stop. Warns where the
/// target was missed.
/// @throw what the stages throw; std::invalid_argument for tolerances that cannot be.
Estimate until_target(const Run& run, const Stages& stages);

/// The same from an estimate on that has a state.
Estimate until_target(const Estimate& begun, const Run& run, const Stages& stages);

}  // namespace buffon
