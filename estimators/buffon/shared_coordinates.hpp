/// What a kept sample of `sobol` or `shapley` says of itself: its rows differ in some inputs alone. Not installed.
#pragma once

#include <algorithm>
#include <string>

#include <buffon/sample.hpp>

namespace buffon {

/// Among the sample's warnings, so that files keep it and every answer from the rows tells it.
inline const std::string shared_coordinates =
    "its rows share coordinates with each other (a design of sobol or shapley): they are no independent draws";

inline void say_shared_coordinates(Sample& sample) { sample.warnings.push_back(shared_coordinates); }

inline bool has_shared_coordinates(const Sample& sample) {
    return std::ranges::find(sample.warnings, shared_coordinates) != sample.warnings.end();
}

}  // namespace buffon
