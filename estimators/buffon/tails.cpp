#include <buffon/tails.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <optional>
#include <sstream>
#include <utility>

#include <buffon/logspace.hpp>
#include <buffon/moments.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

/// An event that is hit h times of n has an excess kurtosis of 1 / h in its mean. Poisson counts: with the degrees of
/// freedom that this leaves, 2 h, 95 % intervals cover 93 to 96 % from ten expected hits on, 63 to 99 % below.
constexpr double few_terms = 1 / fewest_terms;

/// k-hat of sizes that are not 0. Where the largest sixteenth of them, whose tail is a quarter of all of theirs, is
/// bounded (k-hat below 0), that
/// of these: of sizes in two clusters the gap between looks like a heavy tail. In 600 trials with 2,000 sizes of Pareto
/// laws, tail index 0.5 to
/// 1.3, none that looked heavy was taken for bounded.
std::optional<double> tail_to_its_end(std::vector<double> sizes) {
    constexpr std::ptrdiff_t sixteenth = 16;
    constexpr double heavy = 0.5;
    const std::optional<double> all = pareto_k(sizes);
    if (!all || *all <= heavy) return all;
    const auto largest = static_cast<std::ptrdiff_t>(sizes.size()) / sixteenth;
    std::ranges::nth_element(sizes, sizes.begin() + largest, std::greater<>());
    sizes.resize(static_cast<std::size_t>(largest));
    const std::optional<double> end = pareto_k(sizes);
    return end && *end < 0 ? end : all;
}

/// "'a' and 2 more of 5 values" of the value with the largest `size` among `which`.
std::string listed(const Estimate& estimate, const std::vector<std::size_t>& which, const std::vector<double>& size,
                   std::size_t& worst) {
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

constexpr double few_rows = 5;   // of sizes like exponential ones: ten; superquantiles with about that many cover in 93 to 94 %

/// How many of n rows would be inside if those that are had equal sizes, these the first of the n.
double rows_alike(ConstView sizes, std::int64_t n, std::int64_t column) {
    double sum = 0, squares = 0;
    for (std::int64_t i = 0; i < sizes.rows; ++i) {
        sum += std::abs(sizes(i, column));
        squares += sizes(i, column) * sizes(i, column);
    }
    return squares > 0 ? sum * sum / squares * static_cast<double>(n) / static_cast<double>(sizes.rows) : 0.0;
}

/// Some term is not 0: an event that was never hit has none that counts, though its terms have no kurtosis either.
bool ever_seen(ConstView terms, std::int64_t column) {
    for (std::int64_t i = 0; i < terms.rows; ++i)
        if (terms(i, column) != 0) return true;
    return false;
}

constexpr std::size_t furthest = 20;      // rows that tell what weighs at the edge
constexpr double negligible_row = 0.01;   // standard errors that one of them contributes

/// Size of the furthest row times the weight that a row there could have above those that are there.
double one_row(ConstView terms, std::int64_t column, std::span<const double> weight, std::span<const double> base,
               double mean, double negligible) {
    std::vector<std::pair<double, std::int64_t>> far;   // size without weight; row
    double heaviest = 0;
    for (std::int64_t i = 0; i < terms.rows; ++i) {
        const double w = weight[static_cast<std::size_t>(i)];
        heaviest = std::max(heaviest, base[static_cast<std::size_t>(i)]);
        if (w > 0) far.emplace_back(-std::abs(terms(i, column) / w - mean), i);
    }
    const std::size_t count = std::min(furthest, far.size());
    if (count == 0) return 0;
    std::ranges::partial_sort(far, far.begin() + static_cast<std::ptrdiff_t>(count));   // ties in the order of the rows
    double at_edge = 0, possible = 0, sum = 0;
    for (std::size_t a = 0; a < count; ++a) {
        const double w = weight[static_cast<std::size_t>(far[a].second)];
        const double w0 = base[static_cast<std::size_t>(far[a].second)];
        at_edge = std::max(at_edge, w);
        if (w0 > 0) possible = std::max(possible, heaviest * w / w0);
        sum -= w * far[a].first;
    }
    return sum > negligible * static_cast<double>(count) ? -far.front().first * std::max(possible - at_edge, 0.0) : 0.0;
}

}  // namespace

