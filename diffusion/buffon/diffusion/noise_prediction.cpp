#include <buffon/diffusion/noise_prediction.hpp>

#include <cassert>
#include <cstddef>

namespace buffon::diffusion {

Combination noise_of(Recorder& r, const Combination& x, double rho) { return (x - r.denoise(x)) / rho; }

Combination adams_bashforth(std::span<const Combination> e, int order) {
    constexpr double weights[4][4] = {
        {1.0}, {3.0 / 2, -1.0 / 2}, {23.0 / 12, -16.0 / 12, 5.0 / 12}, {55.0 / 24, -59.0 / 24, 37.0 / 24, -9.0 / 24}};
    assert(1 <= order && order <= 4 && static_cast<std::size_t>(order) <= e.size());
    Combination slope;
    for (int k = 0; k < order; ++k) slope = slope + weights[order - 1][k] * e[e.size() - 1 - static_cast<std::size_t>(k)];
    return slope;
}

}  // namespace buffon::diffusion
