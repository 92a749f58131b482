#include <buffon/device_functions.cuh>

#include <thrust/execution_policy.h>

#include <buffon/by_index.hpp>
#include <buffon/device_call.cuh>

namespace buffon::device {
namespace {

template <class F>
void transform(int device, const F& f, std::int64_t n, double* out) {
    const Use use(device);
    Doubles values(n);
    by_index::transform(thrust::cuda::par, n, f, values.data());
    values.copy_to(out);
}

template <class F>
void moments(int device, const F& f, std::int64_t n, double* mean, double* scatter) {
    const Use use(device);
    Doubles lanes(8 * by_index::blocks(n)), means(by_index::blocks(n)), scatters(by_index::blocks(n));
    by_index::block_moments(thrust::cuda::par, n, f, lanes.data(), means.data(), scatters.data());
    means.copy_to(mean);
    scatters.copy_to(scatter);
}

}  // namespace

const char* uniforms(int device, const UniformAt* term, std::int64_t n, double* out) {
    return in_words([&] { transform(device, *term, n, out); });
}

const char* g_function_moments(int device, const GFunctionAt* term, std::int64_t n, double* mean, double* scatter) {
    return in_words([&] { moments(device, *term, n, mean, scatter); });
}

}  // namespace buffon::device
