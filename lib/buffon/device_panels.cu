/// Points as pairs of them are met on a device: columns, less their centre, with the norms of the rows and what is not
/// finite among them.
#include <buffon/device_functions.cuh>

#include <buffon/device_call.cuh>

namespace buffon::device {
namespace {

constexpr int threads = 256;

/// Rows become columns through a tile of shared memory.
template <class T>
__global__ void to_panels(DevicePanels p) {
    __shared__ T tile[32][33];
    const std::int64_t across = p.padded_rows() / 32, row = blockIdx.x % across * 32, column = blockIdx.x / across * 32;
    const T* from = static_cast<const T*>(p.from);
    for (int i = threadIdx.y; i < 32; i += 8) {
        const std::int64_t r = row + i, c = column + threadIdx.x;
        const bool there = r < p.rows && c < p.dim;
        tile[i][threadIdx.x] = there ? static_cast<T>(from[r * p.dim + c] - (p.centre != nullptr ? p.centre[c] : 0.0)) : T{0};
    }
    __syncthreads();
    for (int i = threadIdx.y; i < 32; i += 8)
        if (column + i < p.padded_dim() && row + threadIdx.x < p.padded_rows())
            static_cast<T*>(p.panels)[(column + i) * p.padded_rows() + row + threadIdx.x] = tile[threadIdx.x][i];
}

/// Half the squares of norms, the largest of these squares, and the first row that is not finite.
template <class T>
__global__ void norms_of(DevicePanels p) {
    const std::int64_t row = blockIdx.x * std::int64_t{threads} + threadIdx.x;
    double sum = 0.0;
    if (row < p.padded_rows())
        for (std::int64_t k = 0; k < p.dim; ++k) {
            const double v = static_cast<const T*>(p.panels)[k * p.padded_rows() + row];
            sum += v * v;
        }
    if (row < p.padded_rows()) static_cast<T*>(p.norms)[row] = static_cast<T>(0.5 * sum);
    if (!(sum < INFINITY)) atomicMin(reinterpret_cast<unsigned long long*>(p.bad), static_cast<unsigned long long>(row));
    __shared__ double largest[threads];
    largest[threadIdx.x] = sum;
    for (int half = threads / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) largest[threadIdx.x] = fmax(largest[threadIdx.x], largest[threadIdx.x + half]);
    }
    if (threadIdx.x == 0)
        atomicMax(reinterpret_cast<unsigned long long*>(p.bad + 1),
                  static_cast<unsigned long long>(__double_as_longlong(largest[0])));
}

template <class T>
void launch_panels(const DeviceQueue& queue, const DevicePanels& p) {
    static_assert(DevicePanels::points % 32 == 0);
    const std::int64_t tiles = p.padded_rows() / 32 * ((p.padded_dim() + 31) / 32);   // of one axis: dimensions may be millions
    to_panels<T><<<blocks_for(tiles, 1, INT32_MAX), dim3(32, 8), 0, stream_of(queue)>>>(p);
    check_launch("to_panels");
    norms_of<T><<<blocks_for(p.padded_rows(), threads, INT32_MAX), threads, 0, stream_of(queue)>>>(p);
    check_launch("norms_of");
}

}  // namespace

const char* panels(const DeviceQueue* queue, const DevicePanels* what) {
    return in_words([&] {
        const Use use(queue->device);
        what->number == Number::float32 ? launch_panels<float>(*queue, *what) : launch_panels<double>(*queue, *what);
    });
}

}  // namespace buffon::device
