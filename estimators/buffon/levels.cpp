#include <buffon/levels.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <iterator>

#include <buffon/logspace.hpp>
#include <buffon/normal_functions.hpp>

namespace buffon {
namespace {

constexpr double alike = 1.001;      // two widths that need no telling apart
constexpr double widest = 10;        // standard deviations of the scores: there all points count alike
constexpr double narrowest = 1e-9;   // of these: there the indicator itself is left

bool is_a_score(double s) { return std::abs(s) < std::numeric_limits<double>::max(); }

double standard_deviation(std::span<const double> s) {
    double n = 0, mean = 0, squares = 0;
    for (const double v : s)
        if (is_a_score(v)) {
            n += 1;
            mean += v;
        }
    mean /= std::max(n, 1.0);
    for (const double v : s)
        if (is_a_score(v)) squares += (v - mean) * (v - mean);
    return n > 0 ? std::sqrt(squares / n) : 0.0;
}

double indicator(double s, double width) { return width == no_width ? 0.5 : normal_cdf(s / width); }

/// n sum p^2 / (sum p)^2 - 1, squared coefficient of variation, of which n is a share.
double variation_of(const std::vector<double>& p, double share) {
    const double size = effective_size(p);
    return size > 0 ? share * static_cast<double>(p.size()) / size - 1 : std::numeric_limits<double>::infinity();
}

/// Under the density proportional to f Phi(s / before): n -> infinity, E (1 / Phi)^2 over (E 1 / Phi)^2, less 1.
double left_of_event(std::span<const double> w, std::span<const double> s, double before) {
    double hits = 0, over = 0, under = 0;
    for (std::size_t i = 0; i < w.size(); ++i) {
        if (!is_a_score(s[i])) continue;
        const double phi = indicator(s[i], before);
        under += w[i] * phi;
        if (!(s[i] > 0)) continue;
        hits += w[i];
        over += w[i] / phi;
    }
    return hits > 0 ? over * under / (hits * hits) - 1 : std::numeric_limits<double>::infinity();
}

}  // namespace

std::vector<double> smooth_weights(std::span<const double> w, std::span<const double> s, double width) {
    std::vector<double> out(w.size());
    for (std::size_t i = 0; i < w.size(); ++i) out[i] = is_a_score(s[i]) ? w[i] * indicator(s[i], width) : 0.0;
    return out;
}

std::vector<double> weights_above(std::span<const double> w, std::span<const double> s, double threshold) {
    std::vector<double> out(w.size());
    for (std::size_t i = 0; i < w.size(); ++i) out[i] = s[i] > threshold && is_a_score(s[i]) ? w[i] : 0.0;
    return out;
}

EventLevel smooth_level(std::span<const double> w, std::span<const double> s, double before, double variation, double share) {
    const double square = variation * variation;
    if (left_of_event(w, s, before) <= square) return {weights_above(w, s, 0), 0, true};
    const double unit = standard_deviation(s);
    double low = narrowest * unit, high = std::min(before, widest * unit);
    if (!(unit > 0)) return {std::vector<double>(w.size()), before, false};   // a score without variation leads nowhere
    while (high > alike * low) {
        const double middle = std::sqrt(low * high);
        (variation_of(smooth_weights(w, s, middle), share) > square ? low : high) = middle;
    }
    return {smooth_weights(w, s, high), high, false};
}

EventLevel quantile_level(std::span<const double> w, std::span<const double> s, double before, double quantile, double share) {
    std::vector<double> ordered;
    std::ranges::copy_if(s, std::back_inserter(ordered), is_a_score);
    const auto kept = static_cast<std::int64_t>(std::ceil(quantile * share * static_cast<double>(s.size())));
    if (kept >= static_cast<std::int64_t>(ordered.size())) return {weights_above(w, s, before), before, before >= 0};
    std::ranges::nth_element(ordered, ordered.begin() + kept, std::greater{});
    const double threshold = std::min(0.0, std::max(before, ordered[static_cast<std::size_t>(kept)]));
    return {weights_above(w, s, threshold), threshold, threshold >= 0};
}

}  // namespace buffon
