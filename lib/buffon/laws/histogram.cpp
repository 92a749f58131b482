#include <buffon/laws/histogram.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <buffon/check.hpp>
#include <buffon/laws/scores.hpp>

namespace buffon {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

void check(const std::vector<double>& edges, const std::vector<double>& weights) {
    require(edges.size() >= 2, "Histogram: edges must be at least two, got ", edges.size());
    require(weights.size() + 1 == edges.size(), "Histogram: weights must have one entry per bin, ", edges.size() - 1,
            ", got ", weights.size());
    for (std::size_t i = 0; i < edges.size(); ++i) {
        require(std::isfinite(edges[i]), "Histogram: edges must be finite, got ", edges[i], " at ", i);
        require(i == 0 || edges[i] > edges[i - 1], "Histogram: edges must ascend, got ", edges[i], " at ", i);
    }
    require(std::isfinite(edges.back() - edges.front()), "Histogram: the range of the edges must be finite, got ",
            edges.front(), " ... ", edges.back());
    for (std::size_t i = 0; i < weights.size(); ++i)
        require(std::isfinite(weights[i]) && weights[i] >= 0,
                "Histogram: weights must be finite and not negative, got ", weights[i], " at ", i);
    const double largest = *std::max_element(weights.begin(), weights.end());
    require(largest > 0, "Histogram: weights must not all be zero");
}

}  // namespace

struct Histogram::Bins {
    std::vector<double> edges, weights;
    std::vector<double> below, above;   // (k + 1) probabilities on the two sides of an edge, each summed from its own end

    Bins(std::vector<double> e, std::vector<double> w)
        : edges(std::move(e)), weights(std::move(w)), below(edges.size()), above(edges.size()) {
        const double largest = *std::max_element(weights.begin(), weights.end());   // the sum itself might overflow
        for (double& weight : weights) weight /= largest;
        const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
        for (double& weight : weights) weight /= sum;
        for (std::size_t i = 0; i < weights.size(); ++i) below[i + 1] = std::min(below[i] + weights[i], 1.0);
        for (std::size_t i = weights.size(); i-- > 0;) above[i] = std::min(above[i + 1] + weights[i], 1.0);
    }
    double width(std::size_t i) const { return edges[i + 1] - edges[i]; }
    /// The bin that holds x, for x inside the edges.
    std::size_t bin(double x) const {
        const auto next = std::upper_bound(edges.begin(), edges.end(), x) - edges.begin();
        return static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(next - 1, 0, static_cast<std::ptrdiff_t>(weights.size()) - 1));
    }
};

Histogram::Histogram(std::vector<double> edges, std::vector<double> weights) {
    check(edges, weights);
    bins_ = std::make_shared<const Bins>(std::move(edges), std::move(weights));
}

double Histogram::log_density(double x) const {
    if (std::isnan(x)) return x;
    if (x < bins_->edges.front() || x > bins_->edges.back()) return -infinity;
    const std::size_t i = bins_->bin(x);
    return std::log(bins_->weights[i]) - std::log(bins_->width(i));
}

double Histogram::cdf(double x) const {
    if (std::isnan(x)) return x;
    if (x <= bins_->edges.front()) return 0;
    if (x >= bins_->edges.back()) return 1;
    const std::size_t i = bins_->bin(x);
    return bins_->below[i] + bins_->weights[i] * ((x - bins_->edges[i]) / bins_->width(i));
}

double Histogram::ccdf(double x) const {
    if (std::isnan(x)) return x;
    if (x <= bins_->edges.front()) return 1;
    if (x >= bins_->edges.back()) return 0;
    const std::size_t i = bins_->bin(x);
    return bins_->above[i + 1] + bins_->weights[i] * ((bins_->edges[i + 1] - x) / bins_->width(i));
}

/// The point with probability p below it and q above: from the end of its bin on the side of the smaller one.
double Histogram::at(double p, double q) const {
    if (!(p >= 0 && q >= 0)) return std::nan("");
    const auto& b = *bins_;
    const auto last = static_cast<std::ptrdiff_t>(b.weights.size()) - 1;
    if (p < q) {
        const auto next = std::upper_bound(b.below.begin(), b.below.end(), p) - b.below.begin();   // an empty bin is passed over
        const auto i = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(next - 1, 0, last));
        return b.edges[i] + b.width(i) * ((p - b.below[i]) / b.weights[i]);
    }
    const auto next = std::upper_bound(b.above.rbegin(), b.above.rend(), q) - b.above.rbegin();
    const auto i = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(last + 1 - next, 0, last));
    return b.edges[i + 1] - b.width(i) * ((q - b.above[i + 1]) / b.weights[i]);
}

double Histogram::quantile(double p) const { return at(p, 1 - p); }
double Histogram::upper_quantile(double p) const { return at(1 - p, p); }
double Histogram::to_normal(double x) const { return score_of_sides(cdf(x), ccdf(x)); }
double Histogram::from_normal(double z) const { return at(normal_cdf(z), normal_cdf(-z)); }

double Histogram::mean() const {
    double sum = 0;
    for (std::size_t i = 0; i < bins_->weights.size(); ++i)
        sum += bins_->weights[i] * (bins_->edges[i] + 0.5 * bins_->width(i));
    return sum;
}

double Histogram::variance() const {
    const double centre = mean();
    double sum = 0;
    for (std::size_t i = 0; i < bins_->weights.size(); ++i) {
        const double distance = bins_->edges[i] + 0.5 * bins_->width(i) - centre;
        sum += bins_->weights[i] * (distance * distance + bins_->width(i) * bins_->width(i) / 12);
    }
    return sum;
}

Support Histogram::support() const {
    const auto positive = [](double weight) { return weight > 0; };
    const auto first = std::find_if(bins_->weights.begin(), bins_->weights.end(), positive) - bins_->weights.begin();
    const auto last = std::find_if(bins_->weights.rbegin(), bins_->weights.rend(), positive) - bins_->weights.rbegin();
    return {bins_->edges[static_cast<std::size_t>(first)], bins_->edges[bins_->weights.size() - static_cast<std::size_t>(last)]};
}

const std::vector<double>& Histogram::edges() const { return bins_->edges; }
const std::vector<double>& Histogram::weights() const { return bins_->weights; }

}  // namespace buffon
