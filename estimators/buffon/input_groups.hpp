/// Groups of inputs that are independent of each other: what Sobol' indices are shared out to. Not installed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <buffon/distribution.hpp>
#include <buffon/input_group.hpp>

namespace buffon {

/// Every coordinate is in one group.
struct Groups {
    std::vector<std::string> names;                       // (G)
    std::vector<std::vector<std::int64_t>> coordinates;   // (G), ascending
    std::vector<std::int64_t> of;                         // (d): the group of each coordinate

    std::int64_t size() const { return static_cast<std::int64_t>(names.size()); }
};

/// The given groups, then each input that is in none of them, alone.
/// @throw std::invalid_argument, naming `who`, for an unknown input, one in two groups, an empty group, a name that stands twice,
/// and for groups that depend on each other.
Groups groups_of(const std::string& who, const Distribution& inputs, const std::vector<InputGroup>& given);

/// The same of groups that may depend on each other.
Groups named_groups(const std::string& who, const Distribution& inputs, const std::vector<InputGroup>& given);

/// (d): the same number for coordinates that may depend on each other, directly or through others.
std::vector<std::int64_t> dependent_blocks(const Distribution& inputs);

}  // namespace buffon
