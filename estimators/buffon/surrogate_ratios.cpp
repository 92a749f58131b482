#include <buffon/surrogate_ratios.hpp>

#include <functional>

namespace buffon {
namespace {

VarianceParts no_parts(std::int64_t groups) {
    const auto g = static_cast<std::size_t>(groups);
    return {0, std::vector<double>(g), std::vector<double>(g), Matrix(groups, groups)};
}

/// V(g), V_i(g), T_i(g), V_ij(g), by orthonormality; + 2 <those parts of g, r>.
VarianceParts known_parts(const Surrogate& g, const ResidualSums& r, std::int64_t groups) {
    VarianceParts parts = no_parts(groups);
    for (std::size_t s = 0; s < g.summands().size(); ++s) {
        const auto& summand = g.summands()[s];
        parts.add(summand.groups, summand.coefficient * (summand.coefficient + 2 * r.with_terms[s] / r.pairs.count()));
    }
    return parts;
}
VarianceParts exact_parts(const Surrogate& g, std::int64_t groups) {
    VarianceParts parts = no_parts(groups);
    for (const auto& s : g.summands()) parts.add(s.groups, s.coefficient * s.coefficient);
    return parts;
}

/// Of one replicate: numerators of both forms, and the denominator.
struct Replicate {
    VarianceParts point, exact;
    const ResidualSums* sums;
    double variance;
};

double mean_residual(const std::vector<ResidualSums>& sums) {
    double total = 0, count = 0;
    for (const ResidualSums& s : sums) total += s.pairs.total(), count += s.pairs.count();
    return total / count;
}

}  // namespace

void VarianceParts::add(const std::vector<std::int64_t>& groups, double amount) {
    all += amount;
    for (const std::int64_t g : groups) within[static_cast<std::size_t>(g)] += amount;
    if (groups.size() == 1) alone[static_cast<std::size_t>(groups[0])] += amount;
    if (groups.size() == 2) pair(groups[0], groups[1]) += amount;
}

std::vector<std::vector<Ratio>> surrogate_ratios(const std::vector<Surrogate>& surrogates,
                                                 const std::vector<std::int64_t>& replicates,
                                                 const std::vector<ResidualSums>& sums, std::int64_t groups,
                                                 bool second_order) {
    const double mean = mean_residual(sums);
    std::vector<Replicate> of;
    for (std::size_t r = 0; r < sums.size(); ++r) {
        const Surrogate& g = surrogates[static_cast<std::size_t>(replicates[r] % folds)];
        const PairSums& p = sums[r].pairs;
        VarianceParts point = known_parts(g, sums[r], groups);
        const double left = p.squares() / p.count() - 2 * mean * p.total() / p.count() + mean * mean;
        const double variance = point.all + left;
        of.push_back({std::move(point), exact_parts(g, groups), &sums[r], variance});
    }
    const auto gathered = [&](const std::function<double(const Replicate&)>& numerator) {
        Ratio ratio;
        for (const Replicate& r : of) {
            ratio.numerator.push_back(numerator(r));
            ratio.denominator.push_back(r.variance);
        }
        return ratio;
    };
    std::vector<std::vector<Ratio>> out;
    for (std::size_t g = 0; g < static_cast<std::size_t>(groups); ++g) {
        const auto left = [=](const Replicate& r) { return first_order_part(r.sums->pairs, g, mean); };
        out.push_back({gathered([=](const Replicate& r) { return r.point.alone[g] + left(r); }),
                       gathered([=](const Replicate& r) {
                           return r.exact.alone[g] + r.sums->first_cross[g] / r.sums->pairs.n + left(r);
                       })});
    }
    for (std::size_t g = 0; g < static_cast<std::size_t>(groups); ++g) {
        const auto left = [=](const Replicate& r) { return total_order_part(r.sums->pairs, g); };
        out.push_back({gathered([=](const Replicate& r) { return r.point.within[g] + left(r); }),
                       gathered([=](const Replicate& r) {
                           return r.exact.within[g] + r.sums->total_cross[g] / r.sums->pairs.n + left(r);
                       })});
    }
    for (std::int64_t i = 0; second_order && i < groups; ++i)
        for (std::int64_t j = i + 1; j < groups; ++j)
            out.push_back({gathered(
                [=](const Replicate& r) { return r.point.pair(i, j) + second_order_part(r.sums->pairs, i, j); })});
    return out;
}

}  // namespace buffon
