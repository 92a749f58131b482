#include <buffon/diffusion/solvers/lms.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/check.hpp>
#include <buffon/diffusion/adams_bashforth.hpp>

namespace buffon::diffusion {

Table lms(const Schedule& schedule, const Grid& grid, const LmsOptions& options) {
    require(options.order >= 1 && options.order <= 4, "lms: order must be 1, 2, 3 or 4, got ", options.order);
    const Orders orders{static_cast<double>(options.order), std::min(options.order, 2) * 1.0};   // the first step is of order 1
    return record("lms", lms, schedule, grid, options, orders, [&](Recorder& r, const Nodes& n) {
        adams_bashforth(r, n, options.order, [](double lambda) { return std::exp(-lambda); });
    });
}

}  // namespace buffon::diffusion
