/// What libbuffon_cuda offers to libbuffon: one C function, which gives one table of functions. Not installed.
/// Functions of the table throw nothing: they give nullptr, or what went wrong, in words that stay until the thread's next call.
#pragma once

#include <cstdint>
#include <string>

#include <buffon/device_assign.hpp>
#include <buffon/device_cells.hpp>
#include <buffon/device_chains.hpp>
#include <buffon/device_slices.hpp>
#include <buffon/device_terms.hpp>
#include <buffon/device_work.hpp>

namespace buffon {

struct DeviceTable {
    /// One more with each change of the table, or of what its functions take.
    static constexpr std::uint32_t this_version = 12;

    std::uint32_t version = this_version;
    std::uint32_t size = sizeof(DeviceTable);   // a change that forgot the version

    /// Number of devices; what stands in the way where there is none.
    const char* (*count)(int* devices) = nullptr;
    /// "NVIDIA H200 (compute capability 9.0, 141 GB)".
    const char* (*describe)(int device, const char** text) = nullptr;

    /// Memory of the host: out (n).
    const char* (*uniforms)(int device, const UniformAt* term, std::int64_t n, double* out) = nullptr;
    /// Mean and scatter of each block of 4,096 terms: memory of the host, (blocks) each.
    const char* (*g_function_moments)(int device, const GFunctionAt* term, std::int64_t n, double* mean,
                                      double* scatter) = nullptr;

    // Queued, in order, without waiting; `download` and `wait` wait. Memory comes from the device's pool. All but these two may
    // be captured into a graph, which keeps what `upload` sends.
    const char* (*allocate)(const DeviceQueue* queue, std::int64_t bytes, void** out) = nullptr;
    const char* (*release)(const DeviceQueue* queue, void* memory) = nullptr;
    const char* (*upload)(const DeviceQueue* queue, const void* host, void* device, std::int64_t bytes) = nullptr;
    const char* (*download)(const DeviceQueue* queue, const void* device, void* host, std::int64_t bytes) = nullptr;
    const char* (*wait)(const DeviceQueue* queue) = nullptr;   // of no stream: for all that the device does
    const char* (*captures)(const DeviceQueue* queue, bool* out) = nullptr;   // whether the stream is being captured
    const char* (*combine)(const DeviceQueue* queue, const DeviceCombine* what) = nullptr;
    const char* (*mixture)(const DeviceQueue* queue, const DeviceMixture* of, const DeviceRows* rows) = nullptr;
    const char* (*points)(const DeviceQueue* queue, const DevicePoints* of, const DeviceRows* rows) = nullptr;

    /// x (rows, dim) from row `first` of the draws on.
    const char* (*draw)(const DeviceQueue* queue, const DeviceDraws* draws, std::int64_t first, std::int64_t rows,
                        double* x) = nullptr;
    /// One record (see moment_numbers) of every device_block rows of y (rows, outputs); at most 8 outputs.
    const char* (*row_moments)(const DeviceQueue* queue, const double* y, std::int64_t rows, std::int64_t outputs,
                               double* records) = nullptr;
    const char* (*copy)(const DeviceQueue* queue, const void* from, void* to, std::int64_t bytes) = nullptr;
    const char* (*log_densities)(const DeviceQueue* queue, const DeviceLogDensities* what) = nullptr;
    const char* (*draw_proposal)(const DeviceQueue* queue, const DeviceProposal* what) = nullptr;
    const char* (*weigh)(const DeviceQueue* queue, const DeviceWeights* what) = nullptr;
    const char* (*gram)(const DeviceQueue* queue, const DeviceGram* what) = nullptr;
    const char* (*total)(const DeviceQueue* queue, const DeviceTotal* what) = nullptr;

    const char* (*panels)(const DeviceQueue* queue, const DevicePanels* what) = nullptr;
    const char* (*pairs)(const DeviceQueue* queue, const DevicePairs* what) = nullptr;
    const char* (*threshold)(const DeviceQueue* queue, const DeviceThreshold* what) = nullptr;
    const char* (*rescale)(const DeviceQueue* queue, const DeviceRescale* what) = nullptr;
    const char* (*row_squares)(const DeviceQueue* queue, const DeviceRowSquares* what) = nullptr;
    const char* (*corrections)(const DeviceQueue* queue, const DeviceCorrections* what) = nullptr;

