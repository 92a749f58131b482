#include <buffon/averaged_steps.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/elementary.hpp>

namespace buffon {
namespace {

constexpr double growth = 0.03;         // of a batch, in draws so far: slow modes need many steps
constexpr double averaged_share = 0.7;
constexpr double largest_error = 2.0;   // without it one empty cell throws all heights

}  // namespace

Precondition diagonal(std::vector<double> scales) {
    return [scales = std::move(scales)](std::span<const double> relative, double factor) {
        std::vector<double> change(relative.size());
        for (std::size_t i = 0; i < change.size(); ++i) change[i] = 2 * factor * scales[i] * relative[i];
        return change;
    };
}

AveragedSteps::AveragedSteps(TransportDraws& draws, std::vector<double> heights, Precondition precondition, double worth)
    : draws_(&draws), heights_(std::move(heights)), precondition_(std::move(precondition)), worth_(worth) {
    const double filling = static_cast<double>(draws.filling()), grown = growth * worth / filling;   // batches of `filling` until growth passes it
    first_ = static_cast<std::int64_t>(grown <= 1 ? worth / filling : 1 / growth + elementary::log(grown) / growth);
    steps_ = first_;
}

std::int64_t AveragedSteps::next_draws() const {
    return std::max(draws_->filling(), static_cast<std::int64_t>(growth * (static_cast<double>(draws_->spent()) + worth_)));
}

void AveragedSteps::step() {
    const std::vector<double>& nu = draws_->masses();
    const CellCounts found = draws_->count(heights_, next_draws());
    std::vector<double> relative(nu.size());
    for (std::size_t i = 0; i < nu.size(); ++i) {
        const double w = static_cast<double>(found.counts[i]) / static_cast<double>(found.draws);
        relative[i] = std::clamp((nu[i] - w) / nu[i], -largest_error, largest_error);
    }
    ++steps_;
    const std::vector<double> change = precondition_(relative, 1 / std::sqrt(static_cast<double>(steps_)));
    for (std::size_t i = 0; i < nu.size(); ++i) heights_[i] += change[i];
    draws_->centre(heights_);
    kept_.push_back({heights_, found.draws});
    kept_draws_ += found.draws;
    taken_ += found.draws;
    while (static_cast<double>(kept_draws_ - kept_.front().draws) >= averaged_share * static_cast<double>(taken_)) {
        kept_draws_ -= kept_.front().draws;
        kept_.pop_front();
    }
}

std::vector<double> AveragedSteps::average() const {
    if (kept_.empty()) return heights_;
    std::vector<double> mean(heights_.size(), 0.0);
    for (const Iterate& iterate : kept_)
        for (std::size_t i = 0; i < mean.size(); ++i)
            mean[i] += iterate.heights[i] * (static_cast<double>(iterate.draws) / static_cast<double>(kept_draws_));
    draws_->centre(mean);
    return mean;
}

}  // namespace buffon
