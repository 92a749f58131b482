/// The uniform points of one run: independent ones, or R scrambles of one Sobol' net in a row. Not installed.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <buffon/sobol_sequence.hpp>
#include <buffon/stream.hpp>
#include <buffon/view.hpp>

namespace buffon {

class PointSet {
public:
    static PointSet independent(std::int64_t n, const Stream& stream);
    /// `replicates` scrambles of the first `points` points of one net; scramble r uses the stream id first_id + r.
    static PointSet nets(std::int64_t dim, std::int64_t points, std::int64_t replicates, std::uint64_t key,
                         std::uint32_t first_id, Scramble kind = Scramble::linear);

    std::int64_t size() const { return replicates_ * points_; }
    std::int64_t points() const { return points_; }
    std::int64_t replicates() const { return replicates_; }
    /// Whether these are nets: points of one replicate then depend on each other.
    bool replicated() const { return !scrambles_.empty(); }

    /// The scrambles of nets, and the stream of independent points.
    const std::vector<SobolSequence>& scrambles() const { return scrambles_; }
    const Stream& stream() const { return stream_; }

    /// Rows `first`, `first + 1`, ...: replicate after replicate.
    void uniform(std::int64_t first, View out) const;

private:
    std::int64_t points_ = 0;
    std::int64_t replicates_ = 1;
    Stream stream_;                        // of independent points
    std::vector<SobolSequence> scrambles_; // else
};

/// How a budget is split into replicates: m = 2^k points in each of R = 16 ... 31 (R >= the wanted number).
struct Replication {
    std::int64_t points = 0;
    std::int64_t replicates = 0;
    /// For budget >= replicates.
    static Replication of(std::int64_t budget, std::int64_t replicates = 16);
};

/// Calls f(first, count) for segments of [0, n) that lie in one replicate and one block of sums each, `threads` at a time.
/// `points` is a power of two, or n itself (then there is one replicate).
void for_segments(std::int64_t n, std::int64_t points, int threads, const std::function<void(std::int64_t, std::int64_t)>& f);

/// Length of such a segment.
std::int64_t segment_length(std::int64_t points);

}  // namespace buffon
