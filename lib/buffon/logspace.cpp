#include <buffon/logspace.hpp>

#include <buffon/check.hpp>
#include <buffon/elementary.hpp>
#include <buffon/kernels.hpp>
#include <buffon/parallel.hpp>
#include <buffon/sums.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

namespace buffon {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class Term>
double block_sum(std::span<const double> x, const Term& term) {
    return sum_of(static_cast<std::int64_t>(x.size()), [&](std::int64_t i) { return term(x[static_cast<std::size_t>(i)]); });
}

template <class Term>
double sum(std::span<const double> x, const Term& term) {
    constexpr auto block = static_cast<std::size_t>(parallel::block_size);
    double total = 0.0;
    for (std::size_t first = 0; first < x.size(); first += block)
        total += block_sum(x.subspan(first, std::min(block, x.size() - first)), term);
    return total;
}

double largest(std::span<const double> x) { return x.empty() ? -infinity : *std::max_element(x.begin(), x.end()); }

void check_weights(const char* function, std::span<const double> weights) {
    const auto bad = std::find_if(weights.begin(), weights.end(), [](double w) { return !(w >= 0.0 && w < infinity); });
    if (bad != weights.end())
        detail::refuse(function, ": weights must be finite and not negative, got ", *bad, " at ", bad - weights.begin());
}

/// The largest of x, at least `count` of them, in their order. A sixteenth of x tells below which value few are wanted:
/// ordering all of x took as long as all else that is done with a tail.
std::vector<double> largest_ones(std::span<const double> x, std::size_t count) {
    constexpr std::size_t stride = 16;
    std::vector<double> some, out;
    for (std::size_t i = 0; i < x.size(); i += stride) some.push_back(x[i]);
    if (const std::size_t rank = 2 * count / stride + stride; rank < some.size()) {
        std::nth_element(some.begin(), some.begin() + static_cast<std::ptrdiff_t>(rank), some.end(), std::greater<>());
        out.resize(x.size() + 1);
        std::size_t kept = 0;
        for (const double v : x) {   // no branch that a processor would have to guess
            out[kept] = v;
            kept += v >= some[rank];
        }
        out.resize(kept);
    }
    if (out.size() < count) out.assign(x.begin(), x.end());
    return out;
}

/// Excesses over the largest weight that is not in the tail, ascending, divided by the largest excess.
/// Ties with the threshold are no excesses: few hits among many zeros leave the hits.
std::vector<double> tail_excesses(std::span<const double> weights) {
    const auto n = static_cast<double>(weights.size());
    const auto tail = static_cast<std::ptrdiff_t>(std::ceil(std::min(0.2 * n, 3.0 * std::sqrt(n))));
    std::vector<double> w = largest_ones(weights, static_cast<std::size_t>(tail) + 1);
    std::nth_element(w.begin(), w.begin() + tail, w.end(), std::greater<>());
    const double threshold = w[static_cast<std::size_t>(tail)];
    w.resize(static_cast<std::size_t>(tail));
    std::sort(w.begin(), w.end());
    const double range = w.back() - threshold;
    // a spread of rounding errors is no tail
    if (range <= 1e-12 * w.back()) return {};
    w.erase(w.begin(), std::upper_bound(w.begin(), w.end(), threshold));
    for (double& x : w) x = (x - threshold) / range;
    return w;
}

/// Zhang & Stephens (2009): posterior mean of b = -k / sigma on their grid of m values, x ascending with x_n = 1,
/// as the shape k = mean log(1 - b x).
double zhang_stephens(std::span<const double> x) {
    const auto n = static_cast<double>(x.size());
    const double m = 30.0 + std::floor(std::sqrt(n));
    // the floor keeps b finite when the tail spans the whole range of doubles
    const double quartile = std::max(x[static_cast<std::size_t>(n / 4.0 + 0.5) - 1], 1e-290);
    const double mean = sum(x, [](double v) { return v; }) / n;
    std::vector<double> terms(x.size());
    const auto shape = [&](double b) {
        for (std::size_t i = 0; i < x.size(); ++i) terms[i] = -b * x[i];
        kernels().log1ps(terms.data(), static_cast<std::int64_t>(terms.size()));
        return sum(terms, [](double v) { return v; }) / n;
    };

    std::vector<double> grid, log_likelihood;
    for (double i = 1.0; i <= m; ++i) {
        const double b = 1.0 / x.back() + (1.0 - std::sqrt(m / (i - 0.5))) / (3.0 * quartile);
        const double k = shape(b);
        const double inverse_scale = b == 0.0 ? 1.0 / mean : -b / k;   // the exponential law is the limit
        grid.push_back(b);
        log_likelihood.push_back(n * (elementary::log(inverse_scale) - k - 1.0));
    }
    const double norm = log_sum_exp(log_likelihood);
    double b = 0.0;
    for (std::size_t i = 0; i < grid.size(); ++i) b += grid[i] * elementary::exp(log_likelihood[i] - norm);
    return shape(b);
}

}  // namespace

double log_sum_exp(std::span<const double> x) {
    const double top = largest(x);
    if (std::isinf(top)) return top;   // inf - inf has no value
    return top + elementary::log(sum(x, [top](double v) { return elementary::exp(v - top); }));
}

double effective_size(std::span<const double> weights) {
    check_weights("effective_size", weights);
    const double top = largest(weights);
    if (!(top > 0.0)) return 0.0;
    double sums[2];   // divided by the largest: neither squares nor sums can overflow or vanish
    kernels().power_sums(weights.data(), static_cast<std::int64_t>(weights.size()), top, sums);
    return sums[0] * sums[0] / sums[1];
}

std::optional<double> pareto_k(std::span<const double> weights) {
    check_weights("pareto_k", weights);
    if (weights.size() < 25) return std::nullopt;
    const std::vector<double> x = tail_excesses(weights);
    if (x.size() < 5 || x.front() == x.back()) return std::nullopt;
    const auto n = static_cast<double>(x.size());
    // prior of ten observations with k = 1/2
    return (n * zhang_stephens(x) + 5.0) / (n + 10.0);
}

}  // namespace buffon
