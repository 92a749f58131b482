#include <buffon/diffusion/solvers/deis.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/check.hpp>
#include <buffon/diffusion/adams_bashforth.hpp>

namespace buffon::diffusion {
namespace {

Orders orders_of(const DeisOptions& options) {
    if (options.method == DeisMethod::rhork)
        return {static_cast<double>(tableau(options.tableau).order),
                static_cast<double>(tableau(options.tableau).order)};
    return {options.order + 1.0, std::min(options.order + 1.0, 2.0)};   // the first step is of order 1
}

}  // namespace

Table deis(const Schedule& schedule, const Grid& grid, const DeisOptions& options) {
    require(options.order >= 0 && options.order <= 3, "deis: order must be 0, 1, 2 or 3, got ", options.order);
    return record("deis", deis, schedule, grid, options, orders_of(options), [&](Recorder& r, const Nodes& n) {
        if (options.method == DeisMethod::rhork) return runge_kutta(r, n, tableau(options.tableau));
        adams_bashforth(r, n, options.order + 1, [&](double lambda) {
            return options.method == DeisMethod::tab ? schedule.t_of_lambda(lambda) : std::exp(-lambda);
        });
    });
}

}  // namespace buffon::diffusion
