#include <buffon/sobol_ratios.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace buffon {
namespace {

double total(const std::vector<double>& v) { return std::accumulate(v.begin(), v.end(), 0.0); }

/// Sample covariances of the candidates' errors, and a thousandth of their variances more: nearly equal candidates
/// share the weight.
Matrix covariance_of(const std::vector<std::vector<double>>& errors) {
    const auto k = static_cast<std::int64_t>(errors.size());
    Matrix c(k, k);
    for (std::int64_t i = 0; i < k; ++i)
        for (std::int64_t j = 0; j < k; ++j) {
            const auto &a = errors[static_cast<std::size_t>(i)], &b = errors[static_cast<std::size_t>(j)];
            c(i, j) = std::inner_product(a.begin(), a.end(), b.begin(), 0.0) / static_cast<double>(a.size() - 1) *
                      (i == j ? 1.001 : 1.0);
        }
    return c;
}

/// C^-1 1 on the indices of `support`, by elimination; up to a factor the weights of least variance there.
std::vector<double> least_variance(const Matrix& c, const std::vector<std::size_t>& support) {
    const std::size_t k = support.size();
    Matrix a(static_cast<std::int64_t>(k), static_cast<std::int64_t>(k));
    std::vector<double> w(k, 1.0);
    for (std::size_t i = 0; i < k; ++i)
        for (std::size_t j = 0; j < k; ++j)
            a(static_cast<std::int64_t>(i), static_cast<std::int64_t>(j)) =
                c(static_cast<std::int64_t>(support[i]), static_cast<std::int64_t>(support[j]));
    const auto n = static_cast<std::int64_t>(k);
    for (std::int64_t p = 0; p < n; ++p)
        for (std::int64_t i = p + 1; i < n; ++i) {
            const double factor = a(i, p) / a(p, p);
            for (std::int64_t j = p; j < n; ++j) a(i, j) -= factor * a(p, j);
            w[static_cast<std::size_t>(i)] -= factor * w[static_cast<std::size_t>(p)];
        }
    for (std::int64_t i = n - 1; i >= 0; --i) {
        for (std::int64_t j = i + 1; j < n; ++j) w[static_cast<std::size_t>(i)] -= a(i, j) * w[static_cast<std::size_t>(j)];
        w[static_cast<std::size_t>(i)] /= a(i, i);
    }
    return w;
}

/// On the simplex, by all supports: the best of those whose weights are not negative. The variance there is 1 / (1' C^-1 1).
std::vector<double> simplex_weights(const Matrix& c) {
    const auto k = static_cast<std::size_t>(c.rows);
    std::vector<double> best(k);
    for (std::size_t i = 0; i < k; ++i)   // 0 would be infinitely good
        if (c(static_cast<std::int64_t>(i), static_cast<std::int64_t>(i)) == 0) {
            best[i] = 1;
            return best;
        }
    double precision = 0;
    for (std::size_t mask = 1; mask < (std::size_t{1} << k); ++mask) {
        std::vector<std::size_t> support;
        for (std::size_t i = 0; i < k; ++i)
            if (mask >> i & 1) support.push_back(i);
        const std::vector<double> w = least_variance(c, support);
        const double sum = total(w);
        if (!(sum > precision) || std::ranges::any_of(w, [](double v) { return !(v >= 0); })) continue;
        precision = sum;
        std::ranges::fill(best, 0.0);
        for (std::size_t i = 0; i < support.size(); ++i) best[support[i]] = w[i] / sum;
    }
    return best;
}

/// Standard error with chosen weights over the one that shows, of R >= 4 replicates.
double hidden_by_choice(const std::vector<double>& weights, double r) {
    const double chosen =
        std::min(static_cast<double>(std::ranges::count_if(weights, [](double w) { return w > 0; })) - 1, r - 3);
    return std::sqrt((r - 1) / (r - 1 - chosen) * (r - 2) / (r - 2 - chosen));
}

/// Means of one replicate's sums that pairs of values need: of f(B), f(A with group i) and their products, or of f(A) with it.
struct Pair {
    double n, x, y, xx, yy, xy;
};

Pair of_b(const PairSums& s, const PairSums::Steps& d) {
    return {s.n, s.b / s.n, (s.a + d.sum) / s.n, s.bb / s.n, (s.aa + 2 * d.with_a + d.square) / s.n, (s.ab + d.with_b) / s.n};
}
Pair of_a(const PairSums& s, const PairSums::Steps& d) {
    return {s.n, s.a / s.n, (s.a + d.sum) / s.n, s.aa / s.n, (s.aa + 2 * d.with_a + d.square) / s.n, (s.aa + d.with_a) / s.n};
}

struct Parts {
    double numerator, denominator;
};

Pair mean_of(const std::vector<Pair>& pairs) {
    Pair m{};
    double n = 0;
    for (const Pair& p : pairs) {
        n += p.n;
        m.x += p.n * p.x, m.y += p.n * p.y, m.xx += p.n * p.xx, m.yy += p.n * p.yy;
    }
    return {n, m.x / n, m.y / n, m.xx / n, m.yy / n, 0};
}

/// cov / var with one mean and one variance for both values; source: Janon et al. (2014), T.
Parts pooled(const Pair& p, const Pair& all) {
    const double m = 0.5 * (all.x + all.y);
    return {p.xy - m * (p.x + p.y) + m * m, 0.5 * (p.xx + p.yy) - m * (p.x + p.y) + m * m};
}

/// The correlation, linearised about that of all replicates, in units of the variance; source: Martinez (2011).
Parts correlation(const Pair& p, const Pair& all) {
    const double vx = all.xx - all.x * all.x, vy = all.yy - all.y * all.y;
    const double x = p.xx - 2 * all.x * p.x + all.x * all.x, y = p.yy - 2 * all.y * p.y + all.y * all.y;
    return {p.xy - all.x * p.y - all.y * p.x + all.x * all.y, 0.5 * (x / vx + y / vy) * std::sqrt(vx * vy)};
}

Ratio gathered(std::size_t replicates, const std::function<Parts(std::size_t)>& parts) {
    Ratio out;
    out.numerator.reserve(replicates);
    out.denominator.reserve(replicates);
    for (std::size_t r = 0; r < replicates; ++r) {
        const Parts p = parts(r);
        out.numerator.push_back(p.numerator);
        out.denominator.push_back(p.denominator);
    }
    return out;
}

/// Of values of two sets of which the second is f(A with group i): their dependence itself, or what it leaves.
Ratio of_pairs(const std::vector<PairSums>& sums, std::size_t group, bool with_b, Parts (*parts)(const Pair&, const Pair&)) {
    std::vector<Pair> pairs;
    for (const PairSums& s : sums) pairs.push_back(with_b ? of_b(s, s.from_a[group]) : of_a(s, s.from_a[group]));
    const Pair all = mean_of(pairs);
    return gathered(sums.size(), [&](std::size_t r) {
        const Parts p = parts(pairs[r], all);
        return Parts{with_b ? p.numerator : p.denominator - p.numerator, p.denominator};
    });
}

/// Mean over A and B alone, as published; of all sets in the default method.
double reference_mean(SobolMethod method, const std::vector<PairSums>& sums) {
    if (method == SobolMethod::combined) return overall_mean(sums);
    double sum = 0, n = 0;
    for (const PairSums& s : sums) sum += s.a + s.b, n += 2 * s.n;
    return sum / n;
}

double variance(SobolMethod method, const PairSums& s, double mean) {
    if (method == SobolMethod::combined || method == SobolMethod::owen)
        return s.squares() / s.count() - 2 * mean * s.total() / s.count() + mean * mean;
    return 0.5 * (s.aa + s.bb) / s.n - mean * (s.a + s.b) / s.n + mean * mean;
}

double first_numerator(SobolMethod method, const PairSums& s, std::size_t group, double mean, double variance) {
    const Pair p = of_b(s, s.from_a[group]);
    switch (method) {
        case SobolMethod::jansen: return variance - 0.5 * (p.xx + p.yy - 2 * p.xy);
        case SobolMethod::saltelli: return (s.from_a[group].with_b - mean * s.from_a[group].sum) / s.n;
        case SobolMethod::owen: return -s.both(static_cast<std::int64_t>(group), static_cast<std::int64_t>(group)) / s.n;
        default: return first_order_part(s, group, mean);
    }
}

double total_numerator(SobolMethod method, const PairSums& s, std::size_t group) {
    const bool one_way = method == SobolMethod::saltelli || method == SobolMethod::jansen;
    return one_way ? 0.5 * s.from_a[group].square / s.n : total_order_part(s, group);
}

}  // namespace

