#include <buffon/device_pairs.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <utility>

#include <buffon/for_devices.hpp>

namespace buffon {
namespace {

constexpr std::int64_t records_at_once = std::int64_t{1} << 25;   // numbers
constexpr std::int64_t most_tiles = 65'535;                       // of one launch, one above the other
constexpr std::size_t most_kept = std::size_t{1} << 18;

double* doubles(const DeviceBuffer& buffer) { return static_cast<double*>(buffer.data()); }

/// Distances of floats from products are as good as they need be while the exponent's rounding stays below 1e-5 or so; of
/// doubles they are always sums of squared differences, as on the processor.
bool needs_differences(PairFunction f, double scale, const DevicePairPoints& x, const DevicePairPoints& y) {
    constexpr double most = 20.0;
    return f == PairFunction::gaussian && !(scale * std::max(x.largest(), y.largest()) < most);
}

/// Memory of one device for strips of one meeting.
struct Room {
    Room(const DeviceQueue& queue, DevicePairs of, bool whole)
        : pairs(of), records(queue, pairs.records() * 8), sums(queue, pairs.results() * 8),
          totals(queue, whole ? pairs.numbers() * 8 : 0) {
        pairs.row_records = doubles(records);
        pairs.column_records = pairs.row_records + pairs.chunks() * pairs.rows();
        pairs.square_records = pairs.column_records + pairs.tiles() * pairs.columns();
        pairs.sums = doubles(sums);
        pairs.totals = doubles(totals);
    }

    DevicePairs pairs;
    DeviceBuffer records, sums, totals;
};

/// Adds strip number `strip` of what one launch gave.
void add_strip(const DevicePairs& p, const std::vector<double>& results, std::int64_t strip, KernelSums& to) {
    const std::int64_t row = (p.first + strip * p.stride) * DevicePairs::strip_rows,
                       rows = std::min(DevicePairs::strip_rows, p.x.rows - row);
    const std::int64_t tiles = DevicePairs::strip_rows / p.tile();
    const double *of_rows = results.data() + strip * DevicePairs::strip_rows,
                 *of_columns = results.data() + p.rows() + strip * p.columns(),
                 *squares = results.data() + p.rows() + p.strips * p.columns() + strip * tiles;
    for (std::int64_t i = 0; i < rows; ++i) to.rows[static_cast<std::size_t>(row + i)] += of_rows[i];
    std::vector<double>& columns = p.itself ? to.rows : to.columns;
    for (std::int64_t j = 0; j < p.y.rows; ++j) columns[static_cast<std::size_t>(j)] += of_columns[j];
    for (std::int64_t t = 0; t < tiles; ++t) to.squares += squares[t];
}

/// Pairs that are met: what one device can hold at once is queued at the start, all else as it is asked for.
class Meeting {
public:
    Meeting(PairFunction f, double scale, const DevicePairPoints& x, const DevicePairPoints& y, bool itself,
            PairsDone done)
        : x_(x), y_(y), done_(std::move(done)),
          all_((x.rows() + DevicePairs::strip_rows - 1) / DevicePairs::strip_rows),
          devices_(std::min(x.devices(), all_)), one_{.function = static_cast<std::int32_t>(f),
                                                      .scale = scale,
                                                      .itself = itself,
                                                      .direct = needs_differences(f, scale, x, y),
                                                      .x = x.on(0).panels,
                                                      .y = y.on(0).panels,
                                                      .strips = 1,
                                                      .stride = devices_},
          at_once_(std::clamp<std::int64_t>(std::min(records_at_once / one_.records(), most_tiles / one_.tiles()), 1,
                                            (all_ + devices_ - 1) / devices_)) {
        assert(x.dim() == y.dim() && x.devices() == y.devices());
        if (whole()) under_way_ = queued(0, 0);
    }

    KernelSums sums() {
        if (whole()) return totals();
        KernelSums out{std::vector<double>(static_cast<std::size_t>(x_.rows()), 0.0),
                       std::vector<double>(static_cast<std::size_t>(one_.itself ? 0 : y_.rows()), 0.0), 0.0};
        for (std::int64_t first = 0; first < all_; first += at_once_ * devices_) {
            add_round(first, out);
            const std::int64_t rows = std::min(x_.rows(), (first + at_once_ * devices_) * DevicePairs::strip_rows),
                               left = x_.rows() - rows;
            if (done_) done_(one_.itself ? x_.rows() * x_.rows() - left * left : rows * y_.rows());
        }
        return out;
    }

private:
    /// Whether one device has room for all.
    bool whole() const { return devices_ == 1 && all_ <= at_once_; }

    KernelSums totals() {
        const std::unique_ptr<Room> room = under_way_ ? std::move(under_way_) : queued(0, 0);
        std::vector<double>& all = kept_numbers();
        all.resize(static_cast<std::size_t>(room->pairs.numbers()));
        room->totals.download(all.data());
        const auto rows = all.begin() + x_.rows();
        KernelSums out{{all.begin(), rows}, {rows, all.end() - 1}, all.back()};
        if (all.capacity() > most_kept) all = {};
        if (done_) done_(x_.rows() * y_.rows());
        return out;
    }

    /// A few stay for the next call of a thread: new memory costs more than the copy.
    static std::vector<double>& kept_numbers() {
        static thread_local std::vector<double> kept;
        return kept;
    }

    /// Strips first + k, first + k + devices, ... on device k; none where there are none.
    std::unique_ptr<Room> queued(std::int64_t first, std::int64_t k) const {
        DevicePairs p = one_;
        p.x = x_.on(k).panels;
        p.y = y_.on(k).panels;
        p.first = first + k;
        p.strips = std::min(at_once_, (all_ - p.first + devices_ - 1) / devices_);
        if (p.strips <= 0) return nullptr;
        const DeviceQueue& queue = x_.on(k).queue;
        auto room = std::make_unique<Room>(queue, p, whole());
        device_check(queue, device_library().table->pairs(&queue, &room->pairs));
        return room;
    }

