#include <buffon/finish.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include <buffon/check.hpp>
#include <buffon/parallel.hpp>
#include <buffon/text.hpp>

namespace buffon {
namespace {

std::vector<std::string> group_names(const Evaluation& evaluation, const std::vector<std::string>& groups) {
    std::vector<std::string> names;
    for (const auto& group : groups)
        for (const auto& name : evaluation.names()) names.push_back(group.empty() ? name : group + ": " + name);
    return names;
}

/// Each group of c columns without its last, divided by it when evaluations were discarded: E[y | success] = E[y 1] / E[1].
Estimate given_success(const Estimate& all, std::size_t c, bool divide, std::vector<std::string> names) {
    return all.transform(
        [=](const std::vector<double>& v) {
            std::vector<double> out;
            for (std::size_t g = 0; g < v.size(); g += c)
                for (std::size_t j = 0; j + 1 < c; ++j) out.push_back(divide ? v[g + j] / v[g + c - 1] : v[g + j]);
            return out;
        },
        std::move(names));
}

void warn_of_errors(Estimate& e) {
    for (std::int64_t j = 0; j < e.size(); ++j) {
        const std::string name = "'" + e.names[static_cast<std::size_t>(j)] + "'";
        const double variance = e.covariance(j, j), size = std::abs(e.value[static_cast<std::size_t>(j)]);
        const bool underflows = variance < std::numeric_limits<double>::min() && size > 0 && size < 1e-140;
        if (underflows || !std::isfinite(variance))
            e.warnings.push_back(name + ": the squares of its values " + (underflows ? "underflow" : "overflow") +
                                 ", so its error says nothing: give the output in other units, or its logarithm");
        else if (variance == 0)
            e.warnings.push_back(name + " was the same in every evaluation, so its error of 0 says nothing (an event that was "
                                        "never hit, say): spend more, or, of a rare event, use aiscv with a score");
    }
}

}  // namespace

std::int64_t chunk_rows(const Run& run) {
    const std::int64_t blocks = (std::min(run.batch, run.budget) + parallel::block_size - 1) / parallel::block_size;
    return std::max<std::int64_t>(blocks + blocks % 2, 16) * parallel::block_size;   // even: two halves of whole blocks
}

void require_same_order(const std::string& who, const Distribution& law, const Distribution& inputs) {
    const auto names = law.names(), wanted = inputs.names();
    const auto listed = [](const std::vector<std::string>& words) {
        std::string text;
        for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
        return text;
    };
    require(names == wanted || !std::ranges::is_permutation(names, wanted), who, " has the inputs in the order (", listed(names),
            "), the problem has (", listed(wanted), ")");
}

Estimate finish(const Evaluation& evaluation, std::vector<double> value, Matrix covariance, double degrees_of_freedom,
                const std::vector<std::string>& groups, std::vector<double> kurtosis) {
    Estimate e;
    e.value = std::move(value);
    e.excess_kurtosis = std::move(kurtosis);
    e.covariance = std::move(covariance);
    e.degrees_of_freedom = degrees_of_freedom;
    e.n = evaluation.n();
    e.n_failed = evaluation.n_failed();
    e.rng_key = evaluation.key();
    std::vector<std::string> names = group_names(evaluation, groups);
    if (evaluation.discards()) {
        require(e.n_failed < e.n, evaluation.function(), ": every one of the ", e.n, " model evaluations failed");
        e = given_success(e, static_cast<std::size_t>(evaluation.columns()), e.n_failed > 0, std::move(names));
    } else {
        e.names = std::move(names);
    }
    if (e.n_failed > 0)
        e.warnings.push_back(with_commas(e.n_failed) + " of " + with_commas(e.n) +
                             " evaluations failed: the values are conditional on success");
    warn_of_errors(e);
    if (evaluation.run().keep == Keep::sample) e.sample = evaluation.sample();
    return e;
}

Estimate finish_mean(const Evaluation& evaluation, const Moments& moments, const std::vector<std::string>& groups) {
    Matrix covariance = moments.covariance();
    for (double& c : covariance.data) c /= static_cast<double>(moments.n);
    return finish(evaluation, moments.mean, std::move(covariance), std::numeric_limits<double>::infinity(), groups);
}

std::shared_ptr<const Estimate> unfinished(Estimate e) {
    e.diagnostics["stop"] = std::string("unfinished");
    return std::make_shared<const Estimate>(std::move(e));
}

Estimate finish_replicates(const Evaluation& evaluation, ConstView replicates, const std::vector<std::string>& groups) {
    const Moments moments(replicates);
    Matrix covariance = moments.covariance();
    for (double& c : covariance.data) c /= static_cast<double>(moments.n);
    std::vector<double> kurtosis = excess_kurtosis(replicates);
    for (double& k : kurtosis) k = std::max(k, 0.0) / static_cast<double>(moments.n);
    Estimate e = finish(evaluation, moments.mean, std::move(covariance), static_cast<double>(moments.n - 1), groups,
                        std::move(kurtosis));
    e.diagnostics["replicates"] = moments.n;
    return e;
}

}  // namespace buffon
