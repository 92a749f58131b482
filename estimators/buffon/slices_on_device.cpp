#include <buffon/slices_on_device.hpp>

#include <algorithm>
#include <bit>
#include <limits>
#include <span>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/compared_sets.hpp>
#include <buffon/device_buffer.hpp>
#include <buffon/for_devices.hpp>

namespace buffon {
namespace {

constexpr std::int64_t numbers_at_once = std::int64_t{1} << 23,
                       most_at_once = 128;   // of the lines of a part; its directions
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

/// One device with all samples on it, the reference being the last. Work is queued; `words` waits for it.
class SlicingDevice {
public:
    SlicingDevice(const DeviceQueue& queue, Number number, std::vector<Placed> sets, std::int64_t directions)
        : queue_(queue), number_(number), sets_(std::move(sets)), directions_(directions) {
        const std::vector<std::uint64_t> good(static_cast<std::size_t>(bad_at() + samples() + 1), none_bad);
        words_ = DeviceBuffer::of(queue_, std::span<const std::uint64_t>(good));
        for (std::int64_t s = 0; s < samples(); ++s) potentials_.emplace_back(queue_, (rows(s) + rows(samples())) * 8);
    }

    std::int64_t samples() const { return static_cast<std::int64_t>(sets_.size()) - 1; }
    std::int64_t squares_at(std::int64_t s) const {
        return s * directions_;
    }   // of sample s; of all of them those of the halves
    std::int64_t covariance_at(std::int64_t s, std::int64_t t) const {
        return (samples() + 1) * directions_ + 2 * (s * samples() + t);
    }
    std::int64_t bad_at() const { return covariance_at(samples(), 0); }

    /// Squares and potentials of some directions; `more`: the potentials are added to those that are there.
    void part(const SliceOptions& o, std::int64_t first, std::int64_t count, bool more) const {
        const DeviceBuffer directions = directions_there(o, first, count);
        const Lines with_reference = lines(samples(), 0, directions, count);
        gaps(0, with_reference.of[1], with_reference.of[0], first, count, more);
        for (std::int64_t s = 1; s < samples(); s += 2) {
            const Lines two = lines(s, s + 1 < samples() ? s + 1 : -1, directions, count);
            for (std::int64_t k = s; k < std::min(s + 2, samples()); ++k)
                gaps(k, two.of[k - s], with_reference.of[0], first, count, more);
        }
    }

    /// The potentials of another device join those here.
    void add(const SlicingDevice& other) {
        for (std::int64_t s = 0; s < samples(); ++s) {
            const std::int64_t n = rows(s) + rows(samples());
            std::vector<double> numbers(static_cast<std::size_t>(n));
            potentials(other, s).download(numbers.data());
            const DeviceBuffer more = DeviceBuffer::of(queue_, std::span<const double>(numbers));
            DeviceCombine sum;
            sum.out = potentials(*this, s).data();
            sum.terms = 2;
            sum.rows = 1;
            sum.cols = n;
            sum.in[0] = sum.out, sum.in[1] = more.data();
            sum.weight[0] = sum.weight[1] = 1.0;
            device_check(queue_, device_library().table->combine(&queue_, &sum));
            wait();   // `numbers` ends here
        }
    }

    /// Of the potentials' means.
    void covariances() const {
        for (std::int64_t s = 0; s < samples(); ++s)
            for (std::int64_t t = 0; t <= s; ++t) {
                const auto *u = potentials(*this, s).as<double>(), *v = potentials(*this, t).as<double>();
                const DeviceMeans what{.u = {u, u + rows(s)},
                                       .v = {v, v + rows(t)},
                                       .rows = {rows(s) == rows(t) ? rows(s) : 0, rows(samples())},
                                       .covariance = static_cast<double*>(words_.data()) + covariance_at(s, t)};
                device_check(queue_, device_library().table->covariance_of_means(&queue_, &what));
            }
    }

    void wait() const { device_check(queue_, device_library().table->wait(&queue_)); }

    /// All results, where the functions above say; then the first row of each set that is not finite, none_bad where all are.
    std::vector<std::uint64_t> words() const {
        std::vector<std::uint64_t> out(static_cast<std::size_t>(bad_at() + samples() + 1));
        words_.download(out.data());
        return out;
    }

private:
    /// Of one sample or two.
    struct Lines {
        DeviceBuffer room;
        DeviceLines of[2];
    };

    std::int64_t rows(std::int64_t s) const { return sets_[static_cast<std::size_t>(s)].rows; }
    static const DeviceBuffer& potentials(const SlicingDevice& of, std::int64_t s) {
        return of.potentials_[static_cast<std::size_t>(s)];
    }

    DeviceBuffer directions_there(const SliceOptions& o, std::int64_t first, std::int64_t count) const {
        const std::int64_t dim = sets_.front().dim;
        DeviceBuffer out(queue_, count * dim * size_of(number_));
        const DeviceDirections what{
            .stream = {o.key, 0}, .number = number_, .first = first, .count = count, .dim = dim, .out = out.data()};
        device_check(queue_, device_library().table->slice_directions(&queue_, &what));
        return out;
    }

    DeviceSliceSet set(std::int64_t s) const {
        if (s < 0) return {};
        return {sets_[static_cast<std::size_t>(s)].data, rows(s),
                static_cast<std::uint64_t*>(words_.data()) + bad_at() + s};
    }

    Lines lines(std::int64_t s, std::int64_t t, const DeviceBuffer& directions, std::int64_t count) const {
        DeviceSlices what{.number = number_,
                          .set = {set(s), set(t)},
                          .dim = sets_.front().dim,
                          .directions = directions.data(),
                          .count = count};
        Lines out{DeviceBuffer(queue_, what.room_bytes()), {}};
        what.room = out.room.data();
        device_check(queue_, device_library().table->slices(&queue_, &what, out.of));
        return out;
    }

