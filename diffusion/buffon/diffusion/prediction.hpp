/// What is predicted of x = alpha x0 + sigma eps: the word of networks (all four) and of solvers (data or noise).
#pragma once

#include <array>
#include <string_view>

#include <buffon/fields.hpp>

namespace buffon::diffusion {

enum class Prediction { data, noise, velocity, score };

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::Prediction> {
    static constexpr std::array<std::string_view, 4> names{"data", "noise", "velocity", "score"};
};
