#include <buffon/scout.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>

#include <buffon/logspace.hpp>
#include <buffon/normal_functions.hpp>

namespace buffon {
namespace {

constexpr double central = 1;                  // length of a centre in no direction
constexpr double upper = 20, lower = 80;       // effective points above the two levels of an extrapolation
constexpr double errors = 2;                   // standard errors that a bound allows for

/// Of the scores of evaluations that succeeded: a discarded one has the least double.
double standard_deviation(std::span<const double> all) {
    std::vector<double> s;
    std::ranges::copy_if(all, std::back_inserter(s), [](double v) { return v > -std::numeric_limits<double>::max(); });
    const double n = std::max(1.0, static_cast<double>(s.size()));
    const double mean = std::accumulate(s.begin(), s.end(), 0.0) / n;
    double squares = 0;
    for (const double v : s) squares += (v - mean) * (v - mean);
    return std::sqrt(squares / n);
}

/// At an obtuse angle to all centres.
bool is_beyond(std::span<const double> z, const std::vector<Gaussian>& found) {
    return std::ranges::all_of(
        found, [&](const Gaussian& g) { return std::inner_product(z.begin(), z.end(), g.mean.begin(), 0.0) < 0; });
}

bool leads_somewhere(const Gaussian& g) {
    return std::inner_product(g.mean.begin(), g.mean.end(), g.mean.begin(), 0.0) > central * central;
}

struct Level {
    double score, probability, size;
};

}  // namespace

std::vector<double> smoothed(std::span<const double> w, std::span<const double> s, double need) {
    const auto at = [&](double sigma) {
        std::vector<double> p(w.size());
        for (std::size_t i = 0; i < w.size(); ++i) p[i] = w[i] > 0 ? w[i] * normal_cdf(s[i] / sigma) : 0.0;
        return p;
    };
    double low = 0, high = 4 * standard_deviation(s);
    if (!(high > 0)) return std::vector<double>(w.size());   // a score without variation leads nowhere
    for (int step = 0; step < 24; ++step) {
        const double middle = 0.5 * (low + high);
        (effective_size(at(middle)) >= need ? high : low) = middle;
    }
    return at(high);
}

double extrapolated(std::span<const double> w, std::span<const double> s, double errors) {
    const auto n = static_cast<double>(w.size());
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < w.size(); ++i)
        if (w[i] > 0 && s[i] > -std::numeric_limits<double>::max()) order.push_back(i);
    std::ranges::sort(order, [&](std::size_t a, std::size_t b) { return s[a] != s[b] ? s[a] > s[b] : a < b; });
    double sum = 0, squares = 0;
    Level high{0, 0, 0}, low{0, 0, 0};
    for (const std::size_t i : order) {
        sum += w[i] / n;
        squares += w[i] / n * w[i] / n;
        const Level here{s[i], sum, sum * sum / squares};
        if (high.size == 0 && here.size >= upper && here.score <= 0) high = here;
        if (high.size > 0 && here.size >= lower && here.score < high.score) {
            low = here;
            break;
        }
    }
    if (low.size == 0 || !(low.probability < 1)) return 0;
    const double likely = std::min(high.probability * (1 + errors * std::sqrt(1 / high.size - 1 / low.size)), low.probability);
    const double index = -normal_quantile(likely), slope = (index + normal_quantile(low.probability)) / (high.score - low.score);
    return normal_cdf(-(index - slope * high.score));
}

Beyond beyond(ConstView z, ScoredSummands points, const std::vector<Gaussian>& found, double need) {
    Beyond out;
    if (!std::ranges::all_of(found, leads_somewhere)) return out;
    for (std::int64_t i = 0; i < z.rows; ++i)
        if (const auto at = static_cast<std::size_t>(i); !is_beyond(z.row(i), found)) points.w[at] = points.r[at] = 0;
    if (effective_size(points.w) < lower) return out;
    const auto n = static_cast<double>(z.rows);
    out.hits = effective_size(points.r);
    out.mass = std::accumulate(points.r.begin(), points.r.end(), 0.0) / n;
    out.seen = out.hits >= need;
    out.reach = extrapolated(points.w, points.s, errors);
    out.weights = out.seen ? std::move(points.r) : smoothed(points.w, points.s, need);
    return out;
}

}  // namespace buffon
