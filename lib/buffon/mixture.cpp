#include <buffon/mixture.hpp>

#include <buffon/check.hpp>
#include <buffon/elementary.hpp>
#include <buffon/normal_functions.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

namespace buffon {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// log sum_k exp(terms[k * stride]).
double log_sum_exp(const double* terms, std::size_t n, std::size_t stride) {
    double largest = -infinity;
    for (std::size_t k = 0; k < n; ++k)
        if (!(terms[k * stride] <= largest)) largest = terms[k * stride];   // so that NaN gets through
    if (std::isinf(largest)) return largest;
    double sum = 0;
    for (std::size_t k = 0; k < n; ++k) sum += elementary::exp(terms[k * stride] - largest);
    return largest + elementary::log(sum);
}

/// One point, coordinate by coordinate. Given the earlier coordinates, the next one is a univariate normal mixture:
/// r_k = L_k^-1 (x - mean_k) so far yields both the conditional means and, through its squares, the conditional weights.
class Rosenblatt {
public:
    Rosenblatt(const std::vector<MultivariateNormal>& components, const std::vector<double>& log_weights,
               const Matrix& log_scales)
        : components_(components), prior_(log_weights), log_scales_(log_scales), log_weight_(log_weights),
          weight_(log_weights.size()), mean_(log_weights.size()), scale_(log_weights.size()),
          log_slope_(log_weights.size()), terms_(log_weights.size()), order_(log_weights.size()),
          residual_(static_cast<std::int64_t>(log_weights.size()), log_scales.cols) {
        std::iota(order_.begin(), order_.end(), std::size_t{0});
    }

    void start() { log_weight_ = prior_; }

    /// Makes coordinate j the current one.
    void enter(std::int64_t j) {
        normalise();
        for (std::size_t k = 0; k < weight_.size(); ++k) {
            const auto row = static_cast<std::int64_t>(k);
            const Matrix& factor = components_[k].factor();
            double mean = components_[k].mean()[static_cast<std::size_t>(j)];
            for (std::int64_t i = 0; i < j; ++i) mean += factor(j, i) * residual_(row, i);
            mean_[k] = mean;
            scale_[k] = factor(j, j);
            log_slope_[k] = log_weight_[k] - log_scales_(row, j);
        }
    }

    /// Fixes the current coordinate j at x.
    void leave(std::int64_t j, double x) {
        for (std::size_t k = 0; k < weight_.size(); ++k) {
            const auto row = static_cast<std::int64_t>(k);
            const double r = (x - mean_[k]) / scale_[k];
            residual_(row, j) = r;
            log_weight_[k] = log_slope_[k] - 0.5 * r * r;
        }
    }

    /// Normal quantile of the conditional cdf at x.
    double score(double x) { return score(x, 1.0); }

    /// x with score u. Newton's method on the normal scale (one step for one component), kept inside a bracket by bisection.
    double root(double u) {
        auto [lower, upper] = bracket(u);
        if (!(lower < upper)) return lower;   // one component, or u infinite or NaN
        double x = std::clamp(start_of_root(u), lower, upper);
        double error_before = infinity;
        while (lower < upper) {
            const double s = score(x, u < 0 ? 1.0 : -1.0);
            const double error = s - u;
            const double step = error / slope(x, s);
            (error > 0 ? upper : lower) = x;
            double next = x - step;
            if (std::abs(error) <= 1e-15 * std::max(1.0, std::abs(u)) || std::abs(step) <= 0x1p-52 * std::abs(x))
                return std::clamp(std::isfinite(next) ? next : x, lower, upper);
            if (!(next > lower && next < upper) || std::abs(error) > 0.5 * error_before) next = std::midpoint(lower, upper);
            if (next == lower || next == upper) return x;
            error_before = std::abs(error);
            x = next;
        }
        return x;
    }

private:
    void normalise() {
        const double total = log_sum_exp(log_weight_.data(), log_weight_.size(), 1);
        for (std::size_t k = 0; k < weight_.size(); ++k) weight_[k] = elementary::exp(log_weight_[k] -= total);
    }

