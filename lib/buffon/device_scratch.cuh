/// Memory of a device for the time of a call. For the .cu files only.
#pragma once

#include <cstddef>
#include <cstdint>

#include <buffon/device_call.cuh>

namespace buffon::device {

/// n of them, allocated and released in the order of the stream; none of none.
template <class T>
class Scratch {
public:
    Scratch(std::int64_t n, cudaStream_t stream) : stream_(stream) {
        if (n > 0) check(cudaMallocAsync(&data_, static_cast<std::size_t>(n) * sizeof(T), stream), "cudaMallocAsync");
    }
    ~Scratch() {
        if (data_ != nullptr) cudaFreeAsync(data_, stream_);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    T* data() const { return static_cast<T*>(data_); }

private:
    cudaStream_t stream_;
    void* data_ = nullptr;
};

}  // namespace buffon::device
