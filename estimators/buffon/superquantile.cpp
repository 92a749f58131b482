#include <buffon/superquantile.hpp>

#include <algorithm>

#include <buffon/check.hpp>
#include <buffon/joint_means.hpp>
#include <buffon/new_laws.hpp>
#include <buffon/quantiles_under.hpp>

namespace buffon {
namespace {

/// Beyond a quantile: how far, over the mass of the tail.
struct Beyond {
    std::int64_t output;
    double quantile, mass;
    bool upper;
    double operator()(double y) const { return std::max(upper ? y - quantile : quantile - y, 0.0) / mass; }
};

std::vector<Beyond> tails(const KeptRows& rows, const NewLaws& law, const std::vector<double>& levels,
                          const SuperquantileOptions& options) {
    const Estimate q = quantiles_under(rows, law, levels, options.controls);
    std::vector<Beyond> out;
    const bool upper = options.tail == Tail::upper;
    for (std::size_t v = 0; v < q.value.size(); ++v) {
        const double level = levels[v % levels.size()];
        out.push_back({static_cast<std::int64_t>(v / levels.size()), q.value[v], upper ? 1 - level : level, upper});
    }
    return out;
}

std::vector<std::string> names_of(const KeptRows& rows, const std::vector<double>& levels, bool upper) {
    std::vector<std::string> names;
    for (const auto& output : rows.names())
        for (const double level : levels)
            names.push_back("E[" + output + " | " + output + (upper ? " > " : " < ") + level_text(level) + "]");
    return names;
}

}  // namespace

Estimate superquantile(const Sample& sample, const std::vector<double>& levels, const SuperquantileOptions& options) {
    const KeptRows rows("superquantile", sample, options.outputs, options.threads);
    const NewLaws law = one_law(rows, options.law);
    const std::vector<Beyond> beyond = tails(rows, law, levels, options);
    const bool upper = options.tail == Tail::upper;
    Estimate e = ratio_means(rows, names_of(rows, levels, upper), law, static_cast<std::int64_t>(beyond.size()),
                             [&](std::int64_t i, std::int64_t v) {
                                 const Beyond& tail = beyond[static_cast<std::size_t>(v)];
                                 return std::pair(tail(rows.y(i, tail.output)), 1.0);
                             }, options.controls);
    for (std::size_t v = 0; v < beyond.size(); ++v) e.value[v] = beyond[v].quantile + (upper ? 1 : -1) * e.value[v];
    judge(rows, law, options.doubtful, e);
    return e;
}

}  // namespace buffon
