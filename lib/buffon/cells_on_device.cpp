#include <buffon/cells_on_device.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <variant>

#include <buffon/device_sample.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr std::int64_t most_bytes = std::int64_t{1} << 30;   // of rows at once
constexpr std::int64_t most_draws = std::int64_t{1} << 21;
constexpr std::int64_t most_soft_blocks = 64;                // whose scores are stored: as many as the processor's

std::int64_t up(std::int64_t n, std::int64_t to) { return (n + to - 1) / to; }

const DeviceTable& table() { return *device_library().table; }

/// Forms of a law whose quantiles on a device are the processor's bits; none for others.
std::vector<DeviceLaw> same_bits(const Distribution& source) {
    const auto* joint = std::get_if<Joint>(&source.law());
    const auto inputs = joint != nullptr && joint->independent() ? DeviceInputs::of(source) : std::nullopt;
    if (!inputs) return {};
    const bool exact = std::ranges::all_of(inputs->laws, [](const DeviceLaw& law) {
        return law.kind == DeviceLaw::Kind::uniform || law.kind == DeviceLaw::Kind::normal ||
               law.kind == DeviceLaw::Kind::lognormal;
    });
    return exact ? inputs->laws : std::vector<DeviceLaw>{};
}

}  // namespace

CellsOnDevice::CellsOnDevice(const DeviceQueue& queue, const PowerCells& cells, int threads)
    : queue_(queue), cells_(&cells), threads_(threads), panels_(up(cells.size(), device_cell_panel)) {
    static_assert(cell_rows == device_cell_rows);
    assert(cells.rotations() <= 4);
    const std::int64_t d = cells.dim();
    std::vector<float> points(static_cast<std::size_t>(panels_ * d * device_cell_panel), 0.0f);
    for (std::int64_t i = 0; i < cells.size(); ++i)
        for (std::int64_t k = 0; k < d; ++k)
            points[static_cast<std::size_t>((i / device_cell_panel * d + k) * device_cell_panel +
                                            i % device_cell_panel)] = static_cast<float>(cells.targets()(i, k));
    points_ = DeviceBuffer::of(queue_, std::span<const float>(points));
    if (cells.normal()) {
        pack();
        return;
    }
    laws_ = DeviceBuffer::of(queue_, std::span<const DeviceLaw>(same_bits(cells.source())));
    mean_ = DeviceBuffer::of(queue_, std::span<const double>(cells.source_mean()));
}

/// How far scores of half precision can be from the processor's, for standard normal rows x: rounding x moves <x, y> by
/// a sum of independent
/// terms below |x_k y_k| 2^-11, rounding y by <x, lost>, each within eight standard deviations; partial sums are within
/// eight |y| and
/// are rounded at each step, there and here.
void CellsOnDevice::pack() {
    double largest = 0.0;
    for (const double y : cells_->targets().data) largest = std::max(largest, std::abs(y));
    if (!(largest > 0)) return;
    half_ = {.targets = targets({}), .scale = static_cast<float>(std::ldexp(1.0, 7 - std::ilogb(largest)))};
    images_ = DeviceBuffer(queue_, half_.bytes());
    const DeviceBuffer norms(queue_, 2 * sizeof(float));
    half_.images = images_.data();
    half_.norms = static_cast<float*>(norms.data());
    device_check(queue_, table().half_targets(&queue_, &half_));
    float norm[2];
    norms.download(norm);
    half_.norms = nullptr;
    fast_ = norm[0] > 0;
    const double y = norm[0], lost = norm[1], d = static_cast<double>(cells_->dim());
    const double sums = (d / 16 + 4) * 8 * 0x1p-22 + (d + 32) * 16 * 0x1p-24;
    margin_ = static_cast<float>(2 * (8 * 0x1p-11 * y + 8 * lost + sums * y));
}

DeviceCellTargets CellsOnDevice::targets(const DeviceBuffer& heights) const {
    return {.dim = cells_->dim(),
            .size = cells_->size(),
            .panels = panels_,
            .points = points_.as<float>(),
            .heights = heights.as<float>()};
}

DeviceBuffer CellsOnDevice::padded(std::span<const double> heights) const {
    std::vector<float> h(static_cast<std::size_t>(up(panels_, 2) * 2 * device_cell_panel),
                         std::numeric_limits<float>::lowest() / 4);
    std::ranges::transform(heights, h.begin(), [](double v) { return static_cast<float>(v); });
    return DeviceBuffer::of(queue_, std::span<const float>(h));
}