double Ratio::value() const { return total(numerator) / total(denominator); }

std::vector<double> Ratio::errors() const {
    const double index = value(), mean = total(denominator) / static_cast<double>(denominator.size());
    std::vector<double> out;
    out.reserve(numerator.size());
    for (std::size_t r = 0; r < numerator.size(); ++r) out.push_back((numerator[r] - index * denominator[r]) / mean);
    return out;
}

Combination combine(const std::vector<Ratio>& candidates) {
    std::vector<std::vector<double>> errors;
    for (const Ratio& c : candidates) errors.push_back(c.errors());
    Combination out{0, std::vector<double>(errors.front().size()), {1.0}};
    if (candidates.size() > 1) out.weights = simplex_weights(covariance_of(errors));
    for (std::size_t k = 0; k < candidates.size(); ++k) {
        if (out.weights[k] == 0) continue;
        out.value += out.weights[k] * candidates[k].value();
        for (std::size_t r = 0; r < out.errors.size(); ++r) out.errors[r] += out.weights[k] * errors[k][r];
    }
    const double hidden = hidden_by_choice(out.weights, static_cast<double>(out.errors.size()));
    for (double& e : out.errors) e *= hidden;
    return out;
}

std::vector<Ratio> together(const std::vector<std::vector<Ratio>>& outputs, bool scaled) {
    const std::size_t replicates = outputs.front().front().numerator.size();
    std::vector<Ratio> all(outputs.front().size(), {std::vector<double>(replicates), std::vector<double>(replicates)});
    for (const auto& candidates : outputs)
        for (std::size_t k = 0; k < candidates.size(); ++k) {
            const double index = candidates[k].value();
            const std::vector<double> errors = candidates[k].errors();
            for (std::size_t r = 0; r < replicates; ++r) {
                all[k].numerator[r] += scaled ? index + errors[r] : candidates[k].numerator[r];
                all[k].denominator[r] += scaled ? 1 : candidates[k].denominator[r];
            }
        }
    return all;
}

