/// SALib's description of the inputs of a problem.
#pragma once

#include <pybind11/pybind11.h>

#include <buffon/distribution.hpp>

namespace binder {

/// {"num_vars", "names", "bounds", "dists"} as a Joint.   @throw std::invalid_argument naming what does not fit.
buffon::Distribution from_salib(const pybind11::dict& problem);

}  // namespace binder
