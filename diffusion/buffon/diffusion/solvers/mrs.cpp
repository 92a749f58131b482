#include <buffon/diffusion/solvers/mrs.hpp>

#include <buffon/diffusion/describe.hpp>
#include <buffon/diffusion/solvers/dpm.hpp>
#include <buffon/diffusion/solvers/dpmpp.hpp>

namespace buffon::diffusion {

Table mrs(const Schedule& schedule, const Grid& grid, const MrsOptions& options) {
    const bool noise = options.prediction == MrsPrediction::noise;
    Table table = dpm_solver("mrs", noise ? dpm : dpmpp, noise ? Prediction::noise : Prediction::data, schedule, grid,
                             {.order = options.order,
                              .second = SecondOrder::taylor,
                              .sde = options.sde,
                              .lower_order_final = options.lower_order_final});
    table.options = describe(options);
    table.remake = [=](const Grid& other) { return mrs(schedule, other, options); };
    return table;
}

}  // namespace buffon::diffusion
