#include <buffon/first_look.hpp>

#include <algorithm>

#include <buffon/check.hpp>
#include <buffon/kept.hpp>
#include <buffon/point_set.hpp>
#include <buffon/proposal.hpp>

namespace buffon {
namespace {

constexpr std::int64_t fewest = 10, largest = 1'000;

}  // namespace

void look_first(Evaluation& evaluate, const WorkingSpace& space, std::int64_t most, Pool& pool) {
    const std::int64_t count = std::clamp(most / 10, fewest, largest);
    if (2 * count > most) return;
    const Proposal initial = Proposal::initial();
    const Batch batch = draw_batch(evaluate, space, initial, PointSet::independent(count, {evaluate.key(), 0}), 0, count);
    count_as_adaptation(evaluate);
    pool.add(batch, initial, {});
}

void warn_of_no_score(const Evaluation& evaluate, Estimate& e) {
    e.warnings.push_back(evaluate.function() +
                         ": no output has a score, so nothing leads to a rare event and points are of the input law: "
                         "exceedance gives an event its score");
}

void check_output_weights(const Evaluation& evaluate, const std::vector<double>& weights) {
    require(
        weights.empty() || evaluate.outputs() == 0 || static_cast<std::int64_t>(weights.size()) == evaluate.wanted(),
        evaluate.function(), ": weights must have one entry per output, ", evaluate.wanted(), ", got ", weights.size());
}

}  // namespace buffon
