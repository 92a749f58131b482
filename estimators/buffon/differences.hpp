/// How gradients are made of evaluations.
#pragma once

#include <array>
#include <string_view>

#include <buffon/fields.hpp>

namespace buffon {

/// Differences: d or 2 d evaluations each.
enum class Differences { forward, central };
template <>
struct EnumNames<Differences> {
    static constexpr std::array<std::string_view, 2> names{"forward", "central"};
};

}  // namespace buffon
