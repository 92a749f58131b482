/// Draws counted by their cells, and sums of numbers in order.
#include <buffon/device_functions.cuh>

#include <buffon/device_call.cuh>

namespace buffon::device {
namespace {

constexpr int threads = 256;

constexpr std::int64_t shared_counts = 8192;   // targets whose counts a block keeps
constexpr int counted = 8192;                  // draws of a block

/// A block counts in shared memory where the targets are few: many draws of one target would wait for each other.
__global__ void __launch_bounds__(threads) count_up(const __grid_constant__ DeviceCellCounts c) {
    __shared__ std::uint32_t own_counts[shared_counts];
    if (c.failed != nullptr && *c.failed != 0) return;
    const bool here = c.size <= shared_counts;
    const int size = static_cast<int>(here ? c.size : 0);
    for (int i = static_cast<int>(threadIdx.x); i < size; i += threads) own_counts[i] = 0;
    __syncthreads();
    const std::int64_t first = blockIdx.x * std::int64_t{counted}, end = min(first + counted, c.draws);
    for (std::int64_t i = first + threadIdx.x; i < end; i += threads) {
        if (here) atomicAdd(own_counts + c.cell[i], 1u);
        else atomicAdd(reinterpret_cast<unsigned long long*>(c.counts + c.cell[i]), 1ull);
    }
    __syncthreads();
    for (int i = static_cast<int>(threadIdx.x); i < size; i += threads)
        if (own_counts[i] != 0)
            atomicAdd(reinterpret_cast<unsigned long long*>(c.counts + i),
                      static_cast<unsigned long long>(own_counts[i]));
}

__global__ void __launch_bounds__(128) sum_serially(const __grid_constant__ DeviceSerialSums s) {
    const std::int64_t group = blockIdx.x * std::int64_t{128} + threadIdx.x, first = group * s.length;
    if (first >= s.count) return;
    const std::int64_t end = min(first + s.length, s.count);
    double sum = 0.0;
#pragma unroll 8
    for (std::int64_t i = first; i < end; ++i) sum += static_cast<double>(s.numbers[i]);
    s.sums[group] = sum;
}

}  // namespace

const char* count_cells(const DeviceQueue* queue, const DeviceCellCounts* what) {
    return in_words([&] {
        const Use use(queue->device);
        count_up<<<blocks_for(what->draws, counted, INT32_MAX), threads, 0, stream_of(*queue)>>>(*what);
        check_launch("count_up");
    });
}

const char* serial_sums(const DeviceQueue* queue, const DeviceSerialSums* what) {
    return in_words([&] {
        const Use use(queue->device);
        sum_serially<<<blocks_for((what->count + what->length - 1) / what->length, 128, INT32_MAX), 128, 0,
                       stream_of(*queue)>>>(*what);
        check_launch("sum_serially");
    });
}

}  // namespace buffon::device