void CellsOnDevice::draw(const Stream& stream, std::int64_t first, std::int64_t blocks, const DeviceBuffer& x) const {
    if (cells_->normal() || laws_.data() != nullptr) {
        const DeviceCellBlocks what{.stream = stream,
                                    .dim = cells_->dim(),
                                    .first = first,
                                    .blocks = blocks,
                                    .laws = laws_.as<DeviceLaw>(),
                                    .mean = mean_.as<double>(),
                                    .x = static_cast<float*>(x.data())};
        return device_check(queue_, table().cell_blocks(&queue_, &what));
    }
    const std::int64_t of_block = cells_->dim() * cell_rows;
    std::vector<float> all(static_cast<std::size_t>(blocks * of_block));
    parallel::for_each(up(blocks, cell_chunk_blocks), threads_, [&](std::int64_t c) {
        const std::int64_t begin = c * cell_chunk_blocks, count = std::min(cell_chunk_blocks, blocks - begin);
        std::vector<float> rows;
        cells_->rows(stream, first + begin, count, rows);
        std::ranges::copy(rows, all.begin() + begin * of_block);
    });
    device_check(queue_, table().upload(&queue_, all.data(), x.data(), static_cast<std::int64_t>(all.size() * sizeof(float))));
    device_check(queue_, table().wait(&queue_));   // `all` ends here
}

std::int64_t CellsOnDevice::blocks_at_once(std::int64_t wanted) const {
    const std::int64_t of_block = cells_->dim() * cell_rows * static_cast<std::int64_t>(sizeof(float));
    const std::int64_t fit =
        std::min(most_bytes / of_block, most_draws / cells_->draws_per_block()) / cell_chunk_blocks * cell_chunk_blocks;
    return std::min(std::max(fit, cell_chunk_blocks), wanted);
}

template <class F>
void CellsOnDevice::in_pieces(std::int64_t blocks, const Stream& stream, const F& f) const {
    const std::int64_t most = blocks_at_once(blocks);
    const DeviceBuffer x(queue_, most * cells_->dim() * cell_rows * static_cast<std::int64_t>(sizeof(float)));
    for (std::int64_t first = 0; first < blocks; first += most) {
        const std::int64_t count = std::min(most, blocks - first);
        draw(stream, first, count, x);
        f(first, count, x.as<float>());
    }
}

/// False where too many calls were close.
bool CellsOnDevice::count_fast(const DeviceBuffer& heights, std::int64_t blocks, const Stream& stream, CellCounts& out) const {
    const std::int64_t of_block = cells_->draws_per_block();
    const std::uint32_t none = 0;
    const DeviceBuffer failed = DeviceBuffer::of(queue_, std::span(&none, 1)),
                       cell(queue_, blocks_at_once(blocks) * of_block * 4);
    const DeviceBuffer counts = DeviceBuffer::of(queue_, std::span<const std::int64_t>(out.counts));
    in_pieces(blocks, stream, [&](std::int64_t first, std::int64_t n, const float* x) {
        DeviceFastNearest fast{.nearest = {.targets = targets(heights),
                                           .x = x,
                                           .first = first,
                                           .blocks = n,
                                           .signs = PowerCells::signs_of(stream),
                                           .rotations = cells_->rotations(),
                                           .mirrored = cells_->mirrored(),
                                           .cell = static_cast<std::int32_t*>(cell.data())},
                               .half = half_,
                               .margin = margin_,
                               .failed = static_cast<std::uint32_t*>(failed.data())};
        device_check(queue_, table().fast_nearest_cells(&queue_, &fast));
        const DeviceCellCounts counting{cell.as<std::int32_t>(), n * of_block, cells_->size(),
                                        static_cast<std::uint64_t*>(counts.data()), failed.as<std::uint32_t>()};
        device_check(queue_, table().count_cells(&queue_, &counting));
    });
    std::uint32_t close = 0;
    failed.download(&close);
    if (close == 0) counts.download(out.counts.data());
    return close == 0;
}

CellCounts CellsOnDevice::count(std::span<const double> heights, std::int64_t draws, const Stream& stream, bool scored) const {
    const std::int64_t of_block = cells_->draws_per_block(), blocks = up(draws, of_block),
                       most = blocks_at_once(blocks), groups = up(blocks, cell_chunk_blocks);
    CellCounts out{std::vector<std::int64_t>(heights.size(), 0), blocks * of_block, 0.0};
    std::vector<double> partial(static_cast<std::size_t>(groups));
    const DeviceBuffer h = padded(heights);
    if (fast_ && !scored) {
        fast_ = count_fast(h, blocks, stream, out);
        if (fast_) return out;
    }
    const DeviceBuffer counts = DeviceBuffer::of(queue_, std::span<const std::int64_t>(out.counts));
    const DeviceBuffer cell(queue_, most * of_block * 4), score(queue_, most * of_block * 4), sums(queue_, groups * 8);
    in_pieces(blocks, stream, [&](std::int64_t first, std::int64_t n, const float* x) {
        const DeviceNearest nearest{.targets = targets(h),
                                    .x = x,
                                    .first = first,
                                    .blocks = n,
                                    .signs = PowerCells::signs_of(stream),
                                    .rotations = cells_->rotations(),
                                    .mirrored = cells_->mirrored(),
                                    .cell = static_cast<std::int32_t*>(cell.data()),
                                    .score = static_cast<float*>(score.data())};
        device_check(queue_, table().nearest_cells(&queue_, &nearest));
        const DeviceCellCounts counting{cell.as<std::int32_t>(), n * of_block, cells_->size(),
                                        static_cast<std::uint64_t*>(counts.data()), nullptr};
        device_check(queue_, table().count_cells(&queue_, &counting));
        const DeviceSerialSums adding{score.as<float>(), n * of_block, cell_chunk_blocks * of_block,
                                      static_cast<double*>(sums.data()) + first / cell_chunk_blocks};
        device_check(queue_, table().serial_sums(&queue_, &adding));
    });
    counts.download(out.counts.data());
    sums.download(partial.data());
    for (const double sum : partial) out.score_sum += sum;
    return out;
}

