#include <buffon/diffusion/prior_adaptation.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>

namespace buffon::diffusion {
namespace {

/// Weights further apart are no weights: products with probabilities underflow.
constexpr double furthest = 300.0;
/// The gain falls as steps^-decay after this share of the search: slower than 1 / steps, as means of iterates want it.
constexpr double first_share = 1.0 / 16, decay = 0.7;

double gain(std::int64_t step, std::int64_t steps) {
    const double first = std::max(1.0, first_share * static_cast<double>(steps));
    return std::pow(first / std::max(first, static_cast<double>(step)), decay);
}

void centre(std::vector<double>& log_weights) {
    const double peak = *std::ranges::max_element(log_weights);
    for (double& w : log_weights) w = std::max(w - peak, -furthest);
}

}  // namespace

PriorAdaptation begin_adaptation(std::span<const double> weights, std::int64_t steps) {
    PriorAdaptation out;
    for (const double w : weights) out.log_weights.push_back(std::log(w));
    centre(out.log_weights);
    out.log_sum.assign(weights.size(), 0.0);
    out.steps = steps;
    return out;
}

void adapt(PriorAdaptation& search, std::span<const double> visits) {
    assert(visits.size() == search.log_weights.size() && !search.over());
    const double levels = static_cast<double>(visits.size()), most = levels * *std::ranges::max_element(visits);
    // visits d log w = -(visits / target - 1) w is Newton's step for chains that forget; no weight falls by more than e at once
    const double size = std::min(gain(++search.step, search.steps), 1 / most);
    for (std::size_t j = 0; j < visits.size(); ++j) search.log_weights[j] -= size * (levels * visits[j] - 1);
    centre(search.log_weights);
    if (2 * search.step > search.steps)
        for (std::size_t j = 0; j < visits.size(); ++j) search.log_sum[j] += search.log_weights[j];
}

std::vector<double> adapted_weights(const PriorAdaptation& search) {
    std::vector<double> out = search.log_weights;
    if (search.over() && search.steps > 0) {
        const double count = static_cast<double>(search.steps - search.steps / 2);
        std::ranges::transform(search.log_sum, out.begin(), [count](double sum) { return sum / count; });
        centre(out);
    }
    for (double& w : out) w = std::exp(w);
    return out;
}

}  // namespace buffon::diffusion
