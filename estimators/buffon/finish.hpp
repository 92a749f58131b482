/// From sums to an `Estimate`: shared by all estimators. Not installed.
#pragma once

#include <memory>
#include <vector>

#include <buffon/errors.hpp>
#include <buffon/estimate.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/moments.hpp>

namespace buffon {

/// Rows that a batch estimator draws and evaluates at once: whole blocks, at least as many as one call of the model takes.
std::int64_t chunk_rows(const Run& run);

/// @throw std::invalid_argument, naming `who`, when a law has the problem's names in another order: inputs go by position.
void require_same_order(const std::string& who, const Distribution& law, const Distribution& inputs);

/// The estimate with these values (groups of evaluation.columns()) and the covariance of their errors. With discarded
/// evaluations each group ends with the estimated probability of success, and its values become conditional on success.
/// `kurtosis`: excess, of the errors; none: taken for 0.
Estimate finish(const Evaluation& evaluation, std::vector<double> value, Matrix covariance, double degrees_of_freedom,
                const std::vector<std::string>& groups = {""}, std::vector<double> kurtosis = {});

/// From the mean of independent rows.
Estimate finish_mean(const Evaluation& evaluation, const Moments& moments, const std::vector<std::string>& groups = {""});

/// From independent replicates of the values, one a row: Student with R - 1 degrees of freedom, fewer for heavy tails.
Estimate finish_replicates(const Evaluation& evaluation, ConstView replicates, const std::vector<std::string>& groups = {""});

/// The same with the diagnostic stop = "unfinished": of a run that something stopped.
std::shared_ptr<const Estimate> unfinished(Estimate e);

/// body(), and when the run stops early, partial() attached to what stops it. Progress functions may ask for partial()
/// before each batch: it must leave all as it is.
template <class Body, class Partial>
Estimate with_partial(Evaluation& evaluation, const Body& body, const Partial& partial) {
    const auto so_far = [&]() -> std::shared_ptr<const Estimate> {
        try {
            return std::make_shared<const Estimate>(partial());
        } catch (const std::invalid_argument&) {
            return nullptr;   // too few finished rows for a covariance
        }
    };
    evaluation.offer(so_far);
    try {
        Estimate e = body();
        evaluation.offer([&e] { return std::make_shared<const Estimate>(e); });
        evaluation.announce();
        return e;
    } catch (Unfinished& stopped) {
        if (const auto found = so_far()) stopped.partial = unfinished(*found);
        throw;
    }
}

}  // namespace buffon
