/// Calls of the CUDA runtime, checked; memory of a device. For the .cu files only.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include <cuda_runtime_api.h>

#include <buffon/device_work.hpp>

namespace buffon::device {

/// @throw std::runtime_error with the call and what the runtime says.
inline void check(cudaError_t status, const char* call) {
    if (status == cudaSuccess) return;
    cudaGetLastError();   // not left for the next call
    throw std::runtime_error(std::string(call) + ": " + cudaGetErrorString(status));
}

/// The device of this thread, put back at the end.
class Use {
public:
    explicit Use(int device) {
        check(cudaGetDevice(&before_), "cudaGetDevice");
        check(cudaSetDevice(device), "cudaSetDevice");
    }
    ~Use() { cudaSetDevice(before_); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

private:
    int before_ = 0;
};

/// n doubles on the device in use.
class Doubles {
public:
    explicit Doubles(std::int64_t n) : n_(n) { check(cudaMalloc(&data_, bytes()), "cudaMalloc"); }
    ~Doubles() { cudaFree(data_); }
    Doubles(const Doubles&) = delete;
    Doubles& operator=(const Doubles&) = delete;

    double* data() { return static_cast<double*>(data_); }
    void copy_to(double* host) const { check(cudaMemcpy(host, data_, bytes(), cudaMemcpyDeviceToHost), "cudaMemcpy"); }

private:
    std::size_t bytes() const { return static_cast<std::size_t>(n_) * sizeof(double); }

    std::int64_t n_;
    void* data_ = nullptr;
};

inline cudaStream_t stream_of(const DeviceQueue& queue) { return static_cast<cudaStream_t>(queue.stream); }

/// What a kernel launch left behind.
inline void check_launch(const char* kernel) { check(cudaGetLastError(), kernel); }

/// Blocks of `threads` for n items, at most `most`: loops stride over the grid.
inline unsigned blocks_for(std::int64_t n, std::int64_t threads, std::int64_t most = 1 << 20) {
    const std::int64_t blocks = (n + threads - 1) / threads;
    return static_cast<unsigned>(blocks < 1 ? 1 : blocks < most ? blocks : most);
}

/// Whether a device runs what is compiled for sm_90a.
inline bool is_hopper(int device) {
    int major = 0, minor = 0;
    check(cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device), "cudaDeviceGetAttribute");
    check(cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device), "cudaDeviceGetAttribute");
    return major == 9 && minor == 0;
}

/// f(), with what it throws in words.
template <class F>
const char* in_words(const F& f) {
    static thread_local std::string words;
    try {
        f();
        return nullptr;
    } catch (const std::exception& error) {
        words = error.what();
    } catch (...) {
        words = "unknown failure";
    }
    return words.c_str();
}

}  // namespace buffon::device
