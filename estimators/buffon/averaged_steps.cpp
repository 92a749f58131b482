#include <buffon/averaged_steps.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/elementary.hpp>

namespace buffon {
namespace {

constexpr double growth = 0.03;         // of a batch, in draws so far: slow modes need many steps
constexpr double averaged_share = 0.9;
constexpr double largest_error = 2.0;   // without it one empty cell throws all heights

}  // namespace

Precondition diagonal(std::vector<double> scales) {
    return [scales = std::move(scales)](std::span<const double> relative, double factor) {
        std::vector<double> change(relative.size());
        for (std::size_t i = 0; i < change.size(); ++i) change[i] = 2 * factor * scales[i] * relative[i];
        return change;
    };
}

Measure counted(TransportDraws& draws) {
    return [&draws](std::span<const double> heights, std::int64_t n) {
        const CellCounts found = draws.count(heights, n);
        MeasuredMasses out{{}, found.draws};
        for (const std::int64_t count : found.counts)
            out.masses.push_back(static_cast<double>(count) / static_cast<double>(found.draws));
        return out;
    };
}

AveragedSteps::AveragedSteps(TransportDraws& draws, std::vector<double> heights, Precondition precondition,
                             double worth, Measure measure)
    : draws_(&draws), precondition_(std::move(precondition)), measure_(measure ? std::move(measure) : counted(draws)),
      worth_(worth) {
    const double filling = static_cast<double>(draws.filling()),
                 grown = growth * worth / filling;   // batches of `filling` until growth passes it
    first_ = static_cast<std::int64_t>(grown <= 1 ? worth / filling : 1 / growth + elementary::log(grown) / growth);
    state_.heights = std::move(heights);
    state_.steps = first_;
    if (worth > 0) before_ = worth - static_cast<double>(draws.spent());   // a check of the first heights taught nothing
    if (worth >= 1) state_.kept.push_back({state_.heights, static_cast<std::int64_t>(worth)});
    restore(std::move(state_));
}

void AveragedSteps::restore(State state) {
    state_ = std::move(state);
    kept_draws_ = 0;
    for (const Iterate& iterate : state_.kept) kept_draws_ += iterate.draws;
}

std::int64_t AveragedSteps::next_draws() const {
    return std::max(draws_->filling(), static_cast<std::int64_t>(growth * so_far()));
}

double AveragedSteps::so_far() const { return static_cast<double>(draws_->spent()) + before_; }

void AveragedSteps::step() {
    const std::vector<double>& nu = draws_->masses();
    const MeasuredMasses found = measure_(state_.heights, next_draws());
    std::vector<double> relative(nu.size());
    for (std::size_t i = 0; i < nu.size(); ++i)
        relative[i] = std::clamp((nu[i] - found.masses[i]) / nu[i], -largest_error, largest_error);
    ++state_.steps;
    const std::vector<double> change = precondition_(relative, 1 / std::sqrt(static_cast<double>(state_.steps)));
    for (std::size_t i = 0; i < nu.size(); ++i) state_.heights[i] += change[i];
    draws_->centre(state_.heights);
    state_.kept.push_back({state_.heights, found.draws});
    kept_draws_ += found.draws;
    state_.taken += found.draws;
    while (static_cast<double>(kept_draws_ - state_.kept.front().draws) >=
           averaged_share * (static_cast<double>(state_.taken) + worth_)) {
        kept_draws_ -= state_.kept.front().draws;
        state_.kept.pop_front();
    }
}

std::vector<double> AveragedSteps::average() const {
    if (state_.kept.empty()) return state_.heights;
    std::vector<double> mean(state_.heights.size(), 0.0);
    for (const Iterate& iterate : state_.kept)
        for (std::size_t i = 0; i < mean.size(); ++i)
            mean[i] += iterate.heights[i] * (static_cast<double>(iterate.draws) / static_cast<double>(kept_draws_));
    draws_->centre(mean);
    return mean;
}

}  // namespace buffon
