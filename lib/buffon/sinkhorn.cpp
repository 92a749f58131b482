#include <buffon/sinkhorn.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <buffon/assign_kernels.hpp>
#include <buffon/check.hpp>
#include <buffon/elementary.hpp>
#include <buffon/parallel.hpp>
#include <buffon/sums.hpp>

namespace buffon {
namespace {

using Numbers = std::vector<double>;

constexpr double nowhere = -1e30;           // logarithm of a weight that counts for nothing
constexpr double last_digit = 36.8;         // -log 2^-53
constexpr std::int64_t block = 64;          // rows of a task
constexpr double stage_shrink = 0.5;        // of epsilon, from one stage to the next
constexpr double stage_tolerance = 1e-2;
constexpr std::int64_t stage_iterations = 20;
constexpr std::int64_t look_every = 8;      // iterations between two looks at the rate of convergence
constexpr double largest_rate = 1 - 1e-6;

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
std::int64_t size(const Numbers& x) { return static_cast<std::int64_t>(x.size()); }

/// One of the two clouds, in units in which the cost is divided by epsilon.
class Cloud {
public:
    Cloud(ConstView points, Numbers weights) : points_(points), weights_(std::move(weights)) {
        for (const double w : weights_) log_weights_.push_back(w > 0.0 ? elementary::log(w) : nowhere);
    }

    void scale(double factor) {
        const std::int64_t n = points_.rows, d = points_.cols;
        keys_ = (n + soft_panel - 1) / soft_panel * soft_panel;
        scaled_ = Matrix(n, d);
        coordinates_.assign(at(keys_ * d), 0.0);
        for (std::int64_t i = 0; i < n; ++i)
            for (std::int64_t k = 0; k < d; ++k) scaled_(i, k) = coordinates_[at(k * keys_ + i)] = points_(i, k) * factor;
    }

    std::int64_t n() const { return points_.rows; }
    const Numbers& weights() const { return weights_; }
    ConstView points() const { return points_; }

    /// out_i = -log sum_j b_j e^(potential_j - D_ij) over the points of this cloud, for each row of the other one.
    void soft_minima(const Cloud& rows, const Numbers& potential, bool root, int threads, Numbers& out,
                     Numbers* mean_distance = nullptr) const {
        Numbers bias(at(keys_), nowhere);
        for (std::size_t j = 0; j < weights_.size(); ++j) bias[j] = std::max(potential[j] + log_weights_[j], nowhere);
        out.resize(at(rows.n()));
        if (mean_distance != nullptr) mean_distance->resize(at(rows.n()));
        parallel::for_each((rows.n() + block - 1) / block, threads, [&](std::int64_t b) {
            const std::int64_t first = b * block;
            assign_kernels().soft_sums(
                {.coordinates = coordinates_.data(),
                 .bias = bias.data(),
                 .keys = keys_,
                 .dim = points_.cols,
                 .x = rows.scaled_.data.data() + first * points_.cols,
                 .rows = std::min(block, rows.n() - first),
                 .root = root,
                 .cutoff = last_digit + elementary::log(static_cast<double>(keys_)),
                 .log_sum = out.data() + first,
                 .mean_distance = mean_distance == nullptr ? nullptr : mean_distance->data() + first});
        });
        for (double& x : out) x = -x;
    }

private:
    ConstView points_;
    Numbers weights_, log_weights_;
    Matrix scaled_;
    Numbers coordinates_;
    std::int64_t keys_ = 0;
};

double growth(double from, double to) { return elementary::exp(std::min(from - to, 700.0)); }

/// sum_i a_i |e^(from_i - to_i) - 1|: marginal error of a plan whose potential `from` should be `to`.
double marginal_error(const Numbers& a, const Numbers& from, const Numbers& to) {
    return sum_of(size(a), [&](std::int64_t i) { return a[at(i)] * std::abs(growth(from[at(i)], to[at(i)]) - 1.0); });
}

/// The relaxation that converges fastest where plain iterations shrink the error by `rate`; it shrinks by the result - 1 then.
double best_relaxation(double rate) { return 2.0 / (1.0 + std::sqrt(1.0 - std::clamp(rate, 0.0, largest_rate))); }

/// Watches the error and chooses the relaxation: Young's relation between the rates with and without it.
class Relaxation {
public:
    double factor() const { return factor_; }
    bool plain() const { return factor_ == 1.0; }
    void stop() {
        stopped_ = true;
        factor_ = 1.0;
    }
    void see(double error) {
        if (stopped_ || ++seen_ % look_every != 0) return;
        const double before = std::exchange(before_, error);
        if (!(before > 0.0)) return;
        const double next = adapted(elementary::exp(elementary::log(error / before) / static_cast<double>(look_every)));
        if (next != factor_) before_ = 0.0;   // errors of different factors do not compare
        factor_ = next;
    }

private:
    double adapted(double rate) const {
        if (!(rate < 1.0)) return 1.0 + (factor_ - 1.0) / 2.0;
        if (rate <= factor_ - 1.0) return factor_;
        const double shifted = rate + factor_ - 1.0;
        return best_relaxation(shifted * shifted / (rate * factor_ * factor_));
    }