double overall_mean(const std::vector<PairSums>& replicates) {
    double sum = 0, count = 0;
    for (const PairSums& s : replicates) sum += s.total(), count += s.count();
    return sum / count;
}

double first_order_part(const PairSums& s, std::size_t group, double mean) {
    const auto g = static_cast<std::int64_t>(group);
    if (s.both.rows > 0) return -0.5 * s.both(g, g) / s.n;
    return (s.from_a[group].with_b - mean * s.from_a[group].sum) / s.n;
}

double total_order_part(const PairSums& s, std::size_t group) {
    if (s.from_b.empty()) return 0.5 * s.from_a[group].square / s.n;
    return 0.25 * (s.from_a[group].square + s.from_b[group].square) / s.n;
}

double second_order_part(const PairSums& s, std::int64_t i, std::int64_t j) { return 0.5 * (s.both(i, j) + s.both(j, i)) / s.n; }

std::vector<Ratio> ratios(SobolMethod method, const std::vector<PairSums>& sums, bool second_order) {
    const std::size_t groups = sums.front().from_a.size(), replicates = sums.size();
    const bool paired = method == SobolMethod::janon || method == SobolMethod::martinez;
    const auto parts = method == SobolMethod::janon ? &pooled : &correlation;
    const double mean = reference_mean(method == SobolMethod::owen ? SobolMethod::combined : method, sums);
    std::vector<double> v;
    for (const PairSums& s : sums) v.push_back(variance(method, s, mean));
    std::vector<Ratio> out;
    for (std::size_t g = 0; g < groups; ++g)
        out.push_back(paired ? of_pairs(sums, g, true, parts) : gathered(replicates, [&](std::size_t r) {
            return Parts{first_numerator(method, sums[r], g, mean, v[r]), v[r]};
        }));
    for (std::size_t g = 0; g < groups; ++g)
        out.push_back(paired ? of_pairs(sums, g, false, parts) : gathered(replicates, [&](std::size_t r) {
            return Parts{total_numerator(method, sums[r], g), v[r]};
        }));
    for (std::size_t i = 0; second_order && i < groups; ++i)
        for (std::size_t j = i + 1; j < groups; ++j)
            out.push_back(gathered(replicates, [&](std::size_t r) {
                return Parts{second_order_part(sums[r], static_cast<std::int64_t>(i), static_cast<std::int64_t>(j)), v[r]};
            }));
    return out;
}

}  // namespace buffon
