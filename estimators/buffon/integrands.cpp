#include <buffon/integrands.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <span>

#include <buffon/logspace.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/sums.hpp>

namespace buffon {
namespace {

/// Largest tau in (0, 1] for which weights^tau has the effective size `need`; flattens `weights` in place.
double temper(std::vector<double>& weights, double need) {
    const double top = *std::ranges::max_element(weights);
    std::vector<double> logs;
    for (const double w : weights)
        if (w > 0) logs.push_back(std::log(w / top));
    const auto size = [&](double tau) {
        double sum = 0, squares = 0;
        for (const double l : logs) {
            const double w = std::exp(tau * l);
            sum += w;
            squares += w * w;
        }
        return sum * sum / squares;
    };
    double low = 0, high = 1;
    for (int step = 0; step < 24; ++step) (size(0.5 * (low + high)) >= need ? low : high) = 0.5 * (low + high);
    for (double& w : weights)
        if (w > 0) w = std::exp(low * std::log(w / top));
    return low;
}

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

/// w Phi(s / sigma) with the smallest sigma in (0, 4 sd(s)] whose effective size is `need`: a rare event seen from afar.
std::vector<double> smooth(std::span<const double> w, std::span<const double> s, double need) {
    const auto at = [&](double sigma) {
        std::vector<double> p(w.size());
        for (std::size_t i = 0; i < w.size(); ++i) p[i] = w[i] * normal_cdf(s[i] / sigma);
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

double sum_of(const std::vector<double>& p) {
    return buffon::sum_of(static_cast<std::int64_t>(p.size()), [&](std::int64_t i) { return p[static_cast<std::size_t>(i)]; });
}

/// Columns of a table, one after the other.
Matrix transposed(ConstView a) {
    Matrix t(a.cols, a.rows);
    constexpr std::int64_t tile = 16;
    for (std::int64_t i = 0; i < a.rows; i += tile)
        for (std::int64_t j = 0; j < a.cols; ++j)
            for (std::int64_t k = i; k < std::min(i + tile, a.rows); ++k) t(j, k) = a(k, j);
    return t;
}

/// One integrand on the pool: phi f / h, in place of the output y where the weight w is positive.
std::vector<double> integrand(std::span<const double> w, std::span<const double> y) {
    std::vector<double> r(w.size());
    for (std::size_t i = 0; i < w.size(); ++i) r[i] = w[i] > 0 ? w[i] * y[i] : 0.0;
    return r;
}

std::vector<double> signed_part(const std::vector<double>& r, double sign) {
    std::vector<double> p(r.size());
    for (std::size_t i = 0; i < r.size(); ++i) p[i] = std::max(sign * r[i], 0.0);
    return p;
}

/// A part with the weights of its fit, flattened until `need` is reached; none when fewer than three points carry it.
void add_part(Integrands& seen, std::int64_t e, double sign, std::vector<double> p, double size, double need) {
    const double mass = sum_of(p);
    if (!(mass > 0)) return;
    if (size < need) {
        if (temper(p, need) < 0.9) seen.provisional = true;
        size = effective_size(p);
    }
    if (size >= 3) seen.parts.push_back({e, sign, mass, std::move(p)});
}

void add_moments(Integrands& seen, const std::vector<double>& r) {
    const auto n = static_cast<std::int64_t>(r.size());
    const double mean = sum_of(r) / static_cast<double>(n);
    const double squares = buffon::sum_of(n, [&](std::int64_t i) {
        const double gap = r[static_cast<std::size_t>(i)] - mean;
        return gap * gap;
    });
    seen.mean.push_back(mean);
    seen.error.push_back(std::sqrt(squares) / static_cast<double>(n));
}

/// Looks at expectation e; returns phi f / h, smoothed where a score was used.
std::vector<double> look_at_one(Integrands& seen, std::int64_t e, std::span<const double> w, std::span<const double> y,
                                std::span<const double> score, double need) {
    std::vector<double> r = integrand(w, y);
    std::vector<double> positive = signed_part(r, 1.0);
    double size = effective_size(positive);
    if (!score.empty() && size < need) {
        r = positive = smooth(w, score, need);
        seen.provisional = true;
        size = effective_size(positive);
    }
    const double up = sum_of(positive), down = up - sum_of(r);
    add_part(seen, e, 1.0, std::move(positive), size, need);
    if (down > 0.01 * (up + down)) {
        std::vector<double> negative = signed_part(r, -1.0);
        const double negative_size = effective_size(negative);
        add_part(seen, e, -1.0, std::move(negative), negative_size, need);
    }
    add_moments(seen, r);
    return r;
}

}  // namespace

Integrands look_at(const Pool& pool, std::int64_t expectations, double need) {
    const Matrix w = transposed(pool.weights()), y = transposed(pool.y()), score = transposed(pool.score());
    Integrands seen;
    Matrix r(w.rows * expectations, pool.n());
    for (std::int64_t e = 0; e < r.rows; ++e) {
        const std::int64_t output = e % expectations;
        const auto one = look_at_one(seen, e, w.view().row(e / expectations), y.view().row(output),
                                     score.rows > 0 ? score.view().row(output) : std::span<const double>(), need);
        std::ranges::copy(one, r.view().row(e).begin());
    }
    seen.r = transposed(r);
    return seen;
}

std::vector<double> criterion_weights(const Integrands& seen, const std::vector<double>& given) {
    if (!given.empty()) return given;
    std::vector<double> w;
    for (std::size_t e = 0; e < seen.mean.size(); ++e) {
        // the error keeps an expectation near 0, known by its noise only, from ruling all others
        const double size = seen.mean[e] * seen.mean[e] + seen.error[e] * seen.error[e];
        w.push_back(size > 0 ? 1.0 / size : 0.0);
    }
    return w;
}

}  // namespace buffon
