/// Scouts of an adaptation to rare events: components for regions beyond those that its other components lead to.
#include <buffon/adaptation.hpp>

#include <algorithm>
#include <utility>

#include <buffon/missed_regions.hpp>

namespace buffon {
namespace {

constexpr std::size_t most_scouted = 4;    // expectations
constexpr int most_regions = 3;            // each rarer than the one before, behind which it was hidden
// Effective hits from which a component may be narrower than the law, in any dimension: to ask for 4 (d + 2), as
// elsewhere, cost a factor
// of ten in 50 inputs where regions are alike, and found no more of those that are not.
constexpr double asked_hits = 90;
constexpr std::uint32_t first_stream = 0x8000;   // of the starts of fits, within a batch: parts count from 0

}  // namespace

/// Whether rare events may have regions that no component leads to, in more dimensions than a wide law can explore.
bool Adaptation::scouts() const {
    return options_.components == 0 && options_.family == Family::gaussian && !options_.diagonal && judged().score().rows > 0 &&
           space_.laws() == 1 && space_.dim() > explorable;
}

/// Of the components of a rare event: on the way to it they must reach ahead, and those of few hits are known roughly.
Least Adaptation::least_of(bool seen) const {
    if (!seen) return {1.0};
    return scouts() ? Least{1.0, std::min(asked_hits, static_cast<double>(points_for_a_fit()))} : Least{};
}

/// The rarest expectations that components lead to.
std::vector<std::int64_t> Adaptation::scouted() const {
    std::vector<std::int64_t> out;
    for (const Part& part : seen_.parts)
        if (part.sign > 0) out.push_back(part.expectation);
    std::ranges::stable_sort(out, {}, [&](std::int64_t e) { return seen_.mean[static_cast<std::size_t>(e)]; });
    if (out.size() > most_scouted) out.resize(most_scouted);
    return out;
}

/// Components for what lies beyond those of the parts, and beyond these in turn.
void Adaptation::send_scouts(std::vector<Component>& components, std::vector<std::int64_t>& owner, std::vector<double>& beta) {
    found_.clear();
    if (!scouts()) return;
    auto stream = batches_.first_stream + static_cast<std::uint32_t>(0x10000 * (pairs_.size() + 1)) + first_stream;
    const std::size_t parts = owner.size();
    for (const std::int64_t e : scouted()) {
        Found& found = found_.emplace_back(Found{e, {}, 0.0});
        for (std::size_t k = 0; k < parts; ++k)
            if (owner[k] == e && beta[k] != 0) found.laws.push_back(std::get<Gaussian>(components[k]));
        const ScoredSummands summands = scored_summands(judged(), e);
        double mean = seen_.mean[static_cast<std::size_t>(e)];
        if (const double afar = extrapolated(summands.w, summands.s, 0.0); afar > 0)
            mean = std::min(mean, afar);   // a smoothed one is too large
        for (int region = 0; region < most_regions; ++region) {
            const Beyond far = beyond(judged().z(), summands, found.laws, points_of_a_scout);
            if (!(std::max(far.mass, far.reach) > notable_region * mean)) break;
            for (auto& component : choose_mixture(judged().z(), far.weights, most_regions, {evaluate_.key(), stream++},
                                                  least_of(far.seen))) {
                if (far.seen) found.laws.push_back(component.law);
                components.push_back(std::move(component.law));
                owner.push_back(e);
                beta.push_back(component.share * far.mass);
            }
            if (far.seen) continue;
            if (far.hits < enough_region_hits) found.reach = far.reach / mean;
            break;
        }
    }
}

/// Whether regions that matter may lie where the scouts have not arrived.
bool Adaptation::on_the_way() const {
    return std::ranges::any_of(found_, [](const Found& f) { return f.reach > notable_region; });
}

/// How much may lie beyond the components of the last proposal, by all points.
void Adaptation::look_beyond() {
    for (Found& found : found_) {
        const Beyond far = beyond(judged().z(), scored_summands(judged(), found.expectation), found.laws, points_of_a_scout);
        const double mean = seen_.mean[static_cast<std::size_t>(found.expectation)];
        found.reach = far.hits < enough_region_hits && mean > 0 ? far.reach / mean : 0.0;
    }
}

void Adaptation::warn_of_beyond(Estimate& e) const {
    if (found_.empty()) return;
    const Found& worst = *std::ranges::max_element(found_, {}, &Found::reach);
    e.diagnostics["beyond"] = worst.reach;
    if (!on_the_way()) return;
    e.warnings.push_back(words_about_missed_regions(e, worst.expectation, worst.reach));
}

}  // namespace buffon
