/// The closed list of univariate laws, by name: for a law that holds another one. Definitions: <buffon/laws/univariate.hpp>.
#pragma once

#include <variant>

namespace buffon {

class Gumbel;
class LogNormal;
class Normal;
class Triangular;
class Truncated;
class Uniform;

using Univariate = std::variant<Normal, LogNormal, Uniform, Gumbel, Triangular, Truncated>;

}  // namespace buffon
