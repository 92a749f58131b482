#include <buffon/tails.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include <buffon/logspace.hpp>
#include <buffon/moments.hpp>

namespace buffon {
namespace {

/// An event that is hit h times of n has an excess kurtosis of 1 / h in its mean. Poisson counts: with the degrees of
/// freedom that this leaves, 2 h, 95 % intervals cover 93 to 96 % from ten expected hits on, 63 to 99 % below.
constexpr double few_terms = 0.1;

/// "'a' and 2 more of 5 values" of the value with the largest `size` among `which`.
std::string listed(const Estimate& estimate, const std::vector<std::size_t>& which, const std::vector<double>& size, std::size_t& worst) {
    worst = *std::ranges::max_element(which, {}, [&](std::size_t j) { return size[j]; });
    std::ostringstream text;
    text << "'" << estimate.names[worst] << "'";
    if (which.size() > 1) text << " and " << which.size() - 1 << " more of " << size.size() << " values";
    return text.str();
}

std::vector<std::size_t> above(const std::vector<double>& x, double limit) {
    std::vector<std::size_t> which;
    for (std::size_t j = 0; j < x.size(); ++j)
        if (x[j] > limit) which.push_back(j);
    return which;
}

/// Excess kurtosis of the mean of n terms like these, not below 0: (m).
std::vector<double> kurtosis_of_mean(ConstView terms, std::int64_t n, std::int64_t m) {
    std::vector<double> kurtosis = excess_kurtosis(terms);
    kurtosis.resize(static_cast<std::size_t>(m));
    for (double& k : kurtosis) k = std::max(k, 0.0) / static_cast<double>(n);
    return kurtosis;
}

}  // namespace

std::vector<double> tail_shapes(ConstView summands, std::int64_t m, bool without_zeros) {
    constexpr std::int64_t together = 8;   // columns that share the lines of the cache
    std::vector<double> k_hat;
    std::vector<std::vector<double>> size(together, std::vector<double>(static_cast<std::size_t>(summands.rows)));
    for (std::int64_t first = 0; first < m; first += together) {
        const std::int64_t count = std::min(together, m - first);
        for (std::int64_t i = 0; i < summands.rows; ++i)
            for (std::int64_t j = 0; j < count; ++j)
                size[static_cast<std::size_t>(j)][static_cast<std::size_t>(i)] = std::abs(summands(i, first + j));
        for (std::int64_t j = 0; j < count; ++j) {
            std::vector<double> sizes = size[static_cast<std::size_t>(j)];
            if (without_zeros) std::erase(sizes, 0.0);
            k_hat.push_back(pareto_k(sizes).value_or(std::numeric_limits<double>::quiet_NaN()));
        }
    }
    return k_hat;
}

void judge_tails(ConstView summands, Estimate& estimate, bool without_zeros) {
    const double limit = std::min(1 - 1 / std::log10(std::max(static_cast<double>(summands.rows), 20.0)), 0.7);
    const std::vector<double> k_hat = tail_shapes(summands, estimate.size(), without_zeros);
    const std::vector<std::size_t> heavy = above(k_hat, limit);
    estimate.diagnostics["pareto_k"] = k_hat;
    if (heavy.empty()) return;
    std::size_t worst = 0;
    std::ostringstream text;
    text.precision(2);
    text << listed(estimate, heavy, k_hat, worst) << ": what is averaged has a heavy tail (k-hat " << k_hat[worst]
         << "), so the standard error may be far too small; a larger budget or another sampling law helps";
    estimate.warnings.push_back(text.str());
}

void set_kurtosis(ConstView terms, std::int64_t n, Estimate& estimate) {
    const std::vector<double> share = kurtosis_of_mean(terms, n, estimate.size());
    if (!std::isfinite(estimate.degrees_of_freedom)) {
        estimate.excess_kurtosis = share;
        return;
    }
    const double terms_each = static_cast<double>(n) / (estimate.degrees_of_freedom + 1);
    for (std::size_t j = 0; j < estimate.excess_kurtosis.size(); ++j)
        estimate.excess_kurtosis[j] = std::min(estimate.excess_kurtosis[j], share[j] * terms_each);
}

void warn_of_few_terms(ConstView terms, std::int64_t n, Estimate& estimate) {
    const std::vector<double> share = kurtosis_of_mean(terms, n, estimate.size());
    std::vector<double> terms_that_count;
    for (const double k : share) terms_that_count.push_back(1 / k);
    estimate.diagnostics["effective_terms"] = terms_that_count;
    const std::vector<std::size_t> few = above(share, few_terms);
    if (few.empty()) return;
    std::size_t worst = 0;
    std::ostringstream text;
    text.precision(2);
    text << listed(estimate, few, share, worst) << ": a few terms carry the mean, as if an event had been hit " << 1 / share[worst]
         << " times: the interval is rough; a larger budget helps";
    estimate.warnings.push_back(text.str());
}

void judge_mean(ConstView terms, std::int64_t n, Estimate& estimate) {
    judge_tails(terms, estimate);
    set_kurtosis(terms, n, estimate);
    warn_of_few_terms(terms, n, estimate);
}

void FirstRows::add(ConstView rows) {
    const std::int64_t count = std::min(rows.rows, most_ - rows_.rows);
    if (count <= 0) return;
    rows_.data.insert(rows_.data.end(), rows.data, rows.data + count * rows.cols);
    rows_.cols = rows.cols;
    rows_.rows += count;
}

}  // namespace buffon
