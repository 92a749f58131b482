#include <buffon/mixture_choice.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <buffon/frame.hpp>
#include <buffon/kernels.hpp>
#include <buffon/linalg.hpp>
#include <buffon/logspace.hpp>

namespace buffon {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t searched = 1024;     // points of the search: more tell the number of components no better
constexpr double points_a_number = 10;      // effective points that each number of a component asks for
constexpr std::int64_t most_directions = 12;
constexpr int starts = 3, first_steps = 4, most_steps = 40;

struct Cloud {
    Matrix z;                // (n, d)
    std::vector<double> w;   // (n) > 0

    double total() const { return std::accumulate(w.begin(), w.end(), 0.0); }
};

void append(Cloud& cloud, std::span<const double> row, double weight) {
    cloud.z.data.insert(cloud.z.data.end(), row.begin(), row.end());
    ++cloud.z.rows;
    cloud.w.push_back(weight);
}

/// The rows that carry weight.
Cloud carriers(ConstView z, std::span<const double> weights) {
    const double least = 1e-5 * *std::ranges::max_element(weights);
    Cloud cloud{Matrix(0, z.cols), {}};
    for (std::int64_t i = 0; i < z.rows; ++i)
        if (const double w = weights[static_cast<std::size_t>(i)]; w > least) append(cloud, z.row(i), w);
    return cloud;
}

/// At most about `count` of them by systematic resampling, which keeps every share of the weight.
Cloud thinned(const Cloud& all, std::int64_t count, double start) {
    if (all.z.rows <= count) return all;
    const double step = all.total() / static_cast<double>(count);
    Cloud some{Matrix(0, all.z.cols), {}};
    double next = start * step, sum = 0;
    for (std::int64_t i = 0; i < all.z.rows; ++i) {
        sum += all.w[static_cast<std::size_t>(i)];
        double copies = 0;
        for (; next < sum; next += step) ++copies;
        if (copies > 0) append(some, all.z.view().row(i), copies * step);
    }
    return some;
}

struct Model {
    std::vector<double> share;
    std::vector<Gaussian> laws;
    double log_likelihood = -infinity;   // per unit of weight

