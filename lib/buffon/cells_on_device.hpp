/// Power cells of a transport problem on a CUDA device: what PowerCells counts, with the same bits. Not installed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <buffon/device_buffer.hpp>
#include <buffon/device_cells.hpp>
#include <buffon/power_cells.hpp>

namespace buffon {

/// Draws are made where they are used: normal, uniform and log-normal coordinates on the device, others on the
/// processor, and sent.
/// Cells of a normal source are found by tensor cores where the device has those of Hopper; only close calls take the
/// processor's arithmetic.
class CellsOnDevice {
public:
    /// @param cells outlives this; at most four rotations   @param threads that draw what the device cannot
    CellsOnDevice(const DeviceQueue& queue, const PowerCells& cells, int threads = 0);

    /// @param scored also the sum of the scores, for which every cell takes the processor's arithmetic
    CellCounts count(std::span<const double> heights, std::int64_t draws, const Stream& stream, bool scored = true) const;
    /// Whether there are tensor cores that serve.
    bool fast() const { return fast_; }
    std::vector<TopTwo> top_two(std::span<const double> heights, std::int64_t draws, const Stream& stream) const;
    /// sums (n) += softmax((<x, y> + h) / width) of plain draws, a multiple of 16.
    void add_softmax(std::span<const double> heights, std::int64_t draws, const Stream& stream, double width,
                     std::span<double> sums) const;
    /// By how much the best score of a plain draw beats that of each listed target, at least.
    std::vector<float> shortfalls(std::span<const double> heights, std::int64_t draws, const Stream& stream,
                                  std::span<const std::size_t> listed) const;

private:
    DeviceCellTargets targets(const DeviceBuffer& heights) const;
    void pack();
    bool count_fast(const DeviceBuffer& heights, std::int64_t blocks, const Stream& stream, CellCounts& out) const;
    DeviceBuffer padded(std::span<const double> heights) const;
    void draw(const Stream& stream, std::int64_t first, std::int64_t blocks, const DeviceBuffer& x) const;
    std::int64_t blocks_at_once(std::int64_t wanted) const;
    /// f(first block, number of them, their rows) for all blocks, in pieces that fit.
    template <class F>
    void in_pieces(std::int64_t blocks, const Stream& stream, const F& f) const;

    DeviceQueue queue_;
    const PowerCells* cells_;
    int threads_;
    std::int64_t panels_;
    DeviceBuffer points_, laws_, mean_, images_;
    DeviceHalfTargets half_;
    float margin_ = 0.0f;
    mutable bool fast_ = false;   // until too many calls are close
};

}  // namespace buffon