    /// All components have reached probability Phi(u) at the upper end, and none below the lower end.
    std::pair<double, double> bracket(double u) const {
        double lower = mean_[0] + scale_[0] * u;
        double upper = lower;
        for (std::size_t k = 1; k < mean_.size(); ++k) {
            const double x = mean_[k] + scale_[k] * u;
            lower = std::min(lower, x);
            upper = std::max(upper, x);
        }
        return {lower, upper};
    }

    bool in_order(std::size_t a, std::size_t b) const { return mean_[a] < mean_[b] || (mean_[a] == mean_[b] && a < b); }

    /// By insertion: quick on last time's order, and safe with NaN. Ties go by index, else bits would depend on earlier rows.
    void sort_means() {
        for (std::size_t i = 1; i < order_.size(); ++i)
            for (std::size_t k = i; k > 0 && in_order(order_[k], order_[k - 1]); --k) std::swap(order_[k], order_[k - 1]);
    }

    /// As if the components did not overlap: counted in order from the nearer tail, one of them holds probability Phi(u).
    double start_of_root(double u) {
        sort_means();
        const double side = u < 0 ? 1.0 : -1.0;
        double rest = normal_cdf(side * u);
        for (std::size_t i = 0; i < order_.size(); ++i) {
            const std::size_t k = side > 0 ? order_[i] : order_[order_.size() - 1 - i];
            if (rest < weight_[k]) return mean_[k] + side * scale_[k] * normal_quantile(rest / weight_[k]);
            rest -= weight_[k];
        }
        return mean_[order_[0]];
    }

    /// Conditional P(X <= x) for side 1, P(X >= x) for side -1. A sum of positive terms keeps its relative accuracy.
    double tail(double x, double side) const {
        double sum = 0;
        for (std::size_t k = 0; k < mean_.size(); ++k) sum += weight_[k] * normal_cdf(side * (x - mean_[k]) / scale_[k]);
        return sum;
    }

    double log_tail(double x, double side) {
        for (std::size_t k = 0; k < mean_.size(); ++k)
            terms_[k] = log_weight_[k] + normal_log_cdf(side * (x - mean_[k]) / scale_[k]);
        return log_sum_exp(terms_.data(), terms_.size(), 1);
    }

    /// From the given side, unless 1 - p would lose digits there; by logarithms where p comes near the underflow.
    double score(double x, double side) {
        double p = tail(x, side);
        if (p > 0.75) p = tail(x, side = -side);
        return side * (p < 1e-280 ? normal_quantile_of_log(log_tail(x, side)) : normal_quantile(p));
    }

    /// Derivative of the score s at x: conditional density over the normal density at s.
    double slope(double x, double s) const {
        double sum = 0;
        for (std::size_t k = 0; k < mean_.size(); ++k) {
            const double t = (x - mean_[k]) / scale_[k];
            sum += elementary::exp(log_slope_[k] + 0.5 * (s - t) * (s + t));
        }
        return sum;
    }

    const std::vector<MultivariateNormal>& components_;
    const std::vector<double>& prior_;
    const Matrix& log_scales_;
    std::vector<double> log_weight_;   // of the components, given the coordinates so far
    std::vector<double> weight_;
    std::vector<double> mean_;         // of the current coordinate, given the component and the coordinates so far
    std::vector<double> scale_;
    std::vector<double> log_slope_;    // log_weight - log scale
    std::vector<double> terms_;
    std::vector<std::size_t> order_;   // by mean_; kept from call to call
    Matrix residual_;                  // (K, d)
};

void check_components(const std::vector<double>& weights, const std::vector<MultivariateNormal>& components) {
    require(!components.empty(), "Mixture: components must not be empty");
    require(weights.size() == components.size(), "Mixture: weights must have one entry per component, ", components.size(),
            ", got ", weights.size());
    for (std::size_t k = 0; k < weights.size(); ++k) {
        require(std::isfinite(weights[k]) && weights[k] > 0, "Mixture: weights must be positive and finite, got ", weights[k],
                " at ", k);
        require(components[k].dim() == components[0].dim(), "Mixture: components must have one dimension, got ",
                components[0].dim(), " at 0 and ", components[k].dim(), " at ", k);
    }
}

}  // namespace

