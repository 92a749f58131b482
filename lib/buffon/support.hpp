/// An interval that carries a random variable; ends may be infinite.
#pragma once

#include <limits>

namespace buffon {

struct Support {
    double lower = -std::numeric_limits<double>::infinity();
    double upper = std::numeric_limits<double>::infinity();

    bool contains(double x) const { return x >= lower && x <= upper; }
};

}  // namespace buffon
