/// What the .cu files of libbuffon_cuda give to its table. They throw nothing: nullptr, or what went wrong.
#pragma once

#include <buffon/device_assign.hpp>
#include <buffon/device_cells.hpp>
#include <buffon/device_chains.hpp>
#include <buffon/device_slices.hpp>
#include <buffon/device_terms.hpp>
#include <buffon/device_work.hpp>

namespace buffon::device {

const char* uniforms(int device, const UniformAt* term, std::int64_t n, double* out);
const char* g_function_moments(int device, const GFunctionAt* term, std::int64_t n, double* mean, double* scatter);

const char* allocate(const DeviceQueue* queue, std::int64_t bytes, void** out);
const char* release(const DeviceQueue* queue, void* memory);
const char* upload(const DeviceQueue* queue, const void* host, void* device, std::int64_t bytes);
const char* download(const DeviceQueue* queue, const void* device, void* host, std::int64_t bytes);
const char* wait(const DeviceQueue* queue);
const char* captures(const DeviceQueue* queue, bool* out);

const char* combine(const DeviceQueue* queue, const DeviceCombine* what);
const char* mixture(const DeviceQueue* queue, const DeviceMixture* of, const DeviceRows* rows);
const char* draw(const DeviceQueue* queue, const DeviceDraws* draws, std::int64_t first, std::int64_t rows, double* x);
const char* row_moments(const DeviceQueue* queue, const double* y, std::int64_t rows, std::int64_t outputs, double* records);
const char* copy(const DeviceQueue* queue, const void* from, void* to, std::int64_t bytes);
const char* log_densities(const DeviceQueue* queue, const DeviceLogDensities* what);
const char* draw_proposal(const DeviceQueue* queue, const DeviceProposal* what);
const char* weigh(const DeviceQueue* queue, const DeviceWeights* what);
const char* gram(const DeviceQueue* queue, const DeviceGram* what);
const char* total(const DeviceQueue* queue, const DeviceTotal* what);
const char* panels(const DeviceQueue* queue, const DevicePanels* what);
const char* pairs(const DeviceQueue* queue, const DevicePairs* what);
const char* threshold(const DeviceQueue* queue, const DeviceThreshold* what);
const char* rescale(const DeviceQueue* queue, const DeviceRescale* what);
const char* row_squares(const DeviceQueue* queue, const DeviceRowSquares* what);
const char* corrections(const DeviceQueue* queue, const DeviceCorrections* what);
const DeviceFunctions* model(const char* name);

const char* cell_blocks(const DeviceQueue* queue, const DeviceCellBlocks* what);
const char* nearest_cells(const DeviceQueue* queue, const DeviceNearest* what);
const char* half_targets(const DeviceQueue* queue, const DeviceHalfTargets* what);
const char* fast_nearest_cells(const DeviceQueue* queue, const DeviceFastNearest* what);
const char* count_cells(const DeviceQueue* queue, const DeviceCellCounts* what);
const char* serial_sums(const DeviceQueue* queue, const DeviceSerialSums* what);
const char* cell_scores(const DeviceQueue* queue, const DeviceCellScores* what);
const char* soft_cells(const DeviceQueue* queue, const DeviceSoftSums* what);
const char* shortfalls(const DeviceQueue* queue, const DeviceShortfalls* what);

const char* assignments(const DeviceQueue* queue, const DeviceAssignments* what);

const char* slice_directions(const DeviceQueue* queue, const DeviceDirections* what);
const char* slices(const DeviceQueue* queue, const DeviceSlices* what, DeviceLines* lines);
const char* slice_gaps(const DeviceQueue* queue, const DeviceSliceGaps* what);
const char* covariance_of_means(const DeviceQueue* queue, const DeviceMeans* what);

const char* chain_move(const DeviceQueue* queue, const DeviceChainMove* what);
const char* chain_accept(const DeviceQueue* queue, const DeviceChainAccept* what);
const char* chain_probe(const DeviceQueue* queue, const DeviceChainProbe* what);
const char* chain_guess(const DeviceQueue* queue, const DeviceChainGuess* what);
const char* draw_levels(const DeviceQueue* queue, const DeviceLevelDraws* what);
const char* level_visits(const DeviceQueue* queue, const DeviceLevelVisits* what);
const char* chain_trace(const DeviceQueue* queue, const DeviceChainTrace* what);
const char* chain_keep(const DeviceQueue* queue, const DeviceChainKeep* what);
const char* mixture_levels(const DeviceQueue* queue, const DeviceMixture* of, const DeviceLevels* what);
const char* point_levels(const DeviceQueue* queue, const DevicePoints* of, const DeviceLevels* what);
const char* point_densities(const DeviceQueue* queue, const DevicePoints* of, const DeviceRows* rows);

const char* points(const DeviceQueue* queue, const DevicePoints* of, const DeviceRows* rows);

}  // namespace buffon::device
