/// A component of a proposal as plain numbers, and back: to compare them, and to keep them in files. Not installed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <buffon/component.hpp>

namespace buffon {

/// Its family (0 Gaussian or Student, 1 von Mises-Fisher-Nakagami) and parameters.
std::vector<double> numbers_of(const Component& component);

/// @throw std::invalid_argument for numbers that are no component in `dim` dimensions.
Component component_of(std::span<const double> numbers, std::int64_t dim);

}  // namespace buffon
