#include <buffon/device_library.hpp>

#include <cstdio>

#include <buffon/device_call.cuh>
#include <buffon/device_functions.cuh>

namespace buffon::device {
namespace {

/// "13.0" of 13000.
std::string dotted(int version) { return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10); }

int devices() {
    int driver = 0, count = 0;
    check(cudaDriverGetVersion(&driver), "cudaDriverGetVersion");
    if (driver == 0) throw std::runtime_error("no CUDA driver on this machine");
    const cudaError_t status = cudaGetDeviceCount(&count);
    if (status == cudaErrorInsufficientDriver)
        throw std::runtime_error("the CUDA driver is too old: it serves CUDA " + dotted(driver) +
                                 ", Buffon was built with CUDA " + dotted(CUDART_VERSION));
    if (status == cudaErrorNoDevice || (status == cudaSuccess && count == 0))
        throw std::runtime_error("a driver of CUDA " + dotted(driver) + ", but no device that it shows to this process");
    check(status, "cudaGetDeviceCount");
    return count;
}

std::string name(int device) {
    cudaDeviceProp about;
    check(cudaGetDeviceProperties(&about, device), "cudaGetDeviceProperties");
    char text[64];
    std::snprintf(text, sizeof text, " (compute capability %d.%d, %.0f GB)", about.major, about.minor,
                  static_cast<double>(about.totalGlobalMem) * 1e-9);
    return std::string(about.name) + text;
}

const char* count(int* out) {
    return in_words([&] { *out = devices(); });
}

const char* describe(int device, const char** text) {
    static thread_local std::string words;
    return in_words([&] {
        words = name(device);
        *text = words.c_str();
    });
}

}  // namespace
}  // namespace buffon::device

extern "C" __attribute__((visibility("default"))) const buffon::DeviceTable* buffon_device_table() {
    static constexpr buffon::DeviceTable table{
        .count = buffon::device::count,
        .describe = buffon::device::describe,
        .uniforms = buffon::device::uniforms,
        .g_function_moments = buffon::device::g_function_moments,
        .allocate = buffon::device::allocate,
        .release = buffon::device::release,
        .upload = buffon::device::upload,
        .download = buffon::device::download,
        .wait = buffon::device::wait,
        .captures = buffon::device::captures,
        .combine = buffon::device::combine,
        .mixture = buffon::device::mixture,
        .points = buffon::device::points,
        .draw = buffon::device::draw,
        .row_moments = buffon::device::row_moments,
        .copy = buffon::device::copy,
        .log_densities = buffon::device::log_densities,
        .draw_proposal = buffon::device::draw_proposal,
        .weigh = buffon::device::weigh,
        .gram = buffon::device::gram,
        .total = buffon::device::total,
        .panels = buffon::device::panels,
        .pairs = buffon::device::pairs,
        .threshold = buffon::device::threshold,
        .rescale = buffon::device::rescale,
        .row_squares = buffon::device::row_squares,
        .corrections = buffon::device::corrections,
        .cell_blocks = buffon::device::cell_blocks,
        .nearest_cells = buffon::device::nearest_cells,
        .half_targets = buffon::device::half_targets,
        .fast_nearest_cells = buffon::device::fast_nearest_cells,
        .count_cells = buffon::device::count_cells,
        .serial_sums = buffon::device::serial_sums,
        .cell_scores = buffon::device::cell_scores,
        .soft_cells = buffon::device::soft_cells,
        .shortfalls = buffon::device::shortfalls,
        .assignments = buffon::device::assignments,
        .slice_directions = buffon::device::slice_directions,
        .slices = buffon::device::slices,
        .slice_gaps = buffon::device::slice_gaps,
        .covariance_of_means = buffon::device::covariance_of_means,
        .chain_move = buffon::device::chain_move,
        .chain_accept = buffon::device::chain_accept,
        .chain_probe = buffon::device::chain_probe,
        .chain_guess = buffon::device::chain_guess,
        .draw_levels = buffon::device::draw_levels,
        .level_visits = buffon::device::level_visits,
        .chain_trace = buffon::device::chain_trace,
        .chain_keep = buffon::device::chain_keep,
        .mixture_levels = buffon::device::mixture_levels,
        .point_levels = buffon::device::point_levels,
        .point_densities = buffon::device::point_densities,
        .model = buffon::device::model,
    };
    return &table;
}
