#include <buffon/device_pairs.hpp>

#include <algorithm>
#include <bit>
#include <cassert>

#include <buffon/for_devices.hpp>

namespace buffon {
namespace {

constexpr std::int64_t records_at_once = std::int64_t{1} << 25;   // numbers

double* doubles(const DeviceBuffer& buffer) { return static_cast<double*>(buffer.data()); }

/// Distances of floats from products are as good as they need be while the exponent's rounding stays below 1e-5 or so; of
/// doubles they are always sums of squared differences, as on the processor.
bool needs_differences(PairFunction f, double scale, const DevicePairPoints& x, const DevicePairPoints& y) {
    constexpr double most = 20.0;
    return f == PairFunction::gaussian && !(scale * std::max(x.largest(), y.largest()) < most);
}

/// Memory of one device for strips of one meeting.
struct Room {
    Room(const DeviceQueue& queue, DevicePairs of) : pairs(of), records(queue, pairs.records() * 8), sums(queue, pairs.results() * 8) {
        pairs.row_records = doubles(records);
        pairs.column_records = pairs.row_records + pairs.chunks() * pairs.rows();
        pairs.square_records = pairs.column_records + pairs.tiles() * pairs.columns();
        pairs.sums = doubles(sums);
    }

    DevicePairs pairs;
    DeviceBuffer records, sums;
};

/// Adds strip number `strip` of what one launch gave.
void add_strip(const DevicePairs& p, const std::vector<double>& results, std::int64_t strip, PairSums& to) {
    const std::int64_t row = (p.first + strip * p.stride) * DevicePairs::strip_rows, rows = std::min(DevicePairs::strip_rows, p.x.rows - row);
    const std::int64_t tiles = DevicePairs::strip_rows / p.tile();
    const double *of_rows = results.data() + strip * DevicePairs::strip_rows, *of_columns = results.data() + p.rows() + strip * p.columns(),
                 *squares = results.data() + p.rows() + p.strips * p.columns() + strip * tiles;
    for (std::int64_t i = 0; i < rows; ++i) to.rows[static_cast<std::size_t>(row + i)] += of_rows[i];
    std::vector<double>& columns = p.itself ? to.rows : to.columns;
    for (std::int64_t j = 0; j < p.y.rows; ++j) columns[static_cast<std::size_t>(j)] += of_columns[j];
    for (std::int64_t t = 0; t < tiles; ++t) to.squares += squares[t];
}

PairSums met(PairFunction f, double scale, const DevicePairPoints& x, const DevicePairPoints& y, bool itself, const PairsDone& done) {
    assert(x.dim() == y.dim() && x.devices() == y.devices());
    const std::int64_t all = (x.rows() + DevicePairs::strip_rows - 1) / DevicePairs::strip_rows, devices = std::min(x.devices(), all);
    DevicePairs one{.function = static_cast<std::int32_t>(f), .scale = scale, .itself = itself, .direct = needs_differences(f, scale, x, y),
                    .x = x.on(0).panels, .y = y.on(0).panels, .strips = 1, .stride = devices};
    const std::int64_t at_once = std::clamp<std::int64_t>(records_at_once / one.records(), 1, (all + devices - 1) / devices);
    PairSums out{std::vector<double>(static_cast<std::size_t>(x.rows()), 0.0), std::vector<double>(static_cast<std::size_t>(itself ? 0 : y.rows()), 0.0), 0.0};
    for (std::int64_t first = 0; first < all; first += at_once * devices) {
        std::vector<DevicePairs> pairs(static_cast<std::size_t>(devices), one);
        std::vector<std::vector<double>> results(static_cast<std::size_t>(devices));
        for_devices(devices, [&](std::int64_t k) {
            DevicePairs& p = pairs[static_cast<std::size_t>(k)];
            std::vector<double>& to = results[static_cast<std::size_t>(k)];
            const DeviceQueue& queue = x.on(k).queue;
            p.x = x.on(k).panels;
            p.y = y.on(k).panels;
            p.first = first + k;
            p.strips = std::min(at_once, (all - p.first + devices - 1) / devices);
            if (p.strips <= 0) return;
            const Room room(queue, p);
            device_check(queue, device_library().table->pairs(&queue, &room.pairs));
            to.resize(static_cast<std::size_t>(p.results()));
            room.sums.download(to.data());
        });
        const std::int64_t end = std::min(all, first + at_once * devices);
        for (std::int64_t strip = first; strip < end; ++strip) {
            const auto k = static_cast<std::size_t>((strip - first) % devices);
            add_strip(pairs[k], results[k], (strip - first) / devices, out);
        }
        const std::int64_t rows = std::min(x.rows(), end * DevicePairs::strip_rows), left = x.rows() - rows;
        if (done) done(itself ? x.rows() * x.rows() - left * left : rows * y.rows());
    }
    if (itself) out.columns = out.rows;
    return out;
}

DevicePairPoints::On put(const DeviceQueue& queue, DevicePanels panels, const std::vector<double>& centre) {
    const DeviceBuffer middle = DeviceBuffer::of(queue, std::span<const double>(centre));
    std::vector<std::uint64_t> found{static_cast<std::uint64_t>(panels.rows), 0};
    const DeviceBuffer bad = DeviceBuffer::of(queue, std::span<const std::uint64_t>(found));
    DevicePairPoints::On on{queue, DeviceBuffer(queue, panels.numbers() * size_of(panels.number)), DeviceBuffer(queue, panels.padded_rows() * size_of(panels.number)), panels};
    on.panels.centre = middle.as<double>();
    on.panels.panels = on.memory.data();
    on.panels.norms = on.norms.data();
    on.panels.bad = static_cast<std::uint64_t*>(bad.data());
    device_check(queue, device_library().table->panels(&queue, &on.panels));
    bad.download(found.data());
    on.first_bad = static_cast<std::int64_t>(found[0]);
    on.largest = std::bit_cast<double>(found[1]);
    return on;
}

}  // namespace

DevicePairPoints::DevicePairPoints(const std::vector<DeviceQueue>& queues, ConstView points, const std::vector<double>& centre) : on_(queues.size()) {
    for_devices(static_cast<std::int64_t>(queues.size()), [&](std::int64_t k) {
        const DeviceQueue& queue = queues[static_cast<std::size_t>(k)];
        const DeviceBuffer here = DeviceBuffer::of(queue, std::span<const double>(points.data, static_cast<std::size_t>(points.size())));
        on_[static_cast<std::size_t>(k)] = put(queue, {.from = here.data(), .rows = points.rows, .dim = points.cols}, centre);
    });
}

DevicePairPoints::DevicePairPoints(const DeviceArray& points, const std::vector<double>& centre) {
    on_.push_back(put(points.queue, {.from = points.data, .number = points.single ? Number::float32 : Number::float64, .rows = points.rows, .dim = points.cols}, centre));
}

PairSums pair_sums(PairFunction f, double scale, const DevicePairPoints& x, const DevicePairPoints& y, const PairsDone& done) { return met(f, scale, x, y, false, done); }
PairSums pair_sums(PairFunction f, double scale, const DevicePairPoints& x, const PairsDone& done) { return met(f, scale, x, x, true, done); }

Matrix head(const DeviceArray& points, std::int64_t most) {
    Matrix out(std::min(points.rows, most), points.cols);
    if (out.data.empty()) return out;
    std::vector<float> singles(points.single ? out.data.size() : 0);
    void* to = points.single ? static_cast<void*>(singles.data()) : static_cast<void*>(out.data.data());
    device_check(points.queue, device_library().table->download(&points.queue, points.data, to, out.view().size() * (points.single ? 4 : 8)));
    std::ranges::copy(singles, out.data.begin());
    return out;
}

}  // namespace buffon
