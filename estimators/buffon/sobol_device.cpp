#include <buffon/sobol_device.hpp>

#include <algorithm>
#include <exception>
#include <span>
#include <utility>
#include <vector>

#include <buffon/device_sample.hpp>
#include <buffon/pair_sums.hpp>

namespace buffon {
namespace {

constexpr std::int64_t fewest_rows = 1 << 15;   // fewer are done before a device has begun
constexpr std::int64_t rows_at_once = std::int64_t{1} << 26;

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

/// y of the first rows of A and B, on the processor; none where the model fails.
SegmentValues first_values(const Evaluation& evaluate, const SobolDesign& design) {
    constexpr std::int64_t some = 512;
    const std::int64_t rows = std::min(some, design.points()), d = design.dim();
    Matrix u(rows, 2 * d), x(2 * rows, d);
    design.uniforms(0, u);
    for (std::int64_t i = 0; i < rows; ++i)
        for (const std::int64_t table : {0, 1}) std::copy_n(u.view().row(i).begin() + table * d, d, x.view().row(table * rows + i).begin());
    evaluate.problem().inputs().from_uniform(x, x);
    try {
        std::vector<double> y = evaluate.problem()(x).y.data;
        if (finite_record(y)) return {rows, 2, 1, std::move(y), {}};
    } catch (const std::exception&) {   // Evaluation says where
    }
    return {};
}

}  // namespace

std::int64_t add_on_device(Evaluation& evaluate, const SobolDesign& design, SobolSums& sums, FirstSquares& squares) {
    const std::int64_t all = design.replicates() * design.points(), d = design.dim();
    if (!evaluate.device() || evaluate.kept() != nullptr || design.both_ways() || design.tables() != 2 || !alone(design.groups(), d) || all < fewest_rows) return 0;
    const auto device = DeviceSample::of(device_queues(evaluate.run().device), evaluate.problem(), design.point_set(), 2 * d, design.points());
    if (!device || device->outputs() != 1) return 0;
    const SegmentValues some = first_values(evaluate, design);
    if (some.rows == 0) return 0;
    sums.centre_at({some.y.data(), 2 * some.rows, 1}, 1);
    squares.add(some, sums.centres());
    const std::int64_t numbers = pick_freeze_numbers(d), length = std::min(design.points(), pick_freeze_block);
    for (std::int64_t row = 0, rows = 0; row < all; row += rows) {
        evaluate.announce();
        rows = std::min(all - row, rows_at_once);
        const std::vector<double> records = device->pick_freeze(sums.centre(0), row, rows);
        if (records.empty() || !finite_record(records)) return row / design.segment_rows();
        std::vector<PairSums> pairs(static_cast<std::size_t>(design.replicates()));
        for (std::int64_t at = row, k = 0; at < row + rows; at += length, ++k)
            pairs[static_cast<std::size_t>(at / design.points())].merge(pairs_of(records.data() + k * numbers, d));
        sums.add(rows / design.segment_rows(), pairs);
        evaluate.count_unmade(rows * design.sets(), 1);
    }
    return all / design.segment_rows();
}

}  // namespace buffon
