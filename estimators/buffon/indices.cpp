#include <buffon/indices.hpp>

#include <cassert>
#include <utility>

namespace buffon {
namespace {

/// Values begin ... begin + names - 1 of `joint`, under other names.
Estimate part(const Estimate& joint, std::int64_t begin, std::vector<std::string> names) {
    Estimate out = joint;
    const auto count = static_cast<std::int64_t>(names.size());
    out.value.assign(joint.value.begin() + begin, joint.value.begin() + begin + count);
    out.covariance = Matrix(count, count);
    for (std::int64_t i = 0; i < count; ++i)
        for (std::int64_t j = 0; j < count; ++j) out.covariance(i, j) = joint.covariance(begin + i, begin + j);
    out.names = std::move(names);
    out.sample.reset();
    return out;
}

/// "subject", or "subject: output" for several outputs, subject by subject.
std::vector<std::string> crossed(const std::vector<std::string>& subjects, const std::vector<std::string>& outputs) {
    std::vector<std::string> names;
    for (const auto& subject : subjects)
        for (const auto& output : outputs) names.push_back(outputs.size() == 1 ? subject : subject + ": " + output);
    return names;
}

std::vector<std::string> pairs(const std::vector<std::string>& groups) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < groups.size(); ++i)
        for (std::size_t j = i + 1; j < groups.size(); ++j) names.push_back(groups[i] + ", " + groups[j]);
    return names;
}

}  // namespace

Indices indices_of(Estimate joint, const std::vector<std::string>& groups, const std::vector<std::string>& outputs, bool second_order) {
    const std::vector<std::string> singles = crossed(groups, outputs);
    const std::vector<std::string> doubles = second_order ? crossed(pairs(groups), outputs) : std::vector<std::string>{};
    const auto n = static_cast<std::int64_t>(singles.size());
    assert(joint.size() == 2 * n + static_cast<std::int64_t>(doubles.size()));
    joint.names.clear();
    for (const char* kind : {"first", "total"})
        for (const auto& name : singles) joint.names.push_back(std::string(kind) + " order of " + name);
    for (const auto& name : doubles) joint.names.push_back("second order of " + name);
    return {groups, outputs, part(joint, 0, singles), part(joint, n, singles), part(joint, 2 * n, doubles), std::move(joint)};
}

}  // namespace buffon