std::vector<double> tail_shapes(ConstView summands, std::int64_t m, bool of_kept, int threads) {
    constexpr std::int64_t together = 8;   // columns that share the lines of the cache
    std::vector<double> k_hat(static_cast<std::size_t>(m));
    parallel::for_each((m + together - 1) / together, threads, [&](std::int64_t group) {
        const std::int64_t first = group * together, count = std::min(together, m - first);
        std::vector<std::vector<double>> size(static_cast<std::size_t>(count),
                                              std::vector<double>(static_cast<std::size_t>(summands.rows)));
        for (std::int64_t i = 0; i < summands.rows; ++i)
            for (std::int64_t j = 0; j < count; ++j)
                size[static_cast<std::size_t>(j)][static_cast<std::size_t>(i)] = std::abs(summands(i, first + j));
        for (std::int64_t j = 0; j < count; ++j) {
            std::vector<double>& sizes = size[static_cast<std::size_t>(j)];
            if (of_kept) std::erase(sizes, 0.0);
            k_hat[static_cast<std::size_t>(first + j)] = (of_kept ? tail_to_its_end(std::move(sizes)) : pareto_k(sizes))
                                                             .value_or(std::numeric_limits<double>::quiet_NaN());
        }
    });
    return k_hat;
}

void judge_tails(ConstView summands, Estimate& estimate, bool of_kept, const std::vector<double>& left, int threads) {
    const double limit = std::min(1 - 1 / std::log10(std::max(static_cast<double>(summands.rows), 20.0)), 0.7);
    const std::vector<double> k_hat = tail_shapes(summands, estimate.size(), of_kept, threads);
    std::vector<std::size_t> heavy = above(k_hat, limit);
    std::erase_if(heavy, [&](std::size_t j) {
        return j < left.size() && left[j] <= limit;
    });   // no tail to judge is none that is tame
    estimate.diagnostics["pareto_k"] = k_hat;
    if (heavy.empty()) return;
    std::size_t worst = 0;
    std::ostringstream text;
    text.precision(2);
    text << listed(estimate, heavy, k_hat, worst) << ": what is averaged has a heavy tail (k-hat " << k_hat[worst]
         << "), so the standard error may be far too small: spend more, or sample from a law with heavier tails";
    estimate.warnings.push_back(text.str());
}

namespace {

/// That of the estimate's values. Of an event that the first rows hit hardly ever, and that later ones may have hit
/// more often, 1 / hits
/// by its error, which comes from all rows.
std::vector<double> kurtosis_of(const Estimate& estimate, ConstView terms, std::int64_t n) {
    std::vector<double> share = kurtosis_of_mean(terms, n, estimate.size());
    for (std::size_t j = 0; j < share.size() && terms.rows < n; ++j) {
        const auto k = static_cast<std::int64_t>(j);
        std::int64_t hits = 0;
        for (std::int64_t i = 0; i < terms.rows && static_cast<double>(hits) < fewest_terms; ++i) hits += terms(i, k) != 0;
        if (static_cast<double>(hits) < fewest_terms && estimate.value[j] != 0)
            share[j] = std::max(share[j], estimate.covariance(k, k) / (estimate.value[j] * estimate.value[j]));
    }
    return share;
}

}  // namespace

