#include <buffon/slices_on_device.hpp>

#include <algorithm>
#include <array>
#include <limits>
#include <span>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/compared_sets.hpp>
#include <buffon/device_buffer.hpp>
#include <buffon/for_devices.hpp>

namespace buffon {
namespace {

constexpr std::int64_t numbers_at_once = std::int64_t{1} << 23, most_at_once = 128;   // of the lines of a part; its directions
constexpr std::uint64_t none_bad = std::numeric_limits<std::uint64_t>::max();

/// A sample where it is projected.
struct Placed {
    DeviceBuffer memory;   // of points of the host
    const void* data = nullptr;
    std::int64_t rows = 0, dim = 0;
};

Placed placed(const DeviceQueue& queue, const Matrix& x) {
    DeviceBuffer memory = DeviceBuffer::of(queue, std::span<const double>(x.data));
    const void* data = memory.data();
    return {std::move(memory), data, x.rows, x.cols};
}
Placed placed(const DeviceArray& x) { return {{}, x.data, x.rows, x.cols}; }

/// What a part of the directions says: of each sample and the reference, at last of the halves of the reference.
struct Part {
    std::vector<double>
        numbers;   // of each sample (count) squares, then potentials at its rows and at those of the reference; (count)
};

/// One device with all samples on it, the reference being the last.
class SlicingDevice {
public:
    SlicingDevice(const DeviceQueue& queue, Number number, std::vector<Placed> sets)
        : queue_(queue), number_(number), sets_(std::move(sets)) {
        const std::vector<std::uint64_t> good(sets_.size(), none_bad);
        bad_ = DeviceBuffer::of(queue_, std::span<const std::uint64_t>(good));
    }

    Part part(const SliceOptions& o, std::int64_t first, std::int64_t count) const {
        const DeviceBuffer directions = directions_there(o, first, count);
        const Lines reference = lines(sets_.size() - 1, directions, count);
        const std::int64_t m = sets_.back().rows;
        std::int64_t numbers = count, at = 0;
        for (std::size_t s = 0; s + 1 < sets_.size(); ++s) numbers += count + sets_[s].rows + m;
        const DeviceBuffer result(queue_, numbers * 8);
        for (std::size_t s = 0; s + 1 < sets_.size(); ++s) {
            gaps(lines(s, directions, count), reference, count, 1 / static_cast<double>(o.directions),
                 static_cast<double*>(result.data()) + at);
            at += count + sets_[s].rows + m;
        }
        halves(reference, count, static_cast<double*>(result.data()) + at);
        Part out{std::vector<double>(static_cast<std::size_t>(numbers))};
        result.download(out.numbers.data());   // the only wait
        return out;
    }

    /// The first row of each set that is not finite, once a part was made; none_bad where all are.
    std::vector<std::uint64_t> bad() const {
        std::vector<std::uint64_t> out(sets_.size());
        bad_.download(out.data());
        return out;
    }

private:
    struct Lines {
        DeviceBuffer values, order;
        DeviceLines lines;
    };

    DeviceBuffer directions_there(const SliceOptions& o, std::int64_t first, std::int64_t count) const {
        const std::int64_t dim = sets_.front().dim;
        DeviceBuffer out(queue_, count * dim * size_of(number_));
        const DeviceDirections what{
            .stream = {o.key, 0}, .number = number_, .first = first, .count = count, .dim = dim, .out = out.data()};
        device_check(queue_, device_library().table->slice_directions(&queue_, &what));
        return out;
    }

    Lines lines(std::size_t s, const DeviceBuffer& directions, std::int64_t count) const {
        const Placed& set = sets_[s];
        Lines out{DeviceBuffer(queue_, set.rows * count * size_of(number_)), DeviceBuffer(queue_, set.rows * count * 4), {}};
        const DeviceSlices what{.from = set.data,
                                .number = number_,
                                .rows = set.rows,
                                .dim = set.dim,
                                .directions = directions.data(),
                                .count = count,
                                .values = out.values.data(),
                                .order = static_cast<std::uint32_t*>(out.order.data()),
                                .bad = static_cast<std::uint64_t*>(bad_.data()) + s};
        device_check(queue_, device_library().table->slices(&queue_, &what));
        out.lines = {out.values.data(), what.order, set.rows};
        return out;
    }

