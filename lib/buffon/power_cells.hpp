/// Draws of a source counted by the cells of a finite target: cell i is where <x, y_i> + h_i is largest, a power cell. The hot
/// loop of semi-discrete optimal transport, in float32; nothing of size draws x targets is stored. Not installed.
/// Every block of 16 rows of a normal source serves eight times: for an orthogonal matrix Q the rows of Q X are as normal as
/// those of X, and the scores of Q X and -Q X are Q S and -Q S, so no further product is needed. Draws of one block
/// depend on each other;
/// blocks do not. Counts are integers, so nothing depends on the number of threads.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include <buffon/distribution.hpp>
#include <buffon/kernels.hpp>
#include <buffon/stream.hpp>
#include <buffon/view.hpp>

namespace buffon {

struct CellCounts {
    std::vector<std::int64_t> counts;   // (n) draws in each cell
    std::int64_t draws = 0;
    double score_sum = 0.0;             // of max_j <x, y_j> + h_j
};

/// The best and the second best target of one draw, and by how much.
struct TopTwo {
    std::int64_t first, second;
    double gap;
};

/// Rotations that pay. Turned rows keep the block's second moments, which decide how many of them fall into a wide
/// cell: for 64 targets in 8
/// dimensions counts of eight uses have 1.8 times the variance of fresh draws, of rows that are only mirrored 0.98
/// times. So few targets, whose
/// products cost little, are not turned.
int rotations_that_pay(std::int64_t targets);

/// Blocks whose rows are drawn, and whose scores are summed, together.
inline constexpr std::int64_t cell_chunk_blocks = 32;

class PowerCells {
public:
    /// @param points (n, d)   @param centre (d), a point in their midst: float32 keeps digits of what is near it
    /// @param rotations 1 ... 8 uses of a block of a normal source, each mirrored; 0: every draw is fresh
    PowerCells(ConstView points, std::vector<double> centre, Distribution source, int rotations = 4);

    std::int64_t size() const { return size_; }
    std::int64_t dim() const { return dim_; }
    /// Draws that one block of 16 rows gives.
    std::int64_t draws_per_block() const { return cell_rows * (mirrored_ ? 2 * rotations_ : 1); }
    /// (n, d): the targets that the source's normal coordinates meet where it is normal (centred and multiplied by the transposed
    /// factor of its covariance), else the centred targets.
    const Matrix& targets() const { return targets_; }
    /// (n): what heights gain when source and targets are centred: score = <x - mean, y - centre> + h + shift, less a
    /// number that all share.
    const std::vector<double>& shift() const { return shift_; }
    /// Whether the source is normal, so that blocks are turned and mirrored.
    bool normal() const { return normal_; }
    const Distribution& source() const { return source_; }
    /// E|x - mean|^2.
    double source_scatter() const { return source_scatter_; }
    const std::vector<double>& source_mean() const { return source_mean_; }

    int rotations() const { return rotations_; }
    bool mirrored() const { return mirrored_; }
    /// Blocks of 16 centred rows of the source, each block (dim, 16).
    void rows(const Stream& stream, std::int64_t first, std::int64_t blocks, std::vector<float>& x) const;
    /// The stream of the signs that turn the blocks of one of rows.
    static Stream signs_of(const Stream& rows);

    /// Counts at least `draws` draws, whole blocks; heights (n) are those of the centred problem.
    CellCounts count(std::span<const double> heights, std::int64_t draws, const Stream& stream, int threads,
                     const Kernels& use = kernels()) const;
    /// Scores of plain draws, 16 rows at a time, in parallel: f(block, scores (16, n)). Draws: a multiple of 16; they
    /// begin with block `first`.
    using Rows = std::function<void(std::int64_t block, std::span<const float> scores, std::int64_t stride)>;
    void scores(std::span<const double> heights, std::int64_t draws, const Stream& stream, int threads, const Rows& f,
                std::int64_t first = 0) const;
    /// Of plain draws; needs two targets.
    std::vector<TopTwo> top_two(std::span<const double> heights, std::int64_t draws, const Stream& stream, int threads) const;

    /// Of plain draws: the sum of those in each cell (n, d), in the source's own coordinates, and their number.
    Matrix sums(std::span<const double> heights, std::int64_t draws, const Stream& stream, int threads,
                std::vector<std::int64_t>& counts) const;

private:
    std::vector<float> padded(std::span<const double> heights) const;

    std::int64_t size_, dim_, keys_;
    int rotations_;
    bool normal_, mirrored_;
    Distribution source_;
    std::vector<double> source_mean_;
    double source_scatter_ = 0.0;
    Matrix targets_;
    std::vector<double> shift_;
    std::vector<float> panels_;
};

}  // namespace buffon
