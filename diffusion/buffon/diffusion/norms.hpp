/// Whose norms decide about a sample.
#pragma once

#include <array>
#include <string_view>

#include <buffon/fields.hpp>

namespace buffon::diffusion {

/// Its own: then the sample is the same alone. Or those of all samples together, as published.
enum class Norms { sample, batch };

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::Norms> {
    static constexpr std::array<std::string_view, 2> names{"sample", "batch"};
};