    void gaps(std::int64_t s, const DeviceLines& x, const DeviceLines& y, std::int64_t first, std::int64_t count,
              bool more) const {
        auto* squares = static_cast<double*>(words_.data()) + first;
        const DeviceSliceGaps what{.number = number_,
                                   .count = count,
                                   .x = x,
                                   .y = y,
                                   .scale = 1 / static_cast<double>(directions_),
                                   .more = more,
                                   .squares = squares + squares_at(s),
                                   .potentials = static_cast<double*>(potentials(*this, s).data()),
                                   .halves = s == 0 ? squares + squares_at(samples()) : nullptr};
        device_check(queue_, device_library().table->slice_gaps(&queue_, &what));
    }

    DeviceQueue queue_;
    Number number_;
    std::vector<Placed> sets_;
    std::int64_t directions_;
    DeviceBuffer words_;
    std::vector<DeviceBuffer> potentials_;   // of each sample: at its rows, then at those of the reference
};

std::vector<SlicingDevice> devices_of(const PointSets& x, const ReferencePoints& y,
                                      const std::vector<DeviceQueue>& queues, std::int64_t directions) {
    std::vector<SlicingDevice> devices;
    if (y.array) {
        std::vector<Placed> sets;
        for (const DeviceArray& set : x.arrays) sets.push_back(placed(queued_on(y.array->queue, set)));
        sets.push_back(placed(*y.array));
        devices.emplace_back(y.array->queue, y.array->single ? Number::float32 : Number::float64, std::move(sets),
                             directions);
        return devices;
    }
    for (const DeviceQueue& queue : queues) {
        std::vector<Placed> sets;
        for (const Matrix& set : x.sets) sets.push_back(placed(queue, set));
        sets.push_back(placed(queue, y.points));
        devices.emplace_back(queue, Number::float64, std::move(sets), directions);
    }
    return devices;
}

std::int64_t most_rows(const PointSets& x, const ReferencePoints& y) {
    std::int64_t most = y.array ? y.array->rows : y.points.rows;
    for (const Matrix& set : x.sets) most = std::max(most, set.rows);
    for (const DeviceArray& set : x.arrays) most = std::max(most, set.rows);
    return most;
}

void check_finite(const std::string& who, const PointSets& x, std::span<const std::uint64_t> bad) {
    for (std::size_t s = 0; s < bad.size(); ++s)
        require(bad[s] == none_bad, who, ": ", s + 1 == bad.size() ? "y" : name_of(x, s), " must be finite, row ",
                bad[s], " is not");
}

/// What the devices found, each for its directions; covariances are those of the first, which has seen every row.
SliceSums sums_of(const std::string& who, const PointSets& x, const std::vector<SlicingDevice>& devices,
                  std::int64_t directions, std::int64_t at_once) {
    const SlicingDevice& first = devices.front();
    const std::int64_t k = first.samples(), count = static_cast<std::int64_t>(devices.size());
    SliceSums sums(directions, k);
    std::vector<std::vector<std::uint64_t>> words;
    for (const SlicingDevice& device : devices) words.push_back(device.words());
    check_finite(who, x, std::span(words.front()).subspan(static_cast<std::size_t>(first.bad_at())));
    const auto number = [&](std::int64_t device, std::int64_t at) {
        return std::bit_cast<double>(words[static_cast<std::size_t>(device)][static_cast<std::size_t>(at)]);
    };
    for (std::int64_t l = 0; l < directions; ++l) {
        const std::int64_t device = l / at_once % count;
        for (std::int64_t s = 0; s < k; ++s) sums.squares(l, s) = number(device, first.squares_at(s) + l);
        sums.own += number(device, first.squares_at(k) + l) / static_cast<double>(directions);
    }
    for (std::int64_t s = 0; s < k; ++s)
        for (std::int64_t t = 0; t <= s; ++t) {
            const std::int64_t at = first.covariance_at(s, t);
            sums.covariance(s, t) = sums.covariance(t, s) = number(0, at) + number(0, at + 1);
        }
    return sums;
}

}   // namespace

SliceSums slice_sums_on_device(const std::string& who, const PointSets& x, const ReferencePoints& y,
                               const SliceOptions& o, const std::string& device) {
    const std::vector<DeviceQueue> queues = y.array ? std::vector<DeviceQueue>() : device_queues(device);
    std::vector<SlicingDevice> devices = devices_of(x, y, queues, o.directions);
    const auto count = static_cast<std::int64_t>(devices.size());
    const std::int64_t at_once = std::clamp<std::int64_t>(numbers_at_once / most_rows(x, y), 1, most_at_once);
    for (std::int64_t first = 0; first < o.directions; first += at_once * count) {
        if (first > 0) {
            devices.front().wait();
            if (o.progress) o.progress(first, o.directions, {});
        }
        const auto count_of = [&](std::int64_t k) { return std::min(at_once, o.directions - first - k * at_once); };
        for_devices(count, [&](std::int64_t k) {
            if (count_of(k) > 0)
                devices[static_cast<std::size_t>(k)].part(o, first + k * at_once, count_of(k), k == 0 && first > 0);
        });
        for (std::int64_t k = 1; k < count && count_of(k) > 0; ++k)
            devices.front().add(devices[static_cast<std::size_t>(k)]);
    }
    devices.front().covariances();
    SliceSums sums = sums_of(who, x, devices, o.directions, at_once);
    if (o.progress) o.progress(o.directions, o.directions, {});
    return sums;
}

}   // namespace buffon
