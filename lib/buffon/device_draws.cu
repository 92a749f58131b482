/// Rows of a run, drawn into memory, and moments of outputs that lie there: for models that are called with arrays.
#include <buffon/device_functions.cuh>

#include <buffon/device_call.cuh>
#include <buffon/device_moments.cuh>

namespace buffon::device {
namespace {

constexpr int most_outputs = 8;

/// Uniform c of a row.
__device__ double uniform_at(const DeviceDraws& draws, std::int64_t row, int c) {
    if (draws.nets == nullptr) return draws.stream.uniform(row, c);
    const std::int64_t replicate = row / draws.points, index = row % draws.points;
    const std::uint64_t* words = draws.nets + replicate * (1 + draws.digits) * draws.width;
    std::uint64_t word = words[c];
    for (std::uint64_t rest = index ^ index >> 1; rest != 0; rest &= rest - 1)
        word ^= words[static_cast<std::int64_t>(__ffsll(rest)) * draws.width + c];
    if (draws.owen != nullptr)
        word = __brevll(owen_hash(word, draws.owen + replicate * owen_keys * draws.width + c, draws.width));
    return to_unit(word);
}

__global__ void __launch_bounds__(block_threads)
    draw_rows(const __grid_constant__ DeviceDraws draws, std::int64_t first, std::int64_t rows, double* x) {
    const int d = static_cast<int>(draws.dim);
    for (std::int64_t i = blockIdx.x * std::int64_t{block_threads} + threadIdx.x; i < rows;
         i += gridDim.x * std::int64_t{block_threads}) {
        double* row = x + i * d;
        if (draws.factor == nullptr) {
            for (int j = 0; j < d; ++j) row[j] = quantile_of(draws.laws[j], uniform_at(draws, first + i, j));
            continue;
        }
        double z[DeviceDraws::most_laws];
        for (int j = 0; j < d; ++j) z[j] = score_of(uniform_at(draws, first + i, j));
        for (int j = 0; j < d; ++j) {
            double sum = 0.0;
            for (int k = 0; k <= j; ++k) sum += draws.factor[j * d + k] * z[k];
            row[j] = from_normal_of(draws.laws[j], sum);
        }
    }
}

/// y (rows, m), the first row of which is a block's.
template <int m>
__global__ void __launch_bounds__(block_threads) moments_of_outputs(const double* y, std::int64_t rows, double* records) {
    ShiftedSums<m> sums;
    const std::int64_t end = (blockIdx.x + 1) * device_block < rows ? (blockIdx.x + 1) * device_block : rows;
    for (std::int64_t i = blockIdx.x * device_block + threadIdx.x; i < end; i += block_threads) sums.add(y + i * m);
    sums.moments().store(records + blockIdx.x * moment_numbers(m));
}

template <int m = 1>
void queue_moments(cudaStream_t stream, const double* y, std::int64_t rows, std::int64_t outputs, double* records) {
    if constexpr (m <= most_outputs) {
        if (m != outputs) return queue_moments<m + 1>(stream, y, rows, outputs, records);
        moments_of_outputs<m><<<blocks_for(rows, device_block), block_threads, 0, stream>>>(y, rows, records);
    } else {
        throw std::runtime_error("more outputs than a device sums");
    }
}

}  // namespace

const char* draw(const DeviceQueue* queue, const DeviceDraws* draws, std::int64_t first, std::int64_t rows, double* x) {
    return in_words([&] {
        if (rows == 0) return;
        const Use use(queue->device);
        draw_rows<<<blocks_for(rows, block_threads), block_threads, 0, stream_of(*queue)>>>(*draws, first, rows, x);
        check_launch("draw_rows");
    });
}

const char* row_moments(const DeviceQueue* queue, const double* y, std::int64_t rows, std::int64_t outputs, double* records) {
    return in_words([&] {
        if (rows == 0) return;
        const Use use(queue->device);
        queue_moments(stream_of(*queue), y, rows, outputs, records);
        check_launch("moments_of_outputs");
    });
}

const char* copy(const DeviceQueue* queue, const void* from, void* to, std::int64_t bytes) {
    return in_words([&] {
        const Use use(queue->device);
        check(cudaMemcpyAsync(to, from, static_cast<std::size_t>(bytes), cudaMemcpyDeviceToDevice, stream_of(*queue)),
              "cudaMemcpyAsync");
    });
}

}  // namespace buffon::device