    double factor_ = 1.0, before_ = 0.0;
    std::int64_t seen_ = 0;
    bool stopped_ = false;
};

void move_towards(Numbers& x, const Numbers& target, double factor) {
    if (factor == 1.0) x = target;
    else
        for (std::size_t i = 0; i < x.size(); ++i) x[i] += factor * (target[i] - x[i]);
}

struct State {
    Numbers f, g;   // divided by epsilon
    double error = 0.0;
    std::int64_t iterations = 0;
    bool converged = false;
};

class Coupling {
public:
    Coupling(Cloud x, Cloud y, const SinkhornOptions& options)
        : x_(std::move(x)), y_(std::move(y)), options_(options), root_(options.order == 1) {}

    void scale(double epsilon) {
        const double factor = root_ ? 1.0 / epsilon : 1.0 / std::sqrt(epsilon);
        x_.scale(factor);
        y_.scale(factor);
    }

    /// Until the error of the first marginal is small; that of the second is that of rounding after each plain update.
    void iterate(State& s, double tolerance, std::int64_t most) const {
        Relaxation relaxation;
        Numbers target;
        s.converged = false;
        bool exact = false;   // the second marginal
        for (std::int64_t last = s.iterations + most;; ++s.iterations) {
            y_.soft_minima(x_, s.g, root_, options_.threads, target);
            s.error = marginal_error(x_.weights(), s.f, target);
            s.converged = exact && s.error <= tolerance;
            if (s.converged || s.iterations == last) break;
            if (s.error <= tolerance) relaxation.stop();
            relaxation.see(s.error);
            move_towards(s.f, target, relaxation.factor());
            x_.soft_minima(y_, s.f, root_, options_.threads, target);
            exact = relaxation.plain();
            move_towards(s.g, target, relaxation.factor());
        }
        if (s.converged) return;
        x_.soft_minima(y_, s.f, root_, options_.threads, s.g);   // whatever was reached: a plan with one marginal exact
        y_.soft_minima(x_, s.g, root_, options_.threads, target);
        s.error = marginal_error(x_.weights(), s.f, target);
        s.converged = s.error <= tolerance;
    }

    /// Of a measure with itself: one potential, and half steps converge at once.
    void iterate_symmetric(State& s, double tolerance, std::int64_t most) const {
        Numbers target;
        for (std::int64_t last = s.iterations + most;; ++s.iterations) {
            y_.soft_minima(x_, s.f, root_, options_.threads, target);
            s.error = 2.0 * marginal_error(x_.weights(), s.f, target);
            s.converged = s.error <= tolerance;
            if (s.converged || s.iterations == last) break;
            move_towards(s.f, target, 0.5);
        }
        s.g = s.f;
    }

