/// Names of coordinates: the user's, or "x1", "x2", ... Not installed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <buffon/check.hpp>

namespace buffon {

/// letter1, letter2, ...
inline std::vector<std::string> numbered_names(const std::string& letter, std::int64_t n) {
    std::vector<std::string> names;
    for (std::int64_t j = 1; j <= n; ++j) names.push_back(letter + std::to_string(j));
    return names;
}

inline std::vector<std::string> default_names(std::int64_t dim) { return numbered_names("x", dim); }

/// @throw std::invalid_argument for another number of names than `dim`, or a repeated name.
inline std::vector<std::string> checked_names(const char* who, std::vector<std::string> names, std::int64_t dim) {
    if (names.empty()) return default_names(dim);
    require(names.size() == static_cast<std::size_t>(dim), who, ": names must have one entry per coordinate, ", dim,
            ", got ", names.size());
    auto sorted = names;
    std::sort(sorted.begin(), sorted.end());
    const auto repeated = std::adjacent_find(sorted.begin(), sorted.end());
    if (repeated != sorted.end()) detail::refuse(who, ": names must differ, got \"", *repeated, "\" twice");
    return names;
}

}  // namespace buffon
