#include <buffon/integrands.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <buffon/logspace.hpp>
#include <buffon/normal_functions.hpp>

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

double standard_deviation(const std::vector<double>& s) {
    const double n = static_cast<double>(s.size());
    const double mean = std::accumulate(s.begin(), s.end(), 0.0) / n;
    double squares = 0;
    for (const double v : s) squares += (v - mean) * (v - mean);
    return std::sqrt(squares / n);
}

/// w Phi(s / sigma) with the smallest sigma in (0, 4 sd(s)] whose effective size is `need`: a rare event seen from afar.
std::vector<double> smooth(const std::vector<double>& w, const std::vector<double>& s, double need) {
    const auto at = [&](double sigma) {
        std::vector<double> p(w.size());
        for (std::size_t i = 0; i < w.size(); ++i) p[i] = w[i] * normal_cdf(s[i] / sigma);
        return p;
    };
    double low = 0, high = 4 * standard_deviation(s);
    for (int step = 0; step < 24; ++step) {
        const double middle = 0.5 * (low + high);
        (effective_size(at(middle)) >= need ? high : low) = middle;
    }
    return at(high);
}

/// The weights max(+-phi, 0) f / h of one expectation.
std::vector<double> signed_part(const Matrix& r, std::int64_t e, double sign) {
    std::vector<double> p(static_cast<std::size_t>(r.rows));
    for (std::int64_t i = 0; i < r.rows; ++i) p[static_cast<std::size_t>(i)] = std::max(sign * r(i, e), 0.0);
    return p;
}

/// Column e of r from the score instead of the indicator.
std::vector<double> seen_from_afar(const Pool& pool, const Matrix& w, std::int64_t law, std::int64_t output, double need) {
    std::vector<double> weight(static_cast<std::size_t>(pool.n())), score(weight.size());
    for (std::int64_t i = 0; i < pool.n(); ++i) {
        weight[static_cast<std::size_t>(i)] = w(i, law);
        score[static_cast<std::size_t>(i)] = pool.score()(i, output);
    }
    return smooth(weight, score, need);
}

void add_part(Integrands& seen, std::int64_t e, double sign, std::vector<double> p, double need) {
    const double mass = std::accumulate(p.begin(), p.end(), 0.0);
    if (!(mass > 0)) return;
    if (effective_size(p) < need && temper(p, need) < 0.9) seen.provisional = true;
    if (effective_size(p) >= 3) seen.parts.push_back({e, sign, mass, std::move(p)});
}

void moments_of(Integrands& seen) {
    const double n = static_cast<double>(seen.r.rows);
    for (std::int64_t e = 0; e < seen.r.cols; ++e) {
        double sum = 0, squares = 0;
        for (std::int64_t i = 0; i < seen.r.rows; ++i) sum += seen.r(i, e);
        const double mean = sum / n;
        for (std::int64_t i = 0; i < seen.r.rows; ++i) squares += (seen.r(i, e) - mean) * (seen.r(i, e) - mean);
        seen.mean.push_back(mean);
        seen.error.push_back(std::sqrt(squares / n / n));
    }
}

}  // namespace

Integrands look_at(const Pool& pool, std::int64_t expectations, double need) {
    const Matrix w = pool.weights();
    Integrands seen;
    seen.r = Matrix(pool.n(), w.cols * expectations);
    for (std::int64_t i = 0; i < pool.n(); ++i)
        for (std::int64_t j = 0; j < w.cols; ++j)
            for (std::int64_t k = 0; k < expectations; ++k)
                seen.r(i, j * expectations + k) = w(i, j) > 0 ? w(i, j) * pool.y()(i, k) : 0.0;
    for (std::int64_t e = 0; e < seen.r.cols; ++e) {
        std::vector<double> positive = signed_part(seen.r, e, 1.0), negative = signed_part(seen.r, e, -1.0);
        const double up = std::accumulate(positive.begin(), positive.end(), 0.0);
        const double down = std::accumulate(negative.begin(), negative.end(), 0.0);
        const bool scored = pool.score().rows > 0 && effective_size(positive) < need;
        if (scored) {
            positive = seen_from_afar(pool, w, e / expectations, e % expectations, need);
            for (std::int64_t i = 0; i < pool.n(); ++i) seen.r(i, e) = positive[static_cast<std::size_t>(i)];
            seen.provisional = true;
        }
        add_part(seen, e, 1.0, std::move(positive), need);
        if (!scored && down > 0.01 * (up + down)) add_part(seen, e, -1.0, std::move(negative), need);
    }
    moments_of(seen);
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