    Sinkhorn finish(const State& s, double epsilon) const {
        Numbers target, distance;
        y_.soft_minima(x_, s.g, root_, options_.threads, target, &distance);
        const auto row = [&](std::int64_t i) { return x_.weights()[at(i)] * growth(s.f[at(i)], target[at(i)]); };
        const double mass = sum_of(x_.n(), row);
        Sinkhorn out;
        out.cost = epsilon * sum_of(x_.n(), [&](std::int64_t i) { return row(i) * distance[at(i)]; });
        out.value = epsilon * (dot(x_.weights().data(), s.f.data(), x_.n()) +
                               dot(y_.weights().data(), s.g.data(), y_.n()) - (mass - 1.0));
        out.epsilon = epsilon;
        out.marginal_error = s.error;
        out.iterations = s.iterations;
        out.converged = s.converged;
        out.f = s.f;
        out.g = s.g;
        for (double& f : out.f) f *= epsilon;
        for (double& g : out.g) g *= epsilon;
        return out;
    }

    std::int64_t rows() const { return x_.n(); }
    std::int64_t columns() const { return y_.n(); }

private:
    Cloud x_, y_;
    const SinkhornOptions& options_;
    bool root_;
};

void check_points(const char* function, ConstView points, const char* name) {
    require(points.rows >= 1 && points.cols >= 1, function, ": ", name,
            " must have shape (n, d) with n and d at least 1, got (", points.rows, ", ", points.cols, ")");
    for (std::int64_t k = 0; k < points.size(); ++k)
        require(std::abs(points.data[k]) < 1e150, function, ": ", name, " must hold numbers up to 1e150, got ",
                points.data[k], " in row ", k / points.cols);
}

Numbers normalised(const char* function, const Numbers& weights, std::int64_t n, const char* name) {
    if (weights.empty()) return Numbers(at(n), 1.0 / static_cast<double>(n));
    require(size(weights) == n, function, ": ", name, " must have one weight per point, ", n, ", got ", size(weights));
    for (const double w : weights)
        require(w >= 0.0 && std::isfinite(w), function, ": ", name, " must hold finite numbers >= 0, got ", w);
    const double total = sum_of(n, [&](std::int64_t i) { return weights[at(i)]; });
    require(total > 0.0, function, ": ", name, " must not be zero everywhere");
    Numbers out = weights;
    for (double& w : out) w /= total;
    return out;
}

void check(const char* function, ConstView x, ConstView y, const SinkhornOptions& o) {
    check_points(function, x, "x");
    check_points(function, y, "y");
    require(x.cols == y.cols, function, ": x and y must have as many columns, got ", x.cols, " and ", y.cols);
    require(o.epsilon > 0.0 && std::isfinite(o.epsilon), function, ": epsilon must be positive and finite, got ", o.epsilon);
    require(o.order == 1 || o.order == 2, function, ": order must be 1 or 2, got ", o.order);
    require(o.tolerance > 0.0, function, ": tolerance must be positive, got ", o.tolerance);
    require(o.max_iterations >= 1, function, ": max_iterations must be at least 1, got ", o.max_iterations);
    require(o.threads >= 0, function, ": threads must not be negative, got ", o.threads);
}

/// Mean and largest cost of independent pairs.
struct PairCosts {
    double mean = 0.0, largest = 0.0;
};

PairCosts costs_of(const Cloud& x, const Cloud& y, const SinkhornOptions& o) {
    const ConstView of_x = x.points(), of_y = y.points();
    Numbers coordinates(at(of_y.size())), row_means(at(x.n())), row_largest(at(x.n()));
    for (std::int64_t j = 0; j < y.n(); ++j)
        for (std::int64_t k = 0; k < of_y.cols; ++k) coordinates[at(k * y.n() + j)] = of_y(j, k);
    parallel::for_each(x.n(), o.threads, [&](std::int64_t i) {
        Numbers line(at(y.n()));
        assign_kernels().distances_to(of_x.row(i).data(), coordinates.data(), y.n(), of_y.cols, o.order == 1, line.data());
        row_means[at(i)] = dot(y.weights().data(), line.data(), y.n());
        row_largest[at(i)] = *std::ranges::max_element(line);
    });
    return {dot(x.weights().data(), row_means.data(), x.n()), *std::ranges::max_element(row_largest)};
}

double absolute_epsilon(const SinkhornOptions& o, double mean_cost) {
    return o.relative && mean_cost > 0.0 ? o.epsilon * mean_cost : o.epsilon;
}

/// From a large epsilon, where a few iterations do, down to the one asked for: potentials change little from one to the next.
template <class Iterate>
State solve(Coupling& coupling, const SinkhornOptions& o, double epsilon, double largest_cost, const Iterate& iterate) {
    State s{Numbers(at(coupling.rows()), 0.0), Numbers(at(coupling.columns()), 0.0)};
    double now = std::max(epsilon, largest_cost);
    if (!o.f.empty() || !o.g.empty()) {
        now = epsilon;
        if (!o.f.empty()) s.f = o.f;
        if (!o.g.empty()) s.g = o.g;
        for (double& f : s.f) f /= now;
        for (double& g : s.g) g /= now;
    }
    while (now > epsilon) {
        coupling.scale(now);
        iterate(s, std::max(stage_tolerance, o.tolerance), std::min(stage_iterations, o.max_iterations - s.iterations));
        const double next = std::max(now * stage_shrink, epsilon);
        for (double& f : s.f) f *= now / next;
        for (double& g : s.g) g *= now / next;
        now = next;
    }
    coupling.scale(epsilon);
    iterate(s, o.tolerance, o.max_iterations - s.iterations);
    return s;
}

Sinkhorn between(const Cloud& x, const Cloud& y, const SinkhornOptions& o, double epsilon, double largest_cost, bool symmetric) {
    Coupling coupling(x, y, o);
    const auto iterate = [&](State& s, double tolerance, std::int64_t most) {
        symmetric ? coupling.iterate_symmetric(s, tolerance, most) : coupling.iterate(s, tolerance, most);
    };
    return coupling.finish(solve(coupling, o, epsilon, largest_cost, iterate), epsilon);
}

void check_start(const Numbers& potential, std::int64_t n, const char* name) {
    require(potential.empty() || size(potential) == n, "sinkhorn: ", name, " must have one number per point, ", n,
            ", got ", size(potential));
    for (const double p : potential) require(std::isfinite(p), "sinkhorn: ", name, " must hold finite numbers, got ", p);
}

}  // namespace

Sinkhorn sinkhorn(ConstView x, ConstView y, const SinkhornOptions& o) {
    check("sinkhorn", x, y, o);
    check_start(o.f, x.rows, "f");
    check_start(o.g, y.rows, "g");
    const Cloud of_x(x, normalised("sinkhorn", o.a, x.rows, "a")), of_y(y, normalised("sinkhorn", o.b, y.rows, "b"));
    const PairCosts costs = costs_of(of_x, of_y, o);
    return between(of_x, of_y, o, absolute_epsilon(o, costs.mean), costs.largest, false);
}

SinkhornDivergence sinkhorn_divergence(ConstView x, ConstView y, const SinkhornOptions& options) {
    check("sinkhorn_divergence", x, y, options);
    SinkhornOptions o = options;
    o.f.clear();
    o.g.clear();
    const Cloud of_x(x, normalised("sinkhorn_divergence", o.a, x.rows, "a")),
        of_y(y, normalised("sinkhorn_divergence", o.b, y.rows, "b"));
    const PairCosts costs = costs_of(of_x, of_y, o);
    const double epsilon = absolute_epsilon(o, costs.mean);
    SinkhornDivergence out{.value = 0.0, .epsilon = epsilon, .converged = true};
    const auto add = [&](const Cloud& p, const Cloud& q, double factor, bool symmetric) {
        const Sinkhorn part = between(p, q, o, epsilon, costs_of(p, q, o).largest, symmetric);
        out.value += factor * part.value;
        out.iterations += part.iterations;
        out.marginal_error = std::max(out.marginal_error, part.marginal_error);
        out.converged = out.converged && part.converged;
    };
    add(of_x, of_y, 1.0, false);
    add(of_x, of_x, -0.5, true);
    add(of_y, of_y, -0.5, true);
    out.value = std::max(out.value, 0.0);   // below only by what the iterations left
    return out;
}

}  // namespace buffon
