/// Rows of the proposal of aiscv from a net of points. Products may be fused.
#include <buffon/device_functions.cuh>

#include <buffon/device_call.cuh>
#include <buffon/vecmath_normal.hpp>

namespace buffon::device {
namespace {

constexpr int threads = 256;

__global__ void __launch_bounds__(threads) draw_rows(const __grid_constant__ DeviceProposal p) {
    constexpr int most = 32;   // inputs
    const int d = static_cast<int>(p.dim), width = d + 1;
    for (std::int64_t i = blockIdx.x * std::int64_t{threads} + threadIdx.x; i < p.rows; i += gridDim.x * std::int64_t{threads}) {
        const auto index = static_cast<std::uint64_t>(p.first + i), code = index ^ index >> 1;
        const auto uniform = [&](int c) {
            std::uint64_t word = p.net[c];
            for (std::uint64_t rest = code; rest != 0; rest &= rest - 1)
                word ^= p.net[static_cast<std::int64_t>(__ffsll(rest)) * width + c];
            return to_unit(word);
        };
        double choice = uniform(0);
        std::int64_t k = 0;
        while (k < p.components && choice >= p.alpha[k]) choice -= p.alpha[k++];
        while (p.alpha[k] <= 0.0) --k;
        std::int64_t law = p.laws + k - 1;
        if (k == 0) {
            const double share = fmin(choice / p.alpha[0], 1 - 0x1p-53);
            law = static_cast<std::int64_t>(share * static_cast<double>(p.laws));
            law = law < p.laws ? law : p.laws - 1;
        }
        double n[most];
        for (int j = 0; j < d; ++j) n[j] = vecmath::normal_quantile(uniform(1 + j));
        for (int j = 0; j < d; ++j) {
            double sum = 0.0;
            for (int s = 0; s <= j; ++s) sum += p.factors[(law * d + j) * d + s] * n[s];
            const double z = sum + p.means[law * d + j];
            const DeviceCoordinate c = p.coordinates[j];
            const double t = c.centre + c.scale * z;
            p.z[i * d + j] = z;
            p.x[i * d + j] = c.above ? fmax(c.lower + vecmath::exp(t), c.first) : t;
        }
    }
}

}  // namespace

const char* draw_proposal(const DeviceQueue* queue, const DeviceProposal* what) {
    return in_words([&] {
        if (what->rows == 0) return;
        const Use use(queue->device);
        draw_rows<<<blocks_for(what->rows, threads), threads, 0, stream_of(*queue)>>>(*what);
        check_launch("draw_rows");
    });
}

}  // namespace buffon::device
