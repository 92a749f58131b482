#include <buffon/indices.hpp>

#include <algorithm>
#include <cassert>
#include <iterator>
#include <utility>

namespace buffon {
namespace {

/// Values begin ... begin + names - 1 of `joint`, under other names.
Estimate part(const Estimate& joint, std::int64_t begin, std::vector<std::string> names) {
    const auto count = static_cast<std::int64_t>(names.size());
    Estimate out;   // not a copy: covariances of many outputs are large
    out.value.assign(joint.value.begin() + begin, joint.value.begin() + begin + count);
    out.covariance = Matrix(count, count);
    for (std::int64_t i = 0; i < count; ++i)
        for (std::int64_t j = 0; j < count; ++j) out.covariance(i, j) = joint.covariance(begin + i, begin + j);
    if (!joint.excess_kurtosis.empty())
        out.excess_kurtosis.assign(joint.excess_kurtosis.begin() + begin,
                                   joint.excess_kurtosis.begin() + begin + count);
    out.n = joint.n;
    out.n_failed = joint.n_failed;
    out.names = std::move(names);
    out.rng_key = joint.rng_key;
    out.degrees_of_freedom = joint.degrees_of_freedom;
    out.diagnostics = joint.diagnostics;
    out.warnings = joint.warnings;
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

/// As `joint` has them.
std::vector<std::string> named(const std::vector<std::string>& singles, const std::vector<std::string>& doubles) {
    std::vector<std::string> names;
    names.reserve(2 * singles.size() + doubles.size());
    for (const char* kind : {"first", "total"})
        for (const auto& name : singles) names.push_back(std::string(kind) + " order of " + name);
    for (const auto& name : doubles) names.push_back("second order of " + name);
    return names;
}

}  // namespace

std::vector<std::string> joint_names(const std::vector<std::string>& groups, const std::vector<std::string>& outputs,
                                     bool second_order) {
    const std::vector<std::string> none;
    std::vector<std::string> names = named(crossed(groups, outputs), second_order ? crossed(pairs(groups), outputs) : none);
    if (outputs.size() > 1) std::ranges::move(named(groups, second_order ? pairs(groups) : none), std::back_inserter(names));
    return names;
}

Indices indices_of(Estimate joint, const std::vector<std::string>& groups, const std::vector<std::string>& outputs,
                   bool second_order) {
    const std::vector<std::string> none, singles = crossed(groups, outputs),
                                         doubles = second_order ? crossed(pairs(groups), outputs) : none,
                                         together = named(groups, second_order ? pairs(groups) : none);
    joint.names = joint_names(groups, outputs, second_order);
    const auto n = static_cast<std::int64_t>(singles.size()), all = static_cast<std::int64_t>(2 * singles.size() + doubles.size());
    assert(joint.size() == static_cast<std::int64_t>(joint.names.size()));
    return {groups, outputs, part(joint, 0, singles), part(joint, n, singles), part(joint, 2 * n, doubles),
            part(joint, outputs.size() > 1 ? all : 0, together), std::move(joint)};
}

}  // namespace buffon
