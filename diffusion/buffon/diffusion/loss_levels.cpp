#include <buffon/diffusion/loss_levels.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

#include <buffon/check.hpp>

namespace buffon::diffusion {

LossLevels::LossLevels(double low, double high, std::int64_t bins, double floor, double memory)
    : low_(low), high_(high), floor_(floor), memory_(memory) {
    require(low > 0 && high > low && std::isfinite(high),
            "LossLevels: low and high must be levels with 0 < low < high, got ", low, " and ", high);
    require(bins >= 1 && bins <= 10'000, "LossLevels: bins must lie between 1 and 10000, got ", bins);
    require(floor > 0 && floor <= 1, "LossLevels: floor must lie above 0 and be at most 1, got ", floor);
    require(memory >= 0 && memory < 1, "LossLevels: memory must be at least 0 and below 1, got ", memory);
    mass_.assign(static_cast<std::size_t>(bins), 1 / static_cast<double>(bins));
    mean_square_.assign(static_cast<std::size_t>(bins), 0.0);
    seen_.assign(static_cast<std::size_t>(bins), false);
}

LossLevels::Draws LossLevels::draw(std::int64_t n, const Stream& stream, std::int64_t index, bool independent) const {
    require(n >= 1, "LossLevels: n must be at least 1, got ", n);
    std::vector<double> ends;   // of the cumulative density
    double sum = 0;
    for (const double m : mass_) ends.push_back(sum += m);
    const double count = static_cast<double>(bins()), shift = stream.uniform(index, 0);
    Draws out;
    for (std::int64_t i = 0; i < n; ++i) {
        const double v = independent ? stream.uniform(index, i)
                                     : std::fmod(shift + static_cast<double>(i) / static_cast<double>(n), 1.0);
        const auto b = static_cast<std::size_t>(
            std::min<std::ptrdiff_t>(std::ranges::upper_bound(ends, v * sum) - ends.begin(), bins() - 1));
        const double within = std::clamp((v * sum - (ends[b] - mass_[b])) / mass_[b], 0.0, 1.0);
        out.sigma.push_back(std::clamp(low_ * std::pow(high_ / low_, (static_cast<double>(b) + within) / count), low_, high_));
        out.weight.push_back(1 / (count * mass_[b]));
    }
    return out;
}

void LossLevels::learn(std::span<const double> sigma, std::span<const double> term) {
    require(sigma.size() == term.size(), "LossLevels: terms must be as many as levels, ", sigma.size(), ", got ", term.size());
    std::vector<double> square(mass_.size()), count(mass_.size());
    for (std::size_t i = 0; i < sigma.size(); ++i) {
        require(sigma[i] >= low_ && sigma[i] <= high_, "LossLevels: levels must lie between ", low_, " and ", high_,
                ", got ", sigma[i]);
        require(std::isfinite(term[i] * term[i]), "LossLevels: terms must be finite, and their squares, got ", term[i],
                " at level ", sigma[i]);
        const auto b = static_cast<std::size_t>(bin_of(sigma[i]));
        square[b] += term[i] * term[i];
        count[b] += 1;
    }
    for (std::size_t b = 0; b < square.size(); ++b) {
        if (count[b] == 0) continue;
        const double kept = seen_[b] ? memory_ : 0;
        mean_square_[b] = kept * mean_square_[b] + (1 - kept) * square[b] / count[b];
        seen_[b] = true;
    }
    settle();
}

void LossLevels::go_on_from(Learnt learnt) {
    for (const std::size_t n : {learnt.mass.size(), learnt.mean_square.size(), learnt.seen.size()})
        require(n == mass_.size(), "LossLevels: what was learnt must be of ", mass_.size(), " bins, got ", n);
    mass_ = std::move(learnt.mass);
    mean_square_ = std::move(learnt.mean_square);
    seen_ = std::move(learnt.seen);
}

std::int64_t LossLevels::bin_of(double sigma) const {
    const double at = std::log(sigma / low_) / std::log(high_ / low_) * static_cast<double>(bins());
    return std::clamp<std::int64_t>(static_cast<std::int64_t>(at), 0, bins() - 1);
}

/// A bin of which nothing is known is drawn from as the mean of those that are.
void LossLevels::settle() {
    double sum = 0, known = 0;
    for (std::size_t b = 0; b < mass_.size(); ++b)
        if (seen_[b]) sum += std::sqrt(mean_square_[b]), known += 1;
    if (!(sum > 0)) return;
    const double mean = sum / known, all = sum + mean * (static_cast<double>(bins()) - known);
    for (std::size_t b = 0; b < mass_.size(); ++b)
        mass_[b] = floor_ / static_cast<double>(bins()) + (1 - floor_) * (seen_[b] ? std::sqrt(mean_square_[b]) : mean) / all;
}

}  // namespace buffon::diffusion
