#include <buffon/gaussian_fit.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <stdexcept>

#include <buffon/elementary.hpp>
#include <buffon/kernels.hpp>
#include <buffon/linalg.hpp>
#include <buffon/logspace.hpp>
#include <buffon/parallel.hpp>
#include <buffon/student_fit.hpp>

namespace buffon {
namespace {

std::vector<double> weighted_mean(ConstView z, std::span<const double> weights, double total) {
    std::vector<double> mean(static_cast<std::size_t>(z.cols));
    for (std::int64_t i = 0; i < z.rows; ++i)
        if (const double p = weights[static_cast<std::size_t>(i)] / total; p > 0)
            for (std::int64_t j = 0; j < z.cols; ++j) mean[static_cast<std::size_t>(j)] += p * z(i, j);
    return mean;
}

Matrix weighted_covariance(ConstView z, std::span<const double> weights, double total, const std::vector<double>& mean) {
    const std::int64_t d = z.cols;
    Matrix s(d, d);
    std::vector<double> gap(mean.size());
    for (std::int64_t i = 0; i < z.rows; ++i) {
        const double p = weights[static_cast<std::size_t>(i)] / total;
        if (p <= 0) continue;
        for (std::int64_t j = 0; j < d; ++j) gap[static_cast<std::size_t>(j)] = z(i, j) - mean[static_cast<std::size_t>(j)];
        for (std::int64_t j = 0; j < d; ++j)
            for (std::int64_t k = 0; k <= j; ++k)
                s(j, k) += p * gap[static_cast<std::size_t>(j)] * gap[static_cast<std::size_t>(k)];
    }
    for (std::int64_t j = 0; j < d; ++j)
        for (std::int64_t k = 0; k < j; ++k) s(k, j) = s(j, k);
    return s;
}

double mean_variance(const Matrix& s) {
    double sum = 0;
    for (std::int64_t j = 0; j < s.rows; ++j) sum += s(j, j);
    return sum / static_cast<double>(s.rows);
}

/// min(1, a / b), 1 when there is nothing to keep.
double shrinkage(double noise, double signal) { return signal > 0 ? std::min(1.0, noise / signal) : 1.0; }

/// s as estimated from `effective` independent points: covariances pulled to 0, variances to their mean.
void shrink(Matrix& s, double effective) {
    const double centre = mean_variance(s);
    double noise_off = 0, signal_off = 0, noise_on = 0, signal_on = 0;
    for (std::int64_t a = 0; a < s.rows; ++a) {
        noise_on += 2 * s(a, a) * s(a, a);
        signal_on += (s(a, a) - centre) * (s(a, a) - centre);
        for (std::int64_t b = 0; b < s.cols; ++b)
            if (a != b) {
                noise_off += s(a, a) * s(b, b) + s(a, b) * s(a, b);
                signal_off += s(a, b) * s(a, b);
            }
    }
    const double off = shrinkage(noise_off / effective, signal_off);
    const double on = shrinkage(noise_on / effective, signal_on);
    for (std::int64_t a = 0; a < s.rows; ++a)
        for (std::int64_t b = 0; b < s.cols; ++b)
            s(a, b) = a == b ? (1 - on) * s(a, a) + on * centre : (1 - off) * s(a, b);
}

void make_diagonal(Matrix& s) {
    for (std::int64_t a = 0; a < s.rows; ++a)
        for (std::int64_t b = 0; b < s.cols; ++b)
            if (a != b) s(a, b) = 0;
}

/// N(mean, s), s as the options want it.
std::optional<Gaussian> with_covariance(std::vector<double> mean, Matrix s, double effective, const FitOptions& options) {
    if (options.shrink && s.rows > 1) shrink(s, effective);
    if (options.diagonal) make_diagonal(s);
    auto factor = factor_with_jitter(std::move(s), options);
    if (!factor) return std::nullopt;
    return Gaussian{std::move(mean), std::move(*factor), options.degrees};
}

std::vector<double> plain_mean(ConstView z) {
    std::vector<double> mean(static_cast<std::size_t>(z.cols));
    for (std::int64_t i = 0; i < z.rows; ++i)
        for (std::int64_t j = 0; j < z.cols; ++j) mean[static_cast<std::size_t>(j)] += z(i, j) / static_cast<double>(z.rows);
    return mean;
}

/// 1, y and the lower triangle of y y' for y = z - centre, row after row.
void put_monomials(ConstView z, const std::vector<double>& centre, Matrix& out) {
    std::vector<double> y(centre.size());
    for (std::int64_t i = 0; i < z.rows; ++i) {
        double* to = out.data.data() + i * out.cols;
        *to++ = 1.0;
        for (std::size_t j = 0; j < y.size(); ++j) *to++ = y[j] = z(i, static_cast<std::int64_t>(j)) - centre[j];
        for (std::size_t j = 0; j < y.size(); ++j)
            for (std::size_t k = 0; k <= j; ++k) *to++ = y[j] * y[k];
    }
}

/// Sums of weights times 1, y, y y' (see put_monomials), one column of each for every column of weights.
Matrix weighted_monomials(ConstView z, ConstView weights, const std::vector<double>& centre, int threads) {
    constexpr std::int64_t slice = 512;   // stays in the cache
    const std::int64_t count = 1 + z.cols + z.cols * (z.cols + 1) / 2;
    const std::int64_t slices = (z.rows + slice - 1) / slice, together = 64;   // partial sums that wait for their turn
    Matrix sums(count, weights.cols);
    for (std::int64_t begin = 0; begin < slices; begin += together) {
        std::vector<Matrix> parts(static_cast<std::size_t>(std::min(together, slices - begin)));
        parallel::for_each(static_cast<std::int64_t>(parts.size()), threads, [&](std::int64_t s) {
            const std::int64_t first = (begin + s) * slice, rows = std::min(slice, z.rows - first);
            Matrix monomials(rows, count), part(count, weights.cols);
            put_monomials(z.slice(first, rows), centre, monomials);
            add_products(monomials, weights.slice(first, rows), part);
            parts[static_cast<std::size_t>(s)] = std::move(part);
        });
        for (const Matrix& part : parts)
            for (std::size_t k = 0; k < part.data.size(); ++k) sums.data[k] += part.data[k];
    }
    return sums;
}

/// Mean about the centre and covariance from column p of the sums of weighted monomials.
void mean_and_covariance(const Matrix& sums, std::int64_t p, std::vector<double>& mean, Matrix& s) {
    std::int64_t row = 1;
    for (double& m : mean) m = sums(row++, p) / sums(0, p);
    for (std::int64_t j = 0; j < s.rows; ++j)
        for (std::int64_t k = 0; k <= j; ++k)
            s(j, k) = s(k, j) =
                sums(row++, p) / sums(0, p) - mean[static_cast<std::size_t>(j)] * mean[static_cast<std::size_t>(k)];
}

std::vector<double> column(ConstView table, std::int64_t j) {
    std::vector<double> out(static_cast<std::size_t>(table.rows));
    for (std::int64_t i = 0; i < table.rows; ++i) out[static_cast<std::size_t>(i)] = table(i, j);
    return out;
}

/// Whether second moments about a far centre have left enough digits of the variances.
bool digits_left(const Matrix& s, const std::vector<double>& mean) {
    for (std::int64_t j = 0; j < s.rows; ++j)
        if (!(s(j, j) > 1e-6 * mean[static_cast<std::size_t>(j)] * mean[static_cast<std::size_t>(j)])) return false;
    return true;
}

struct State {
    std::vector<FittedComponent> components;
    double log_likelihood = -std::numeric_limits<double>::infinity();
};

/// A row of the points, by weight, for a uniform number v.
std::int64_t pick(std::span<const double> weights, double v) {
    double left = v * std::accumulate(weights.begin(), weights.end(), 0.0);
    std::int64_t last = 0;
    for (std::size_t i = 0; i < weights.size(); ++i) {
        if (weights[i] > 0) last = static_cast<std::int64_t>(i);
        if ((left -= weights[i]) < 0) break;
    }
    return last;
}

double squared_distance(std::span<const double> a, std::span<const double> b) {
    double sum = 0;
    for (std::size_t j = 0; j < a.size(); ++j) sum += (a[j] - b[j]) * (a[j] - b[j]);
    return sum;
}

/// k-means++ with weights: each next centre by weight times squared distance to the centres so far. Random: by weight > 0 only.
std::vector<std::int64_t> centres(ConstView z, std::span<const double> weights, std::int64_t count, bool random,
                                  const Stream& stream, std::int64_t restart) {
    std::vector<double> mass(weights.begin(), weights.end());
    if (random)
        for (double& m : mass) m = m > 0 ? 1.0 : 0.0;
    std::vector<std::int64_t> chosen;
    for (std::int64_t k = 0; k < count; ++k) {
        chosen.push_back(pick(mass, stream.uniform(restart, k)));
        const auto centre = z.row(chosen.back());
        for (std::int64_t i = 0; i < z.rows; ++i) {
            const auto a = static_cast<std::size_t>(i);
            if (random) {
                if (i == chosen.back()) mass[a] = 0;
            } else {
                const double once = k == 0 ? weights[a] * squared_distance(z.row(i), centre)
                                           : std::min(mass[a], weights[a] * squared_distance(z.row(i), centre));
                mass[a] = once;
            }
        }
    }
    return chosen;
}

/// Hard assignment to the nearest centre, then one Gaussian per group.
State start(ConstView z, std::span<const double> weights, const std::vector<std::int64_t>& at,
            const FitOptions& options, double total) {
    Matrix share(static_cast<std::int64_t>(at.size()), z.rows);
    for (std::int64_t i = 0; i < z.rows; ++i) {
        const auto near = std::ranges::min_element(at, {}, [&](std::int64_t c) { return squared_distance(z.row(i), z.row(c)); });
        share(near - at.begin(), i) = weights[static_cast<std::size_t>(i)];
    }
    State state;
    for (std::int64_t k = 0; k < share.rows; ++k) {
        const auto group = share.view().row(k);
        const double mass = std::accumulate(group.begin(), group.end(), 0.0);
        if (mass <= 0) continue;
        if (auto law = fit_gaussian(z, group, options)) state.components.push_back({mass / total, std::move(*law)});
    }
    return state;
}

std::vector<Gaussian> laws_of(const State& state) {
    std::vector<Gaussian> laws;
    for (const auto& c : state.components) laws.push_back(c.law);
    return laws;
}

/// One step: responsibilities inside the weights, then weighted fits. Components empty under hard assignment are dropped.
State em_step(ConstView z, std::span<const double> weights, const State& state, const FitOptions& options, double total) {
    const auto k_count = static_cast<std::int64_t>(state.components.size());
    Matrix log_density(z.rows, k_count);
    Gaussians(laws_of(state)).log_density(z, log_density);
    Matrix share(k_count, z.rows);
    std::vector<bool> wins(static_cast<std::size_t>(k_count), false);
    double likelihood = 0;
    for (std::int64_t i = 0; i < z.rows; ++i) {
        const double p = weights[static_cast<std::size_t>(i)];
        if (p <= 0) continue;
        const auto row = log_density.view().row(i);
        for (std::int64_t k = 0; k < k_count; ++k)
            row[static_cast<std::size_t>(k)] += elementary::log(state.components[static_cast<std::size_t>(k)].share);
        const double norm = log_sum_exp(row);
        likelihood += p * norm / total;
        wins[static_cast<std::size_t>(std::ranges::max_element(row) - row.begin())] = true;
        for (std::int64_t k = 0; k < k_count; ++k) share(k, i) = p * elementary::exp(row[static_cast<std::size_t>(k)] - norm);
    }
    State next;
    next.log_likelihood = likelihood;
    for (std::int64_t k = 0; k < k_count; ++k) {
        if (!wins[static_cast<std::size_t>(k)]) continue;
        const auto group = share.view().row(k);
        const double mass = std::accumulate(group.begin(), group.end(), 0.0);
        const auto counted = student_weights(z, group, state.components[static_cast<std::size_t>(k)].law);
        if (auto law = fit_gaussian(z, counted, options)) next.components.push_back({mass / total, std::move(*law)});
    }
    return next;
}

}  // namespace

std::optional<Matrix> factor_with_jitter(Matrix s, const FitOptions& options) {
    const double scale = mean_variance(s);
    double jitter = options.absolute_jitter + options.relative_jitter * scale;
    double added = 0;
    for (int attempt = 0; attempt <= 12; ++attempt) {
        for (std::int64_t j = 0; j < s.rows; ++j) s(j, j) += jitter - added;
        added = jitter;
        try {
            return cholesky(s, "aiscv", "covariance of a component");
        } catch (const std::invalid_argument&) {
            jitter = std::max(10 * jitter, 1e-12 * scale);
        }
    }
    return std::nullopt;
}

std::optional<Gaussian> fit_gaussian(ConstView z, std::span<const double> weights, const FitOptions& options) {
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    if (!(total > 0)) return std::nullopt;
    std::vector<double> mean = weighted_mean(z, weights, total);
    Matrix s = weighted_covariance(z, weights, total, mean);
    return with_covariance(std::move(mean), std::move(s), options.shrink ? effective_size(weights) : 0.0, options);
}

std::vector<WeightedMoments> weighted_moments(ConstView z, ConstView weights, int threads) {
    const std::vector<double> centre = plain_mean(z);
    const Matrix sums = weighted_monomials(z, weights, centre, threads);
    std::vector<WeightedMoments> moments;
    for (std::int64_t p = 0; p < weights.cols; ++p) {
        WeightedMoments m{sums(0, p), {}, {}};
        if (m.mass > 0) {
            m.mean.resize(centre.size());
            m.covariance = Matrix(z.cols, z.cols);
            mean_and_covariance(sums, p, m.mean, m.covariance);
            if (digits_left(m.covariance, m.mean)) {
                for (std::size_t j = 0; j < centre.size(); ++j) m.mean[j] += centre[j];
            } else {
                const std::vector<double> own = column(weights, p);
                m.mean = weighted_mean(z, own, m.mass);
                m.covariance = weighted_covariance(z, own, m.mass, m.mean);
            }
        }
        moments.push_back(std::move(m));
    }
    return moments;
}

std::vector<std::optional<Gaussian>> fit_gaussians(ConstView z, ConstView weights, std::span<const double> effective_sizes,
                                                   const FitOptions& options) {
    std::vector<std::optional<Gaussian>> laws;
    for (WeightedMoments& m : weighted_moments(z, weights, options.threads)) {
        const double effective = effective_sizes[laws.size()];
        laws.push_back(m.mass > 0 ? with_covariance(std::move(m.mean), std::move(m.covariance), effective, options)
                                  : std::nullopt);
    }
    return laws;
}

std::vector<FittedComponent> fit_mixture(ConstView z, std::span<const double> weights, std::int64_t components,
                                         const FitOptions& options, const Stream& stream) {
    if (components == 1) {
        auto law = std::isfinite(options.degrees) ? fit_student(z, weights, options) : fit_gaussian(z, weights, options);
        return law ? std::vector<FittedComponent>{{1.0, std::move(*law)}} : std::vector<FittedComponent>{};
    }
    const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
    if (!(total > 0)) return {};
    State best;
    for (std::int64_t restart = 0; restart < (options.random_start ? 1 : 3); ++restart) {
        State state = start(z, weights, centres(z, weights, components, options.random_start, stream, restart), options, total);
        for (int step = 0; step < 500 && !state.components.empty(); ++step) {
            State next = em_step(z, weights, state, options, total);
            const bool settled = std::abs(next.log_likelihood - state.log_likelihood) < 1e-5 * std::abs(next.log_likelihood);
            state = std::move(next);
            if (settled) break;
        }
        if (!state.components.empty() && (best.components.empty() || state.log_likelihood > best.log_likelihood))
            best = std::move(state);
    }
    return best.components;
}

}  // namespace buffon