std::vector<TopTwo> CellsOnDevice::top_two(std::span<const double> heights, std::int64_t draws, const Stream& stream) const {
    const std::int64_t blocks = draws / cell_rows;
    const DeviceBuffer h = padded(heights), first_cell(queue_, draws * 4), second_cell(queue_, draws * 4),
                       first_score(queue_, draws * 4), second_score(queue_, draws * 4);
    in_pieces(blocks, stream, [&](std::int64_t first, std::int64_t n, const float* x) {
        const std::int64_t at = first * cell_rows;
        const DeviceNearest nearest{.targets = targets(h),
                                    .x = x,
                                    .first = first,
                                    .blocks = n,
                                    .cell = static_cast<std::int32_t*>(first_cell.data()) + at,
                                    .score = static_cast<float*>(first_score.data()) + at,
                                    .second = static_cast<std::int32_t*>(second_cell.data()) + at,
                                    .second_score = static_cast<float*>(second_score.data()) + at};
        device_check(queue_, table().nearest_cells(&queue_, &nearest));
    });
    std::vector<std::int32_t> one(static_cast<std::size_t>(draws)), two(one.size());
    std::vector<float> high(one.size()), low(one.size());
    first_cell.download(one.data());
    second_cell.download(two.data());
    first_score.download(high.data());
    second_score.download(low.data());
    std::vector<TopTwo> out(one.size());
    for (std::size_t i = 0; i < out.size(); ++i)
        out[i] = {one[i], two[i], static_cast<double>(high[i]) - static_cast<double>(low[i])};
    return out;
}

void CellsOnDevice::add_softmax(std::span<const double> heights, std::int64_t draws, const Stream& stream, double width,
                                std::span<double> sums) const {
    const std::int64_t blocks = draws / cell_rows, stride = panels_ * device_cell_panel, n = cells_->size(),
                       most = std::min(blocks, most_soft_blocks);
    const DeviceBuffer h = padded(heights), total = DeviceBuffer::of(queue_, std::span<const double>(sums)),
                       x(queue_, most * cells_->dim() * cell_rows * 4);
    const DeviceBuffer scores(queue_, most * cell_rows * stride * 4), rows(queue_, most * cell_rows * 24),
        parts(queue_, most * n * 8);
    for (std::int64_t first = 0; first < blocks; first += most) {
        const std::int64_t count = std::min(most, blocks - first);
        draw(stream, first, count, x);
        const DeviceCellScores scoring{targets(h), x.as<float>(), count, stride, static_cast<float*>(scores.data())};
        device_check(queue_, table().cell_scores(&queue_, &scoring));
        const DeviceSoftSums soft{scores.as<float>(),
                                  count,
                                  n,
                                  stride,
                                  width,
                                  static_cast<double*>(rows.data()),
                                  static_cast<double*>(parts.data()),
                                  static_cast<double*>(total.data())};
        device_check(queue_, table().soft_cells(&queue_, &soft));
    }
    total.download(sums.data());
}

std::vector<float> CellsOnDevice::shortfalls(std::span<const double> heights, std::int64_t draws, const Stream& stream,
                                             std::span<const std::size_t> listed) const {
    const std::int64_t blocks = draws / cell_rows, most = blocks_at_once(blocks);
    std::vector<float> least(listed.size(), std::numeric_limits<float>::infinity());
    const std::vector<std::int32_t> list(listed.begin(), listed.end());
    const DeviceBuffer h = padded(heights), found = DeviceBuffer::of(queue_, std::span<const float>(least)),
                       which = DeviceBuffer::of(queue_, std::span<const std::int32_t>(list));
    const DeviceBuffer cell(queue_, most * cell_rows * 4), score(queue_, most * cell_rows * 4);
    in_pieces(blocks, stream, [&](std::int64_t first, std::int64_t n, const float* x) {
        const DeviceNearest nearest{.targets = targets(h),
                                    .x = x,
                                    .first = first,
                                    .blocks = n,
                                    .cell = static_cast<std::int32_t*>(cell.data()),
                                    .score = static_cast<float*>(score.data())};
        device_check(queue_, table().nearest_cells(&queue_, &nearest));
        const DeviceShortfalls falling{targets(h),
                                       x,
                                       n,
                                       score.as<float>(),
                                       which.as<std::int32_t>(),
                                       static_cast<std::int64_t>(list.size()),
                                       static_cast<float*>(found.data())};
        device_check(queue_, table().shortfalls(&queue_, &falling));
    });
    found.download(least.data());
    return least;
}

}  // namespace buffon