void set_kurtosis(ConstView terms, std::int64_t n, Estimate& estimate) {
    const std::vector<double> share = kurtosis_of(estimate, terms, n);
    if (!std::isfinite(estimate.degrees_of_freedom)) {
        estimate.excess_kurtosis = share;
        return;
    }
    const double terms_each = static_cast<double>(n) / (estimate.degrees_of_freedom + 1);
    for (std::size_t j = 0; j < estimate.excess_kurtosis.size(); ++j)
        estimate.excess_kurtosis[j] = std::min(estimate.excess_kurtosis[j], share[j] * terms_each);
}

void warn_of_few_terms(ConstView terms, std::int64_t n, Estimate& estimate, ConstView inside) {
    const std::vector<double> share = kurtosis_of(estimate, terms, n);
    std::vector<double> terms_that_count;
    for (std::size_t j = 0; j < share.size(); ++j) {
        const bool seen = estimate.value[j] != 0 || ever_seen(terms, static_cast<std::int64_t>(j));   // a constant has no spread
        terms_that_count.push_back(seen ? 1 / share[j] : 0.0);
    }
    estimate.diagnostics["effective_terms"] = terms_that_count;
    std::vector<std::size_t> few = above(share, few_terms);
    if (inside.cols > 0)
        std::erase_if(few,
                      [&](std::size_t j) { return rows_alike(inside, n, static_cast<std::int64_t>(j)) >= few_rows; });
    if (few.empty()) return;
    std::size_t worst = 0;
    std::ostringstream text;
    text.precision(2);
    text << listed(estimate, few, share, worst) << ": a few terms carry the mean, as if an event had been hit "
         << 1 / share[worst]
         << " times, so the interval is rough: spend more or add rows, or, of a rare event, use aiscv with a score";
    estimate.warnings.push_back(text.str());
}

std::vector<double> one_row_more(ConstView terms, std::span<const double> weight, std::span<const double> base, std::int64_t n,
                                 std::span<const double> mean, std::span<const double> error) {
    std::vector<double> moves;
    for (std::size_t j = 0; j < error.size(); ++j) {
        const double scale = static_cast<double>(n) * error[j];   // of one row's part in the mean
        moves.push_back(
            scale > 0
                ? one_row(terms, static_cast<std::int64_t>(j), weight, base, mean[j], negligible_row * scale) / scale
                : 0.0);
    }
    return moves;
}

void warn_of_one_row(const std::vector<double>& moves, Estimate& estimate) {
    estimate.diagnostics["one_row_more"] = moves;
    const std::vector<std::size_t> large = above(moves, most_of_one_row);
    if (large.empty()) return;
    std::size_t worst = 0;
    std::ostringstream text;
    text.precision(2);
    text << listed(estimate, large, moves, worst)
         << ": where the terms are largest the sample has few rows, and others weigh far more: one row "
         << "more could move the value by "
         << (moves[worst] > 100 ? "more than 100" : std::to_string(std::llround(moves[worst])))
         << " standard errors, so the interval may be far too short: draw a sample for this "
         << "question (give the run the tail as an output of its own, or use plain or quasi)";
    estimate.warnings.push_back(text.str());
}

void widen_by_half_a_row(const std::vector<double>& moves, Estimate& estimate) {
    std::vector<double> factor;
    for (const double m : moves) {
        const double half = 0.5 * std::min(m, most_of_one_row);
        factor.push_back(std::sqrt(1 + half * half));
    }
    for (std::int64_t a = 0; a < estimate.size(); ++a)
        for (std::int64_t b = 0; b < estimate.size(); ++b)
            estimate.covariance(a, b) *= factor[static_cast<std::size_t>(a)] * factor[static_cast<std::size_t>(b)];
}

void warn_of_zeros(std::int64_t j, const std::string& sample, Estimate& e) {
    const std::string name = "'" + e.names[static_cast<std::size_t>(j)] + "' was ";
    std::erase_if(e.warnings, [&](const std::string& warning) { return warning.starts_with(name + "the same in every"); });
    e.warnings.push_back(name + "0 in the whole " + sample +
                         ", which does not make it impossible: spend more, or give the problem a score if it has none");
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