    /// To `out`: squares, potentials at the rows of x, at those of y.
    void gaps(const Lines& x, const Lines& y, std::int64_t count, double scale, double* out) const {
        const std::int64_t n = x.lines.rows, m = y.lines.rows;
        const DeviceBuffer room(queue_, (n + m) * count * 8);
        const DeviceSliceGaps what{.number = number_,
                                   .count = count,
                                   .x = x.lines,
                                   .y = y.lines,
                                   .scale = scale,
                                   .squares = out,
                                   .of_x = out + count,
                                   .of_y = out + count + n,
                                   .potentials = static_cast<double*>(room.data())};
        device_check(queue_, device_library().table->slice_gaps(&queue_, &what));
    }

    void halves(const Lines& y, std::int64_t count, double* out) const {
        const DeviceBuffer room(queue_, y.lines.rows * count * size_of(number_));
        const DeviceSliceHalves what{.number = number_, .count = count, .of = y.lines, .squares = out, .halves = room.data()};
        device_check(queue_, device_library().table->slice_halves(&queue_, &what));
    }

    DeviceQueue queue_;
    Number number_;
    std::vector<Placed> sets_;
    DeviceBuffer bad_;
};

std::vector<SlicingDevice> devices_of(const PointSets& x, const ReferencePoints& y, const std::vector<DeviceQueue>& queues) {
    std::vector<SlicingDevice> devices;
    if (y.array) {
        std::vector<Placed> sets;
        for (const DeviceArray& set : x.arrays) sets.push_back(placed(set));
        sets.push_back(placed(*y.array));
        devices.emplace_back(y.array->queue, y.array->single ? Number::float32 : Number::float64, std::move(sets));
        return devices;
    }
    for (const DeviceQueue& queue : queues) {
        std::vector<Placed> sets;
        for (const Matrix& set : x.sets) sets.push_back(placed(queue, set));
        sets.push_back(placed(queue, y.points));
        devices.emplace_back(queue, Number::float64, std::move(sets));
    }
    return devices;
}

void add_part(const Part& part, std::int64_t first, std::int64_t count, SliceSums& sums) {
    const double* at = part.numbers.data();
    const auto add = [&](std::vector<double>& to) {
        for (double& v : to) v += *at++;
    };
    for (std::size_t s = 0; s < sums.of_x.size(); ++s) {
        for (std::int64_t l = 0; l < count; ++l) sums.squares(first + l, static_cast<std::int64_t>(s)) = *at++;
        add(sums.of_x[s]);
        add(sums.of_y[s]);
    }
    for (std::int64_t l = 0; l < count; ++l) sums.own += *at++ / static_cast<double>(sums.squares.rows);
}

}  // namespace

SliceSums slice_sums_on_device(const std::string& who, const PointSets& x, const ReferencePoints& y,
                               const SliceOptions& o, const std::string& device) {
    const std::vector<DeviceQueue> queues = y.array ? std::vector<DeviceQueue>() : device_queues(device);
    require(device_library().table != nullptr, who, ": CUDA: ", device_library().problem);
    const std::vector<SlicingDevice> devices = devices_of(x, y, queues);
    const std::int64_t m = y.array ? y.array->rows : y.points.rows;
    std::vector<std::int64_t> rows;
    for (const Matrix& set : x.sets) rows.push_back(set.rows);
    for (const DeviceArray& set : x.arrays) rows.push_back(set.rows);
    const std::int64_t largest = std::max(m, *std::ranges::max_element(rows)),
                       at_once = std::clamp<std::int64_t>(numbers_at_once / largest, 1, most_at_once);
    SliceSums sums(o.directions, rows, m);
    const auto count = static_cast<std::int64_t>(devices.size());
    for (std::int64_t first = 0; first < o.directions; first += at_once * count) {
        std::vector<Part> parts(devices.size());
        const auto first_of = [&](std::int64_t k) { return first + k * at_once; };
        const auto count_of = [&](std::int64_t k) { return std::min(at_once, o.directions - first_of(k)); };
        for_devices(count, [&](std::int64_t k) {
            if (count_of(k) > 0)
                parts[static_cast<std::size_t>(k)] =
                    devices[static_cast<std::size_t>(k)].part(o, first_of(k), count_of(k));
        });
        if (first == 0) {
            const std::vector<std::uint64_t> bad = devices.front().bad();
            for (std::size_t s = 0; s < bad.size(); ++s)
                require(bad[s] == none_bad, who, ": ", s + 1 == bad.size() ? "y" : name_of(x, s),
                        " must be finite, row ", bad[s], " is not");
        }
        for (std::int64_t k = 0; k < count && first_of(k) < o.directions; ++k)
            add_part(parts[static_cast<std::size_t>(k)], first_of(k), count_of(k), sums);
        if (o.progress) o.progress(std::min(first + at_once * count, o.directions), o.directions, {});
    }
    return sums;
}

}  // namespace buffon
