#include <buffon/diffusion/solvers/dpm.hpp>

namespace buffon::diffusion {

Table dpm(const Schedule& schedule, const Grid& grid, const DpmOptions& options) {
    return dpm_solver("dpm", dpm, Prediction::noise, schedule, grid, options);
}

}  // namespace buffon::diffusion
