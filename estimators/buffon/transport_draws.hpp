/// The draws of one transport problem: each batch from a stream of its own, every draw counted. Not installed.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <buffon/cells_on_device.hpp>
#include <buffon/power_cells.hpp>

namespace buffon {

/// How far draws have come: what follows is a function of it and the key.
struct DrawsPosition {
    std::uint32_t batches = 0;
    std::int64_t spent = 0;
};

/// Heights h_i that make the mass of cell i, where <x, y_i> + h_i is largest, the wanted nu_i; all in the centred
/// coordinates of `cells`.
class TransportDraws {
public:
    /// @param masses (n), positive, of sum 1   @param told called with the number of draws before each batch; what it
    /// throws ends the run
    /// @param device counts what the processor would, with the same bits; null: the processor does
    TransportDraws(const PowerCells& cells, std::vector<double> masses, std::uint64_t key, std::int64_t budget, int threads,
                   std::function<void(std::int64_t)> told, const CellsOnDevice* device = nullptr);

    const PowerCells& cells() const { return *cells_; }
    const std::vector<double>& masses() const { return masses_; }
    std::int64_t size() const { return cells_->size(); }
    std::int64_t budget() const { return budget_; }
    std::int64_t spent() const { return spent_; }
    std::int64_t left() const { return budget_ - spent_; }
    int threads() const { return threads_; }
    DrawsPosition position() const { return {batches_, spent_}; }
    /// As if the draws so far were these.
    void go_to(const DrawsPosition& position);
    /// Draws that fill the smallest cell with eight, where a hundredth of the budget is enough for that.
    std::int64_t filling() const;

    /// @param scored whether score_sum is wanted, which a device finds more slowly
    CellCounts count(std::span<const double> heights, std::int64_t draws, bool scored = false);
    std::vector<TopTwo> top_two(std::span<const double> heights, std::int64_t draws);
    void scores(std::span<const double> heights, std::int64_t draws, const PowerCells::Rows& f);
    /// sums (n) += softmax((<x, y> + h) / width) of plain draws, block after block.
    void add_softmax(std::span<const double> heights, std::int64_t draws, double width, std::span<double> sums);
    /// By how much the best score of a plain draw beats that of each listed target, at least.
    std::vector<float> shortfalls(std::span<const double> heights, std::int64_t draws, std::span<const std::size_t> listed);

    /// The masses' mean of the heights becomes 0: they matter only relative to each other.
    void centre(std::span<double> heights) const;

private:
    Stream next(std::int64_t draws);

    const PowerCells* cells_;
    std::vector<double> masses_;
    std::uint64_t key_;
    std::uint32_t batches_ = 0;
    std::int64_t budget_, spent_ = 0;
    int threads_;
    std::function<void(std::int64_t)> told_;
    const CellsOnDevice* device_;
};

/// Per cell, from plain draws: about w_i over the diagonal of the energy's second derivative, as the gap to the second
/// best score is nearly
/// exponential in a cell. A cell of few draws takes the mean of all.
std::vector<double> gap_scales(TransportDraws& draws, std::span<const double> heights);

}  // namespace buffon
