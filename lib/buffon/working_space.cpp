#include <buffon/working_space.hpp>

#include <algorithm>
#include <cmath>
#include <map>

#include <buffon/check.hpp>
#include <buffon/elementary.hpp>
#include <buffon/kernels.hpp>
#include <buffon/linalg.hpp>
#include <buffon/moments.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/sobol_sequence.hpp>

namespace buffon {

double WorkingSpace::Coordinate::to_x(double z) const {
    const double t = centre + scale * z;
    switch (map) {
        case Map::above: return std::max(lower + elementary::exp(t), first);
        case Map::below: return std::min(upper - elementary::exp(t), last);
        case Map::steps: return steps->from_normal(t);
        case Map::between:
            return t < 0 ? std::max(lower + (upper - lower) * normal_cdf(t), first)
                         : std::min(upper - (upper - lower) * normal_cdf(-t), last);
        default: return t;
    }
}

double WorkingSpace::Coordinate::to_z(double x) const {
    x = std::clamp(x, first, last);
    double t = x;
    if (map == Map::above) t = elementary::log(x - lower);
    if (map == Map::below) t = elementary::log(upper - x);
    if (map == Map::between) {
        const double p = (x - lower) / (upper - lower);
        t = p < 0.5 ? normal_quantile(p) : -normal_quantile((upper - x) / (upper - lower));
    }
    return (t - centre) / scale;
}

double WorkingSpace::Coordinate::log_slope(double z) const {
    const double t = centre + scale * z;
    switch (map) {
        case Map::above:
        case Map::below: return elementary::log(scale) + t;
        case Map::between: return elementary::log(scale * (upper - lower)) - 0.5 * t * t - half_log_two_pi;
        case Map::steps: return -0.5 * t * t - half_log_two_pi - steps->log_density(steps->from_normal(t));
        default: return elementary::log(scale);
    }
}

WorkingSpace WorkingSpace::normal(Distribution law) {
    WorkingSpace space({std::move(law)});
    space.normal_ = true;
    return space;
}

WorkingSpace WorkingSpace::raw(std::vector<Distribution> laws) {
    WorkingSpace space(std::move(laws));
    space.coordinates_.resize(static_cast<std::size_t>(space.dim()));
    for (std::int64_t j = 0; j < space.dim(); ++j)
        require(!space.mean_of_steps(j),
                "aiscv: variant 'published' fits densities to the inputs themselves: none may be discrete");
    space.find_gaussians();
    return space;
}

WorkingSpace WorkingSpace::standardised(std::vector<Distribution> laws) {
    WorkingSpace space(std::move(laws));
    for (std::int64_t j = 0; j < space.dim(); ++j) {
        Support all = space.laws_.front().support(j);
        for (const auto& law : space.laws_) {
            const Support one = law.support(j);
            all = {std::min(all.lower, one.lower), std::max(all.upper, one.upper)};
        }
        Coordinate c;
        c.lower = all.lower;
        c.upper = all.upper;
        c.first = std::nextafter(all.lower, all.upper);
        c.last = std::nextafter(all.upper, all.lower);
        const bool below = std::isfinite(all.lower), above = std::isfinite(all.upper);
        c.steps = space.mean_of_steps(j);
        c.map = c.steps          ? Coordinate::Map::steps
                : below && above ? Coordinate::Map::between
                : below          ? Coordinate::Map::above
                : above          ? Coordinate::Map::below
                                 : Coordinate::Map::identity;
        space.coordinates_.push_back(c);
    }
    space.centre_and_scale();
    space.find_gaussians();
    return space;
}

/// The mean of the laws of coordinate j where they are discrete; none where they all have densities.
std::optional<Discrete> WorkingSpace::mean_of_steps(std::int64_t j) const {
    std::map<double, double> mass;
    std::int64_t discrete = 0;
    for (const auto& law : laws_) {
        const auto* joint = std::get_if<Joint>(&law.law());
        if (!joint || !is_discrete(joint->laws()[static_cast<std::size_t>(j)])) continue;
        ++discrete;
        const auto& marginal = joint->laws()[static_cast<std::size_t>(j)];
        if (const auto* constant = std::get_if<Constant>(&marginal)) mass[constant->value()] += 1;
        if (const auto* several = std::get_if<Discrete>(&marginal))
            for (std::size_t i = 0; i < several->values().size(); ++i) mass[several->values()[i]] += several->probabilities()[i];
    }
    require(discrete == 0 || discrete == laws(), "aiscv: an input must be discrete in all laws or in none, and '",
            laws_.front().names()[static_cast<std::size_t>(j)], "' is in ", discrete, " of ", laws());
    if (discrete == 0) return std::nullopt;
    std::vector<double> values, probabilities;
    for (const auto& [value, probability] : mass) {
        values.push_back(value);
        probabilities.push_back(probability);
    }
    return Discrete(std::move(values), std::move(probabilities));
}

/// The score of value x, drawn from a law of coordinate j by the uniform v: where v lies within the probability of x in the
/// law, it lies within that in the mean.
double WorkingSpace::step_score(const Univariate& law, std::int64_t j, double x, double v) const {
    const Discrete& mean = *coordinates_[static_cast<std::size_t>(j)].steps;
    const double p = elementary::exp(std::visit([=](const auto& l) { return l.log_density(x); }, law));
    const double below = std::visit([=](const auto& l) { return l.cdf(x); }, law) - p;
    return mean.score_within(mean.find(x), std::clamp((v - below) / p, 0x1p-54, 1 - 0x1p-53));
}

/// By 1,024 net points of q_0: only the size matters, so the answer need not be exact, but it must be the same each time.
void WorkingSpace::centre_and_scale() {
    const std::int64_t n = 1024;
    const Moments moments{ConstView(initial_points(n))};
    for (std::int64_t j = 0; j < dim(); ++j) {
        auto& c = coordinates_[static_cast<std::size_t>(j)];
        if (c.steps) continue;   // normal already
        c.centre = moments.mean[static_cast<std::size_t>(j)];
        c.scale = std::sqrt(moments.scatter(j, j) / static_cast<double>(n));
        if (!(c.scale > 0)) c.scale = 1;
    }
}

Matrix WorkingSpace::initial_points(std::int64_t n) const {
    const SobolSequence net(std::min(dim() + 1, SobolSequence::max_dim()), n, Stream{0, 0});
    Matrix v(n, net.dim()), z(n, dim());
    net.uniform(0, v);
    for (std::int64_t i = 0; i < n; ++i) {
        for (std::int64_t j = 0; j < dim(); ++j) z(i, j) = j + 1 < v.cols ? v(i, j + 1) : Stream{0, 1}.uniform(i, j);
        draw_initial(v(i, 0), z.view().row(i).data());
    }
    return z;
}

void WorkingSpace::find_gaussians() {
    std::vector<Gaussian> all;
    for (const auto& law : laws_) {
        auto g = as_gaussian(law);
        if (!g) return;
        all.push_back(std::move(*g));
    }
    gaussians_.emplace(all);
    as_gaussians_ = std::move(all);
}

std::vector<DeviceCoordinate> WorkingSpace::device_coordinates() const {
    std::vector<DeviceCoordinate> all;
    for (const Coordinate& c : coordinates_)
        all.push_back({c.map == Coordinate::Map::above, c.lower, c.first, c.centre, c.scale});
    return all;
}

/// Normal and Student vectors, normal coordinates taken as they are and log-normal ones taken as logarithms stay such,
/// whatever their correlation.
std::optional<Gaussian> WorkingSpace::as_gaussian(const Distribution& law) const {
    const std::int64_t d = dim();
    Gaussian g{std::vector<double>(static_cast<std::size_t>(d)), Matrix(d, d)};
    if (const auto* normal = std::get_if<MultivariateNormal>(&law.law())) {
        g.mean = normal->mean();
        g.factor = normal->factor();
    } else if (const auto* heavy = std::get_if<MultivariateT>(&law.law())) {
        g.mean = heavy->location();
        g.factor = heavy->factor();
        g.degrees = heavy->df();
    } else if (const auto* joint = std::get_if<Joint>(&law.law())) {
        const auto correlation = joint->dependence().gaussian(d);
        if (!correlation) return std::nullopt;
        g.factor = cholesky(*correlation, "aiscv", "copula");
        for (std::int64_t j = 0; j < d; ++j) {
            const auto& marginal = joint->laws()[static_cast<std::size_t>(j)];
            double sd = 0;
            if (const auto* n = std::get_if<Normal>(&marginal)) {
                g.mean[static_cast<std::size_t>(j)] = n->mean();
                sd = n->sd();
            } else if (const auto* l = std::get_if<LogNormal>(&marginal)) {
                if (coordinates_[static_cast<std::size_t>(j)].map != Coordinate::Map::above) return std::nullopt;
                g.mean[static_cast<std::size_t>(j)] = l->mu();
                sd = l->sigma();
            } else {
                return std::nullopt;
            }
            for (std::int64_t k = 0; k <= j; ++k) g.factor(j, k) *= sd;
        }
    } else {
        return std::nullopt;
    }
    for (std::int64_t j = 0; j < d; ++j) {
        const auto& c = coordinates_[static_cast<std::size_t>(j)];
        const bool plain = c.map == Coordinate::Map::identity;
        if (!plain && (c.map != Coordinate::Map::above || c.lower != 0)) return std::nullopt;
        if (!plain && law.support(j).lower != 0) return std::nullopt;   // a normal coordinate under a logarithm
        auto& mean = g.mean[static_cast<std::size_t>(j)];
        mean = (mean - c.centre) / c.scale;
        for (std::int64_t k = 0; k <= j; ++k) g.factor(j, k) /= c.scale;
    }
    return g;
}

void WorkingSpace::to_x(ConstView z, View x) const {
    if (normal_) return laws_.front().from_normal(z, x);
    for (std::int64_t i = 0; i < z.rows; ++i)
        for (std::int64_t j = 0; j < z.cols; ++j) x(i, j) = coordinates_[static_cast<std::size_t>(j)].to_x(z(i, j));
}

void WorkingSpace::log_density(ConstView z, View out) const { log_density(z, out, 0); }

void WorkingSpace::log_density(ConstView z, View out, std::int64_t first) const {
    if (normal_) {
        for (std::int64_t i = 0; i < z.rows; ++i)
            out(i, 0) = -0.5 * sum_of_squares(z.row(i).data(), z.cols) - static_cast<double>(z.cols) * half_log_two_pi;
        return;
    }
    if (gaussians_) return gaussians_->log_density_of(first, z, out);
    Matrix x(z.rows, z.cols);
    to_x(z, x);
    std::vector<double> slope(static_cast<std::size_t>(z.rows)), density(slope.size());
    log_jacobian(z, slope);
    for (std::int64_t j = 0; j < out.cols; ++j) {
        laws_[static_cast<std::size_t>(first + j)].log_density(x, density);
        for (std::size_t i = 0; i < density.size(); ++i) out(static_cast<std::int64_t>(i), j) = density[i] + slope[i];
    }
}

void WorkingSpace::log_jacobian(ConstView z, std::span<double> out) const {
    if (normal_) {   // log phi(z) - log f(x)
        Matrix x(z.rows, z.cols);
        laws_.front().from_normal(z, x);
        laws_.front().log_density(x, out);
        for (std::int64_t i = 0; i < z.rows; ++i)
            out[static_cast<std::size_t>(i)] = -0.5 * sum_of_squares(z.row(i).data(), z.cols) -
                                               static_cast<double>(z.cols) * half_log_two_pi - out[static_cast<std::size_t>(i)];
        return;
    }
    for (std::int64_t i = 0; i < z.rows; ++i) {
        double sum = 0;
        for (std::int64_t j = 0; j < z.cols; ++j) sum += coordinates_[static_cast<std::size_t>(j)].log_slope(z(i, j));
        out[static_cast<std::size_t>(i)] = sum;
    }
}

std::vector<double> WorkingSpace::relative_to_initial(View log_f) const {
    const std::vector<double> shares(laws_.size(), 1.0 / static_cast<double>(laws_.size()));
    return mixture_ratios(log_f, shares);
}

void WorkingSpace::draw_initial(double v, double* u) const {
    const std::int64_t d = dim();
    if (normal_) {
        for (std::int64_t j = 0; j < d; ++j) u[j] = normal_quantile(u[j]);
        return;
    }
    const auto law = std::min(static_cast<std::size_t>(v * static_cast<double>(laws_.size())), laws_.size() - 1);
    const std::vector<double> uniform(u, u + d);
    laws_[law].from_uniform({u, 1, d}, {u, 1, d});
    for (std::int64_t j = 0; j < d; ++j) {
        const auto at = static_cast<std::size_t>(j);
        u[j] = coordinates_[at].steps ? step_score(std::get<Joint>(laws_[law].law()).laws()[at], j, u[j], uniform[at])
                                      : coordinates_[at].to_z(u[j]);
    }
}

}  // namespace buffon
