#include <buffon/missed_regions.hpp>

#include <sstream>
#include <string>

namespace buffon {

ScoredSummands scored_summands(const Pool& pool, std::int64_t e) {
    ScoredSummands out{pool.weights().data, {}, {}};
    for (std::int64_t i = 0; i < pool.n(); ++i) {
        const double w = out.w[static_cast<std::size_t>(i)], y = pool.y()(i, e);
        out.s.push_back(pool.score()(i, e));
        out.r.push_back(w > 0 && y > 0 ? w * y : 0.0);
    }
    return out;
}

void warn_of_missed_regions(const Pool& pool, const std::vector<std::vector<Gaussian>>& leading, double notable,
                            Estimate& estimate) {
    if (pool.score().rows == 0) return;
    double worst = 0;
    std::int64_t at = -1;
    for (std::size_t j = 0; j < leading.size(); ++j) {
        if (leading[j].empty() || !(estimate.value[j] > 0)) continue;
        const Beyond far = beyond(pool.z(), scored_summands(pool, static_cast<std::int64_t>(j)), leading[j], points_of_a_scout);
        const double reach = far.hits < enough_region_hits ? far.reach / estimate.value[j] : 0.0;
        if (at < 0 || reach > worst) {
            worst = reach;
            at = static_cast<std::int64_t>(j);
        }
    }
    if (at < 0) return;
    estimate.diagnostics["beyond"] = worst;
    if (worst > notable) estimate.warnings.push_back(words_about_missed_regions(estimate, at, worst));
}

std::string words_about_missed_regions(const Estimate& estimate, std::int64_t j, double reach) {
    std::ostringstream text;
    text.precision(2);
    text << "'" << estimate.names[static_cast<std::size_t>(j)]
         << "': by its scores, regions that no component leads to may hold up to " << reach
         << " times the value: spend more, and compare with a run of another key";
    return text.str();
}

}  // namespace buffon
