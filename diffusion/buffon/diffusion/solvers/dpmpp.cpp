#include <buffon/diffusion/solvers/dpmpp.hpp>

namespace buffon::diffusion {

Table dpmpp(const Schedule& schedule, const Grid& grid, const DpmOptions& options) {
    return dpm_solver("dpmpp", dpmpp, Prediction::data, schedule, grid, options);
}

}  // namespace buffon::diffusion