Mixture::Mixture(std::vector<double> weights, std::vector<MultivariateNormal> components)
    : weights_(std::move(weights)), components_(std::move(components)) {
    check_components(weights_, components_);
    const double largest = *std::max_element(weights_.begin(), weights_.end());
    for (double& weight : weights_) weight /= largest;   // the sum itself might overflow
    const double total = std::accumulate(weights_.begin(), weights_.end(), 0.0);
    for (double& weight : weights_) log_weights_.push_back(elementary::log(weight /= total));
    log_scales_ = Matrix(static_cast<std::int64_t>(components_.size()), dim());
    for (std::int64_t k = 0; k < log_scales_.rows; ++k)
        for (std::int64_t j = 0; j < dim(); ++j)
            log_scales_(k, j) = elementary::log(components_[static_cast<std::size_t>(k)].factor()(j, j));
}

std::vector<double> Mixture::mean() const {
    std::vector<double> mean(static_cast<std::size_t>(dim()), 0.0);
    for (std::size_t k = 0; k < weights_.size(); ++k)
        for (std::size_t j = 0; j < mean.size(); ++j) mean[j] += weights_[k] * components_[k].mean()[j];
    return mean;
}

Matrix Mixture::covariance() const {
    const auto centre = mean();
    Matrix sum(dim(), dim());
    for (std::size_t k = 0; k < weights_.size(); ++k) {
        const auto& m = components_[k].mean();
        for (std::size_t i = 0; i < m.size(); ++i)
            for (std::size_t j = 0; j < m.size(); ++j) {
                const std::size_t entry = i * m.size() + j;
                sum.data[entry] +=
                    weights_[k] * (components_[k].covariance().data[entry] + (m[i] - centre[i]) * (m[j] - centre[j]));
            }
    }
    return sum;
}

void Mixture::log_density(ConstView x, std::span<double> out) const {
    assert(x.cols == dim() && out.size() == static_cast<std::size_t>(x.rows));
    constexpr std::int64_t slice_rows = 128;
    const std::size_t n = weights_.size();
    std::vector<double> terms(n * slice_rows);   // component after component: weighted log densities of the slice
    for (std::int64_t first = 0; first < x.rows; first += slice_rows) {
        const auto count = static_cast<std::size_t>(std::min(slice_rows, x.rows - first));
        for (std::size_t k = 0; k < n; ++k) {
            const std::span<double> part(terms.data() + k * count, count);
            components_[k].log_density(x.slice(first, static_cast<std::int64_t>(count)), part);
            for (double& term : part) term += log_weights_[k];
        }
        for (std::size_t i = 0; i < count; ++i)
            out[static_cast<std::size_t>(first) + i] = log_sum_exp(terms.data() + i, n, count);
    }
}

void Mixture::to_normal(ConstView x, View u) const {
    assert(x.cols == dim() && u.cols == dim() && u.rows == x.rows);
    Rosenblatt point(components_, log_weights_, log_scales_);
    for (std::int64_t i = 0; i < x.rows; ++i) {
        point.start();
        for (std::int64_t j = 0; j < dim(); ++j) {
            const double value = x(i, j);
            point.enter(j);
            u(i, j) = point.score(value);
            point.leave(j, value);
        }
    }
}

void Mixture::from_normal(ConstView u, View x) const {
    assert(u.cols == dim() && x.cols == dim() && x.rows == u.rows);
    Rosenblatt point(components_, log_weights_, log_scales_);
    for (std::int64_t i = 0; i < u.rows; ++i) {
        point.start();
        for (std::int64_t j = 0; j < dim(); ++j) {
            point.enter(j);
            const double value = point.root(u(i, j));
            x(i, j) = value;
            point.leave(j, value);
        }
    }
}

}  // namespace buffon