    // Power cells, see device_cells.hpp.
    const char* (*cell_blocks)(const DeviceQueue* queue, const DeviceCellBlocks* what) = nullptr;
    const char* (*nearest_cells)(const DeviceQueue* queue, const DeviceNearest* what) = nullptr;
    const char* (*half_targets)(const DeviceQueue* queue, const DeviceHalfTargets* what) = nullptr;
    const char* (*fast_nearest_cells)(const DeviceQueue* queue, const DeviceFastNearest* what) = nullptr;
    const char* (*count_cells)(const DeviceQueue* queue, const DeviceCellCounts* what) = nullptr;
    const char* (*serial_sums)(const DeviceQueue* queue, const DeviceSerialSums* what) = nullptr;
    const char* (*cell_scores)(const DeviceQueue* queue, const DeviceCellScores* what) = nullptr;
    const char* (*soft_cells)(const DeviceQueue* queue, const DeviceSoftSums* what) = nullptr;
    const char* (*shortfalls)(const DeviceQueue* queue, const DeviceShortfalls* what) = nullptr;

    const char* (*assignments)(const DeviceQueue* queue, const DeviceAssignments* what) = nullptr;

    // Sliced Wasserstein distances, see device_slices.hpp.
    const char* (*slice_directions)(const DeviceQueue* queue, const DeviceDirections* what) = nullptr;
    const char* (*slices)(const DeviceQueue* queue, const DeviceSlices* what, DeviceLines* lines) = nullptr;   // two
    const char* (*slice_gaps)(const DeviceQueue* queue, const DeviceSliceGaps* what) = nullptr;
    const char* (*covariance_of_means)(const DeviceQueue* queue, const DeviceMeans* what) = nullptr;

    // Markov chains on (x, sigma), see device_chains.hpp; what exact models know of them.
    const char* (*chain_move)(const DeviceQueue* queue, const DeviceChainMove* what) = nullptr;
    const char* (*chain_accept)(const DeviceQueue* queue, const DeviceChainAccept* what) = nullptr;
    const char* (*chain_probe)(const DeviceQueue* queue, const DeviceChainProbe* what) = nullptr;
    const char* (*chain_guess)(const DeviceQueue* queue, const DeviceChainGuess* what) = nullptr;
    const char* (*draw_levels)(const DeviceQueue* queue, const DeviceLevelDraws* what) = nullptr;
    const char* (*level_visits)(const DeviceQueue* queue, const DeviceLevelVisits* what) = nullptr;
    const char* (*chain_trace)(const DeviceQueue* queue, const DeviceChainTrace* what) = nullptr;
    const char* (*chain_keep)(const DeviceQueue* queue, const DeviceChainKeep* what) = nullptr;
    const char* (*mixture_levels)(const DeviceQueue* queue, const DeviceMixture* of, const DeviceLevels* what) = nullptr;
    const char* (*point_levels)(const DeviceQueue* queue, const DevicePoints* of, const DeviceLevels* what) = nullptr;
    /// log_density and modes of rows in double; modes of points are their classes.
    const char* (*point_densities)(const DeviceQueue* queue, const DevicePoints* of, const DeviceRows* rows) = nullptr;

    /// A model of testing_formulas.hpp by the name of its type; null for one that was not compiled.
    const DeviceFunctions* (*model)(const char* name) = nullptr;
};

/// The name of the C function: `const DeviceTable* buffon_device_table()`.
inline constexpr char device_table_function[] = "buffon_device_table";

/// An opened library, or why there is none.
struct DeviceLibrary {
    const DeviceTable* table = nullptr;
    std::string problem;   // empty where there is a table

    static DeviceLibrary open(const std::string& path);
};

/// The one beside libbuffon, opened at the first call.
const DeviceLibrary& device_library();

}  // namespace buffon
