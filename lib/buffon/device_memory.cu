#include <buffon/device_functions.cuh>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>

#include <buffon/device_call.cuh>

namespace buffon::device {
namespace {

/// Freed memory stays in the pool: the next run of the same size asks the driver for nothing. Said once for each device.
void keep_pool(int device) {
    constexpr int most = 64;   // of a host; others are told every time
    static std::atomic<bool> kept[most];
    if (device < most && kept[device]) return;
    cudaMemPool_t pool;
    check(cudaDeviceGetDefaultMemPool(&pool, device), "cudaDeviceGetDefaultMemPool");
    std::uint64_t everything = ~std::uint64_t{0};
    check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &everything), "cudaMemPoolSetAttribute");
    if (device < most) kept[device] = true;
}

/// The graph that a stream is captured into; nullptr where it is not.
cudaGraph_t graph_of(cudaStream_t stream) {
    cudaStreamCaptureStatus status = cudaStreamCaptureStatusNone;
    cudaGraph_t graph = nullptr;
    check(cudaStreamGetCaptureInfo(stream, &status, nullptr, &graph), "cudaStreamGetCaptureInfo");
    return status == cudaStreamCaptureStatusActive ? graph : nullptr;
}

/// A copy that lives as long as the graph, which reads it at every launch.
const void* kept_by(cudaGraph_t graph, const void* host, std::size_t bytes) {
    void* copy = std::malloc(bytes);
    if (copy == nullptr) throw std::bad_alloc();
    std::memcpy(copy, host, bytes);
    cudaUserObject_t object = nullptr;
    const cudaError_t made = cudaUserObjectCreate(&object, copy, std::free, 1, cudaUserObjectNoDestructorSync);
    if (made != cudaSuccess) std::free(copy);
    check(made, "cudaUserObjectCreate");
    check(cudaGraphRetainUserObject(graph, object, 1, cudaGraphUserObjectMove), "cudaGraphRetainUserObject");
    return copy;
}

}  // namespace

const char* captures(const DeviceQueue* queue, bool* out) {
    return in_words([&] {
        const Use use(queue->device);
        *out = graph_of(stream_of(*queue)) != nullptr;
    });
}

const char* allocate(const DeviceQueue* queue, std::int64_t bytes, void** out) {
    return in_words([&] {
        const Use use(queue->device);
        keep_pool(queue->device);
        check(cudaMallocAsync(out, static_cast<std::size_t>(bytes), stream_of(*queue)), "cudaMallocAsync");
    });
}

const char* release(const DeviceQueue* queue, void* memory) {
    return in_words([&] {
        const Use use(queue->device);
        check(cudaFreeAsync(memory, stream_of(*queue)), "cudaFreeAsync");
    });
}

const char* upload(const DeviceQueue* queue, const void* host, void* device, std::int64_t bytes) {
    return in_words([&] {
        const Use use(queue->device);
        const auto size = static_cast<std::size_t>(bytes);
        if (const cudaGraph_t graph = graph_of(stream_of(*queue))) host = kept_by(graph, host, size);
        check(cudaMemcpyAsync(device, host, size, cudaMemcpyHostToDevice, stream_of(*queue)), "cudaMemcpyAsync");
    });
}

const char* download(const DeviceQueue* queue, const void* device, void* host, std::int64_t bytes) {
    return in_words([&] {
        const Use use(queue->device);
        check(cudaMemcpyAsync(host, device, static_cast<std::size_t>(bytes), cudaMemcpyDeviceToHost, stream_of(*queue)),
              "cudaMemcpyAsync");
        check(cudaStreamSynchronize(stream_of(*queue)), "cudaStreamSynchronize");
    });
}

const char* wait(const DeviceQueue* queue) {
    return in_words([&] {
        const Use use(queue->device);
        if (queue->stream == nullptr) check(cudaDeviceSynchronize(), "cudaDeviceSynchronize");
        else check(cudaStreamSynchronize(stream_of(*queue)), "cudaStreamSynchronize");
    });
}

}  // namespace buffon::device