    std::int64_t size() const { return static_cast<std::int64_t>(laws.size()); }
};

/// Weights of the rows in each component (n, K); the mean log density of the mixture into `log_likelihood`.
Matrix shares(const Cloud& cloud, const Model& model, double& log_likelihood) {
    Matrix out(cloud.z.rows, model.size());
    Gaussians(model.laws).log_density(cloud.z, out);
    const std::vector<double> log_sum = mixture_ratios(out, model.share);
    log_likelihood = 0;
    for (std::int64_t i = 0; i < out.rows; ++i) {
        const double w = cloud.w[static_cast<std::size_t>(i)];
        log_likelihood += w * log_sum[static_cast<std::size_t>(i)];
        for (std::int64_t k = 0; k < out.cols; ++k) out(i, k) *= w * model.share[static_cast<std::size_t>(k)];
    }
    log_likelihood /= cloud.total();
    return out;
}

double effective_size_of(const Matrix& weights, std::int64_t k) {
    double sum = 0, squares = 0;
    for (std::int64_t i = 0; i < weights.rows; ++i) {
        sum += weights(i, k);
        squares += weights(i, k) * weights(i, k);
    }
    return squares > 0 ? sum * sum / squares : 0.0;
}

/// Mean of the components' covariances by mass.
Matrix common_covariance(const std::vector<WeightedMoments>& moments, std::int64_t d) {
    Matrix out(d, d);
    double total = 0;
    for (const auto& m : moments) total += m.mass;
    for (const auto& m : moments)
        for (std::size_t a = 0; m.mass > 0 && a < out.data.size(); ++a) out.data[a] += m.mass / total * m.covariance.data[a];
    return out;
}

/// Components of these shares (n, K) of the weights, as the frame sees them; those of less than three points are dropped.
Model fitted(ConstView z, const Matrix& weights, const Frame& frame, const Least& least = {}) {
    std::vector<WeightedMoments> moments = weighted_moments(z, weights);
    const Matrix common = common_covariance(moments, z.cols);
    Model model;
    for (std::int64_t k = 0; k < weights.cols; ++k) {
        WeightedMoments& m = moments[static_cast<std::size_t>(k)];
        const double effective = effective_size_of(weights, k);
        if (effective < 3) continue;
        const double mass = m.mass;
        WeightedMoments seen = within(frame, std::move(m), effective, common);
        if (least.variance > 0 && effective < least.below) seen.covariance = widened(seen.covariance, least.variance);
        auto factor = factor_with_jitter(std::move(seen.covariance), {});
        if (!factor) continue;
        model.laws.push_back({std::move(seen.mean), std::move(*factor)});
        model.share.push_back(mass);
    }
    const double total = std::accumulate(model.share.begin(), model.share.end(), 0.0);
    for (double& s : model.share) s /= total;
    return model;
}

/// k-means++: each next centre by weight times squared distance to the nearest so far. Then each row to its nearest.
Matrix seeded(const Cloud& cloud, std::int64_t count, const Stream& stream, std::int64_t restart) {
    const std::int64_t n = cloud.z.rows;
    std::vector<double> mass = cloud.w, nearest(cloud.w.size(), infinity);
    std::vector<std::int64_t> owner(cloud.w.size(), 0);
    for (std::int64_t k = 0; k < count; ++k) {
        double left = stream.uniform(restart, k) * std::accumulate(mass.begin(), mass.end(), 0.0);
        std::int64_t centre = 0;
        for (std::int64_t i = 0; i < n; ++i)
            if (const double m = mass[static_cast<std::size_t>(i)]; m > 0) {
                centre = i;
                if ((left -= m) < 0) break;
            }
        for (std::int64_t i = 0; i < n; ++i) {
            const auto at = static_cast<std::size_t>(i);
            double square = 0;
            for (std::int64_t j = 0; j < cloud.z.cols; ++j) square += std::pow(cloud.z(i, j) - cloud.z(centre, j), 2);
            if (square < nearest[at]) {
                nearest[at] = square;
                owner[at] = k;
            }
            mass[at] = cloud.w[at] * nearest[at];
        }
    }
    Matrix out(n, count);
    for (std::int64_t i = 0; i < n; ++i) out(i, owner[static_cast<std::size_t>(i)]) = cloud.w[static_cast<std::size_t>(i)];
    return out;
}

/// EM steps until the likelihood of `effective` points grows by less than what a test could tell.
Model climb(const Cloud& cloud, Model model, const Frame& frame, double effective, int steps) {
    double last = -infinity;
    for (int step = 0; step < steps && model.size() > 0; ++step) {
        double likelihood = 0;
        const Matrix weights = shares(cloud, model, likelihood);
        model.log_likelihood = likelihood;
        if (2 * effective * (likelihood - last) < 0.1) break;
        last = likelihood;
        if (step + 1 < steps) model = fitted(cloud.z, weights, frame);
    }
    return model;
}

Model best_of(const Cloud& cloud, std::int64_t count, const Frame& frame, double effective, const Stream& stream) {
    Model best;
    for (std::int64_t restart = 0; restart < (count > 1 ? starts : 1); ++restart) {
        Model model = climb(cloud, fitted(cloud.z, seeded(cloud, count, stream, count * starts + restart), frame),
                            frame, effective, first_steps);
        if (model.size() > 0 && model.log_likelihood > best.log_likelihood) best = std::move(model);
    }
    return climb(cloud, std::move(best), frame, effective, most_steps);
}

/// The number of components with the least criterion; two more that are no better end the search.
Model search(const Cloud& cloud, std::int64_t most, double effective, const Stream& stream) {
    const std::int64_t r = cloud.z.cols;
    const Frame frame{frame_of({1.0, {}, Matrix(r, r)}, effective, r)};
    const double numbers = 1 + static_cast<double>(r) + 0.5 * static_cast<double>(r * (r + 1));
    Model best;
    double least = infinity;
    for (std::int64_t count = 1, worse = 0; count <= most && worse < 2; ++count) {
        Model model = best_of(cloud, count, frame, effective, stream);
        if (model.size() == 0) break;
        const double criterion =
            -2 * effective * model.log_likelihood + static_cast<double>(model.size()) * numbers * std::log(effective);
        ++worse;
        if (criterion < least) {
            least = criterion;
            best = std::move(model);
            worse = 0;
        }
    }
    return best;
}

/// Coordinates in which all of the points together are standard.
void whiten(Matrix& z, const WeightedMoments& moments) {
    const auto factor = factor_with_jitter(moments.covariance, {.relative_jitter = 1e-10});
    for (std::int64_t i = 0; factor && i < z.rows; ++i) {
        double* row = z.view().row(i).data();
        for (std::int64_t j = 0; j < z.cols; ++j) row[j] -= moments.mean[static_cast<std::size_t>(j)];
        solve_lower(*factor, row);
    }
}

ConstView as_column(const std::vector<double>& w) { return {w.data(), static_cast<std::int64_t>(w.size()), 1}; }

std::int64_t directions_for(double effective) {
    std::int64_t r = 0;
    while (r < most_directions && static_cast<double>((r + 1) * (r + 4)) / 2 * points_a_number <= effective) ++r;
    return r;
}

}  // namespace

std::vector<FittedComponent> choose_mixture(ConstView z, std::span<const double> weights, std::int64_t most, const Stream& stream,
                                            const Least& least) {
    const double effective = effective_size(weights);
    if (!(effective > 0)) return {};
    const Cloud all = carriers(z, weights);
    const Frame frame = frame_of(weighted_moments(all.z, as_column(all.w)).front(), effective, directions_for(effective));
    Matrix own(all.z.rows, 1);
    own.data = all.w;
    if (frame.leading > 0 && most > 1) {
        Cloud seen{frame.project(all.z), all.w};
        whiten(seen.z, weighted_moments(seen.z, as_column(seen.w)).front());
        const Model model = search(thinned(seen, searched, stream.uniform(0, 0)), most, effective, stream);
        double likelihood = 0;
        if (model.size() > 1) own = shares(seen, model, likelihood);
    }
    const Model model = fitted(all.z, own, frame, least);
    std::vector<FittedComponent> out;
    for (std::size_t k = 0; k < model.laws.size(); ++k) out.push_back({model.share[k], model.laws[k]});
    return out;
}

std::optional<Gaussian> umbrella(ConstView z, std::span<const double> weights) {
    std::vector<FittedComponent> one = choose_mixture(z, weights, 1, {}, {1.0});
    if (one.empty()) return std::nullopt;
    return std::move(one.front().law);
}

}  // namespace buffon
