#include <buffon/sobol_device.hpp>

#include <algorithm>
#include <exception>
#include <span>
#include <utility>
#include <vector>

#include <buffon/device_sample.hpp>
#include <buffon/pair_sums.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr std::int64_t fewest_rows = 1 << 15;   // fewer are done before a device has begun
constexpr std::int64_t rows_at_once = std::int64_t{1} << 26;
constexpr std::int64_t rows_in_cache = 128;

bool alone(const Groups& groups, std::int64_t dim) {
    if (groups.size() != dim) return false;
    for (std::size_t c = 0; c < groups.of.size(); ++c)
        if (groups.of[c] != static_cast<std::int64_t>(c)) return false;
    return true;
}

PairSums pairs_of(const double* record, std::int64_t groups) {
    PairSums sums;
    sums.n = record[0];
    sums.a = record[1];
    sums.b = record[2];
    sums.aa = record[3];
    sums.bb = record[4];
    sums.ab = record[5];
    sums.largest = record[6];
    for (std::int64_t g = 0; g < groups; ++g) {
        const double* step = record + 7 + 5 * g;
        sums.from_a.push_back({step[0], step[1], step[2], step[3], step[4]});
    }
    return sums;
}

/// y of a segment's rows of A and B, on the processor; none where the model fails.
SegmentValues values_of(const Evaluation& evaluate, const SobolDesign& design, std::int64_t segment) {
    const std::int64_t rows = design.segment_rows(), d = design.dim(), most = std::min(rows, rows_in_cache);
    SegmentValues values{rows, 2, 1, std::vector<double>(static_cast<std::size_t>(2 * rows)), {}};
    Matrix u(most, 2 * d), x(most, d);
    try {
        for (std::int64_t begin = 0; begin < rows; begin += most) {   // both powers of two
            design.uniforms(segment * rows + begin, u);
            for (const std::int64_t table : {0, 1}) {
                for (std::int64_t i = 0; i < most; ++i)
                    std::copy_n(u.view().row(i).begin() + table * d, d, x.view().row(i).begin());
                evaluate.problem().inputs().from_uniform(x, x);
                std::ranges::copy(evaluate.problem()(x).y.data, values.column(table, 0) + begin);
            }
        }
        if (finite_record(values.y)) return values;
    } catch (const std::exception&) {   // Evaluation says where
    }
    return {};
}

/// Segments whose squares are looked at.
std::int64_t first_segments(const SobolDesign& design) {
    const std::int64_t rows = design.segment_rows();
    return std::min((FirstSquares::most_rows / 2 + rows - 1) / rows, design.segments());
}

/// y of the first segments as the device has them: threads of the processor that must wake for them may take longer than the device
/// for all rows. Of none where they cannot be drawn there; a segment with a number that is not finite is empty.
std::vector<SegmentValues> values_there(const DeviceSample& device, const SobolDesign& design) {
    const std::int64_t rows = design.segment_rows(), count = first_segments(design);
    const std::vector<double> y = device.table_values(count * rows);
    std::vector<SegmentValues> all(y.empty() ? 0 : static_cast<std::size_t>(count));
    for (std::size_t s = 0; s < all.size(); ++s) {
        const double* from = y.data() + static_cast<std::int64_t>(s) * 2 * rows;
        if (!finite_record({from, static_cast<std::size_t>(2 * rows)})) continue;
        all[s] = {rows, 2, 1, std::vector<double>(static_cast<std::size_t>(2 * rows)), {}};
        for (const std::int64_t table : {0, 1})
            for (std::int64_t i = 0; i < rows; ++i) all[s].column(table, 0)[i] = from[2 * i + table];
    }
    return all;
}

/// Of as many segments as the processor would look at; `all`: values of the first ones, others are evaluated here.
FirstSquares first_squares(const Evaluation& evaluate, const SobolDesign& design, std::vector<SegmentValues> all,
                           const std::vector<double>& centre) {
    const auto known = static_cast<std::int64_t>(all.size());
    all.resize(static_cast<std::size_t>(first_segments(design)));
    const int threads = evaluate.problem().thread_safe() ? evaluate.threads() : 1;
    parallel::for_each(static_cast<std::int64_t>(all.size()) - known, threads, [&](std::int64_t s) {
        all[static_cast<std::size_t>(known + s)] = values_of(evaluate, design, known + s);
    });
    FirstSquares squares;
    for (const SegmentValues& values : all)
        if (values.rows > 0) squares.add(values, centre);
    squares.look_ahead();
    return squares;
}

}  // namespace

std::int64_t add_on_device(Evaluation& evaluate, const SobolDesign& design, SobolSums& sums, FirstSquares& squares) {
    const std::int64_t all = design.replicates() * design.points(), d = design.dim();
    if (!evaluate.device() || evaluate.kept() != nullptr || design.both_ways() || design.tables() != 2 ||
        !alone(design.groups(), d) || all < fewest_rows)
        return 0;
    const auto device = DeviceSample::of(device_queues(evaluate.run().device), evaluate.problem(), design.point_set(),
                                         2 * d, design.points());
    if (!device || device->outputs() != 1) return 0;
    std::vector<SegmentValues> some = values_there(*device, design);
    if (some.empty()) some.push_back(values_of(evaluate, design, 0));
    if (some.front().rows == 0) return 0;
    sums.centre_at({some.front().y.data(), 2 * some.front().rows, 1}, 1);
    FirstSquares first;
    const std::int64_t numbers = pick_freeze_numbers(d), points = design.points();
    for (std::int64_t row = 0, rows = 0; row < all; row += rows) {
        evaluate.announce();
        rows = std::min(all - row, rows_at_once);
        const auto later = device->pick_freeze_later(sums.centre(0), row, rows);
        if (row == 0) first = first_squares(evaluate, design, std::move(some), sums.centres());   // while the device works
        const std::vector<double> records = later();
        if (records.empty() || !finite_record(records)) return row / design.segment_rows();
        if (row == 0) squares = std::move(first);
        std::vector<PairSums> pairs(static_cast<std::size_t>(design.replicates()));
        for (std::int64_t r = row / points, k = 0; r * points < row + rows; ++r, ++k)
            pairs[static_cast<std::size_t>(r)] = pairs_of(records.data() + k * numbers, d);
        sums.add(rows / design.segment_rows(), pairs);
        evaluate.count_unmade(rows * design.sets(), 1);
    }
    return all / design.segment_rows();
}

}  // namespace buffon
