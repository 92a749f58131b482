/// How control directions fade out where they are nearly collinear. Not installed.
#pragma once

#include <algorithm>

namespace buffon {

/// The share of its coefficient, 0 to 1, that a regression leaves a direction with this eigenvalue relative to the
/// largest: nothing below
/// a tenth of cut^2, all above ten times that, half at cut^2. A step there would give folds whose eigenvalues lie on
/// both sides of it
/// coefficients that have nothing in common. Eigenvalues below 1e-14 are rounding of an exact dependence, whatever the cut.
inline double kept_share(double eigenvalue, double cut) {
    constexpr double fade = 10.0, lowest = 1 / (1 + fade), rounding = 1e-14;
    if (eigenvalue < rounding) return 0;
    if (cut * cut <= rounding) return 1;
    const double u = eigenvalue / (cut * cut), v = std::clamp((u / (1 + u) - lowest) / (1 - 2 * lowest), 0.0, 1.0);
    return v * v * (3 - 2 * v);
}

}  // namespace buffon