    void add_round(std::int64_t first, KernelSums& out) {
        std::vector<std::unique_ptr<Room>> rooms(static_cast<std::size_t>(devices_));
        std::vector<std::vector<double>> results(rooms.size());
        results.front().swap(kept_numbers());
        for_devices(devices_, [&](std::int64_t k) {
            auto& room = rooms[static_cast<std::size_t>(k)];
            room = queued(first, k);
            if (!room) return;
            results[static_cast<std::size_t>(k)].resize(static_cast<std::size_t>(room->pairs.results()));
            room->sums.download(results[static_cast<std::size_t>(k)].data());
        });
        for (std::int64_t strip = first; strip < std::min(all_, first + at_once_ * devices_); ++strip) {
            const auto k = static_cast<std::size_t>((strip - first) % devices_);
            add_strip(rooms[k]->pairs, results[k], (strip - first) / devices_, out);
        }
        if (results.front().capacity() <= most_kept) kept_numbers().swap(results.front());
    }

    const DevicePairPoints &x_, &y_;
    PairsDone done_;
    std::int64_t all_, devices_;   // strips
    DevicePairs one_;
    std::int64_t at_once_;         // strips of one device
    std::unique_ptr<Room> under_way_;
};

DevicePairPoints::On put(const DeviceQueue& queue, DevicePanels panels, const std::vector<double>& centre) {
    const DeviceBuffer middle = DeviceBuffer::of(queue, std::span<const double>(centre));
    const std::array found{static_cast<std::uint64_t>(panels.rows), std::uint64_t{0}};
    DevicePairPoints::On on{queue, DeviceBuffer(queue, panels.numbers() * size_of(panels.number)),
                            DeviceBuffer(queue, panels.padded_rows() * size_of(panels.number)),
                            DeviceBuffer::of(queue, std::span<const std::uint64_t>(found)), panels};
    on.panels.centre = middle.as<double>();
    on.panels.panels = on.memory.data();
    on.panels.norms = on.norms.data();
    on.panels.bad = static_cast<std::uint64_t*>(on.found.data());
    device_check(queue, device_library().table->panels(&queue, &on.panels));
    return on;
}
}  // namespace

DevicePairPoints::DevicePairPoints(const std::vector<DeviceQueue>& queues, ConstView points,
                                   const std::vector<double>& centre)
    : on_(queues.size()) {
    for_devices(static_cast<std::int64_t>(queues.size()), [&](std::int64_t k) {
        const DeviceQueue& queue = queues[static_cast<std::size_t>(k)];
        const DeviceBuffer here =
            DeviceBuffer::of(queue, std::span<const double>(points.data, static_cast<std::size_t>(points.size())));
        on_[static_cast<std::size_t>(k)] = put(queue, {.from = here.data(), .rows = points.rows, .dim = points.cols}, centre);
    });
}

DevicePairPoints::DevicePairPoints(const DeviceArray& points, const std::vector<double>& centre) {
    on_.push_back(put(points.queue,
                      {.from = points.data,
                       .number = points.single ? Number::float32 : Number::float64,
                       .rows = points.rows,
                       .dim = points.cols},
                      centre));
}

const DevicePairPoints::Found& DevicePairPoints::found() const {
    if (!found_) {
        std::array<std::uint64_t, 2> there;
        on_.front().found.download(there.data());
        found_ = {static_cast<std::int64_t>(there[0]), std::bit_cast<double>(there[1])};
    }
    return *found_;
}

std::vector<double> DevicePairPoints::half_squares() const {
    const DeviceBuffer& norms = on_.front().norms;
    std::vector<double> out(static_cast<std::size_t>(rows()));
    if (on_.front().panels.number == Number::float64) {
        norms.download_part(out.data(), rows() * 8);
        return out;
    }
    std::vector<float> singles(out.size());
    norms.download_part(singles.data(), rows() * 4);
    std::ranges::copy(singles, out.begin());
    return out;
}

SumsLater pair_sums_later(PairFunction f, double scale, const DevicePairPoints& x, const DevicePairPoints& y,
                          const PairsDone& done) {
    return [meeting = std::make_shared<Meeting>(f, scale, x, y, false, done)] { return meeting->sums(); };
}
SumsLater pair_sums_later(PairFunction f, double scale, const DevicePairPoints& x, const PairsDone& done) {
    return [meeting = std::make_shared<Meeting>(f, scale, x, x, true, done)] { return meeting->sums(); };
}

KernelSums pair_sums(PairFunction f, double scale, const DevicePairPoints& x, const DevicePairPoints& y, const PairsDone& done) {
    return pair_sums_later(f, scale, x, y, done)();
}
KernelSums pair_sums(PairFunction f, double scale, const DevicePairPoints& x, const PairsDone& done) {
    return pair_sums_later(f, scale, x, done)();
}

Matrix head(const DeviceArray& points, std::int64_t most) {
    Matrix out(std::min(points.rows, most), points.cols);
    if (out.data.empty()) return out;
    std::vector<float> singles(points.single ? out.data.size() : 0);
    void* to = points.single ? static_cast<void*>(singles.data()) : static_cast<void*>(out.data.data());
    device_check(points.queue, device_library().table->download(&points.queue, points.data, to,
                                                                out.view().size() * (points.single ? 4 : 8)));
    std::ranges::copy(singles, out.data.begin());
    return out;
}

}  // namespace buffon
