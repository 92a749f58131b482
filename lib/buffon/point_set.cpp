#include <buffon/point_set.hpp>

#include <algorithm>
#include <bit>

#include <buffon/check.hpp>
#include <buffon/parallel.hpp>

namespace buffon {

PointSet PointSet::independent(std::int64_t n, const Stream& stream) {
    PointSet set;
    set.points_ = n;
    set.stream_ = stream;
    return set;
}

PointSet PointSet::nets(std::int64_t dim, std::int64_t points, std::int64_t replicates, std::uint64_t key, std::uint32_t first_id,
                        Scramble kind) {
    PointSet set;
    set.points_ = points;
    set.replicates_ = replicates;
    std::vector<Stream> streams;
    for (std::int64_t r = 0; r < replicates; ++r) streams.push_back({key, first_id + static_cast<std::uint32_t>(r)});
    set.scrambles_ = SobolSequence::scrambles(dim, points, streams, kind);
    return set;
}

void PointSet::uniform(std::int64_t first, View out) const {
    if (scrambles_.empty()) return stream_.uniform(first, out);
    for (std::int64_t done = 0; done < out.rows;) {
        const std::int64_t index = (first + done) % points_;
        const std::int64_t count = std::min(out.rows - done, points_ - index);
        scrambles_[static_cast<std::size_t>((first + done) / points_)].uniform(index, out.slice(done, count));
        done += count;
    }
}

Replication Replication::of(std::int64_t budget, std::int64_t replicates) {
    const auto points = static_cast<std::int64_t>(
        std::bit_floor(static_cast<std::uint64_t>(std::max<std::int64_t>(budget / replicates, 1))));
    return {points, budget / points};
}

std::int64_t segment_length(std::int64_t points) { return std::min(points, parallel::block_size); }

void for_segments(std::int64_t n, std::int64_t points, int threads, const std::function<void(std::int64_t, std::int64_t)>& f) {
    const std::int64_t length = segment_length(points);
    parallel::for_each((n + length - 1) / length, threads,
                       [&](std::int64_t s) { f(s * length, std::min(length, n - s * length)); });
}

}  // namespace buffon
