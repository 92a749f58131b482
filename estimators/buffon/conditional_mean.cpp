#include <buffon/conditional_mean.hpp>

#include <sstream>

#include <buffon/check.hpp>
#include <buffon/new_laws.hpp>

namespace buffon {
namespace {

/// "y > 2", "1 < y < 2".
std::string text_of(const std::string& given, const ConditionalMeanOptions& options) {
    std::ostringstream text;
    if (options.above && options.below) text << *options.above << " < ";
    text << given;
    if (options.below) text << " < " << *options.below;
    else text << " > " << *options.above;
    return text.str();
}

}  // namespace

Estimate conditional_mean(const Sample& sample, const ConditionalMeanOptions& options) {
    require(options.above || options.below, "conditional_mean: above or below is needed: the event that is given");
    require(!options.given.empty() || sample.outputs.size() == 1, "conditional_mean: given is needed: the sample has ",
            sample.outputs.size(), " outputs");
    const std::string& given = options.given.empty() ? sample.outputs.front() : options.given;
    const KeptRows rows("conditional_mean", sample, options.outputs, options.threads);
    const KeptRows event("conditional_mean", sample, {given}, options.threads);
    const NewLaws law = one_law(rows, options.law);
    std::vector<std::string> names;
    for (const auto& output : rows.names()) names.push_back("E[" + output + " | " + text_of(given, options) + "]");
    Estimate e = ratio_means(rows, names, law, rows.outputs(), [&](std::int64_t i, std::int64_t k) {
        const double y = event.y(i, 0);
        const bool in = rows.succeeded(i) && (!options.above || y > *options.above) && (!options.below || y < *options.below);
        return in ? std::pair(rows.y(i, k), 1.0) : std::pair(0.0, 0.0);
    }, options.controls);
    judge(rows, law, options.doubtful, e);
    return e;
}

}  // namespace buffon
