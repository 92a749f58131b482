/// What every schedule checks, and how it writes its formula. Not installed.
#pragma once

#include <algorithm>
#include <cmath>
#include <sstream>
#include <string>

#include <buffon/check.hpp>

namespace buffon::diffusion::detail {

inline void check_time(const char* function, double t, double first, double last) {
    require(t >= first && t <= last, function, ": t must lie in [", first, ", ", last, "], got ", t);
}

/// An inverse that left its range by rounding only is brought back to the end, to the bit.
inline double snap(const char* function, double t, double first, double last, double lambda) {
    const double slack = 1e-12 * last;
    require(t >= first - slack && t <= last + slack, function, ": lambda must belong to a time in [", first, ", ", last,
            "], got ", lambda);
    return std::clamp(t, first, last);
}

/// Of a variance-exploding process.
inline void check_levels(const char* function, double smin, double smax) {
    require(smin > 0 && std::isfinite(smin), function, ": smin must be positive and finite, got ", smin);
    require(smax > smin && std::isfinite(smax), function, ": smax must be finite and above smin = ", smin, ", got ", smax);
}

/// Of a rate beta(t) = b0 + (b1 - b0) t on [0, 1].
inline void check_rates(const char* function, double b0, double b1, double t_end) {
    require(b0 > 0 && std::isfinite(b0), function, ": b0 must be positive and finite, got ", b0);
    require(b1 >= b0 && std::isfinite(b1), function, ": b1 must be finite and at least b0 = ", b0, ", got ", b1);
    require(t_end > 0 && t_end < 1, function, ": t_end must lie in (0, 1), got ", t_end);
}

template <class... Parts>
std::string text(const Parts&... parts) {
    std::ostringstream out;
    (out << ... << parts);
    return out.str();
}

}  // namespace buffon::diffusion::detail
