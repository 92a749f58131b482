/// Which uniform points an estimator draws.
#pragma once

#include <array>
#include <string_view>

#include <buffon/fields.hpp>

namespace buffon {

enum class Points { rqmc, iid };
template <>
struct EnumNames<Points> {
    static constexpr std::array<std::string_view, 2> names{"rqmc", "iid"};
};

}  // namespace buffon
