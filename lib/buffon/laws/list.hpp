/// The closed list of univariate laws, by name: for a law that holds another one. Definitions: <buffon/laws/univariate.hpp>.
#pragma once

#include <variant>

namespace buffon {

class Beta;
class Constant;
class Discrete;
class Exponential;
class Gamma;
class Gumbel;
class Histogram;
class KernelDensity;
class Logistic;
class LogNormal;
class Normal;
class StudentT;
class Triangular;
class Truncated;
class Uniform;
class Weibull;

using Univariate = std::variant<Normal, LogNormal, Uniform, Exponential, Gamma, Beta, Weibull, Gumbel, Triangular,
                                StudentT, Logistic, Truncated, Histogram, KernelDensity, Discrete, Constant>;

}  // namespace buffon
