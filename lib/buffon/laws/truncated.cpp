#include <buffon/laws/truncated.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <variant>

#include <buffon/check.hpp>
#include <buffon/laws/score_nodes.hpp>
#include <buffon/normal_functions.hpp>

namespace buffon {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double tiny = 1e-305;        // below it probabilities lose digits: logarithms take over
constexpr double few_digits = 1e-3;    // a difference of probabilities smaller than this share of them is integrated instead

/// log(exp(a) + exp(b)) and log(exp(a) - exp(b)) for a >= b.
double log_sum(double a, double b) { return b == -infinity ? a : std::max(a, b) + std::log1p(std::exp(-std::abs(a - b))); }
double log_difference(double a, double b) { return b == -infinity ? a : a + std::log(-std::expm1(b - a)); }

/// The law inside, with one way to call whatever it is.
struct Inner {
    Univariate law;

    template <class F>
    double ask(const F& f) const { return std::visit(f, law); }
    double log_density(double x) const { return ask([=](const auto& l) { return l.log_density(x); }); }
    double cdf(double x) const { return ask([=](const auto& l) { return l.cdf(x); }); }
    double ccdf(double x) const { return ask([=](const auto& l) { return l.ccdf(x); }); }
    double quantile(double p) const { return ask([=](const auto& l) { return l.quantile(p); }); }
    double upper_quantile(double p) const { return ask([=](const auto& l) { return l.upper_quantile(p); }); }
    double to_normal(double x) const { return ask([=](const auto& l) { return l.to_normal(x); }); }
    double from_normal(double z) const { return ask([=](const auto& l) { return l.from_normal(z); }); }
    double density(double x) const { return std::exp(log_density(x)); }

    /// Where the density has a kink, if it has.
    double kink() const {
        const auto* triangular = std::get_if<Triangular>(&law);
        return triangular ? triangular->mode() : infinity;
    }
    /// Integral of the density over a short interval [s, t], smooth inside: Gauss-Legendre's rule of five points.
    double smooth_area(double s, double t) const {
        const double middle = 0.5 * (s + t), half = 0.5 * (t - s);
        constexpr std::array node{0.5384693101056831, 0.9061798459386640};
        constexpr std::array weight{0.4786286704993665, 0.2369268850561891};
        double sum = 128.0 / 225 * density(middle);
        for (std::size_t i = 0; i < node.size(); ++i)
            sum += weight[i] * (density(middle - half * node[i]) + density(middle + half * node[i]));
        return half * sum;
    }
    double area(double s, double t) const {
        const double c = kink();
        return s < c && c < t ? smooth_area(s, c) + smooth_area(c, t) : smooth_area(s, t);
    }
};

/// A point with the probabilities, of the law inside, on its two sides.
struct Place {
    double x, below, above;
};

Place place(const Inner& law, double x) { return {x, law.cdf(x), law.ccdf(x)}; }

/// P(s < X < t): the difference of the smaller probabilities, or the area where that would leave few digits.
double probability(const Inner& law, const Place& s, const Place& t) {
    double difference = 0, minuend = 1;
    if (t.below <= 0.5) difference = (minuend = t.below) - s.below;
    else if (s.above <= 0.5) difference = (minuend = s.above) - t.above;
    else difference = 1 - s.below - t.above;
    return difference < few_digits * minuend && s.x < t.x ? law.area(s.x, t.x) : difference;
}

/// The bins inside [lower, upper], the outer ones in part.
Histogram cut(const Histogram& whole, double lower, double upper) {
    std::vector<double> edges{lower}, weights;
    for (std::size_t i = 0; i < whole.weights().size(); ++i) {
        const double from = whole.edges()[i], to = whole.edges()[i + 1];
        if (to <= lower || from >= upper) continue;
        edges.push_back(std::min(to, upper));
        weights.push_back(whole.weights()[i] * ((edges.back() - std::max(from, lower)) / (to - from)));
    }
    return Histogram(std::move(edges), std::move(weights));
}

/// Restricting these laws gives laws of the same kind, without a difference of probabilities.
Univariate simplified(const Univariate& law, double lower, double upper) {
    if (std::holds_alternative<Uniform>(law)) return Uniform(lower, upper);
    if (const auto* histogram = std::get_if<Histogram>(&law)) return cut(*histogram, lower, upper);
    return law;
}

}  // namespace

class Truncated::Core {
public:
    Core(const Univariate& law, double lower, double upper) : given(law), given_lower(lower), given_upper(upper), inner_{law} {
        require(!is_discrete(law), "Truncated: law must have a density; of a Discrete law give the values that are left");
        require(lower < upper, "Truncated: lower must be below upper, got lower = ", lower, ", upper = ", upper);
        support = std::visit([](const auto& l) { return l.support(); }, law);
        support = {std::max(support.lower, lower), std::min(support.upper, upper)};
        require(support.lower < support.upper, "Truncated: the law must give [lower, upper] a probability, got lower = ", lower,
                ", upper = ", upper);
        const auto* nested = std::get_if<Truncated>(&law);   // the common interval of the law inside that one
        if (nested) inner_ = nested->core_->inner_;
        measure();
        require(std::isfinite(log_mass) && log_mass > -1e30,
                "Truncated: the law must give [lower, upper] a probability, got lower = ", lower, ", upper = ", upper);
        log_given = nested ? log_mass - nested->core_->log_mass : log_mass;
        inner_.law = simplified(inner_.law, support.lower, support.upper);
        measure();
    }

    using Sides = std::pair<double, double>;   // below, above

    double log_density(double x) const {
        if (std::isnan(x)) return x;
        return support.contains(x) ? inner_.log_density(x) - log_mass : -infinity;
    }

    /// Probabilities of the restricted law on the two sides of x.
    Sides sides(double x) const {
        if (std::isnan(x)) return {x, x};
        if (x <= support.lower) return {0, 1};
        if (x >= support.upper) return {1, 0};
        if (by_logarithms()) {
            const auto [below, above] = log_sides(x);
            return {std::exp(below), std::exp(above)};
        }
        const Place here = place(inner_, x);
        const double below = probability(inner_, lower_, here), above = probability(inner_, here, upper_);
        return {share(below, lower_.below, x, &Sides::first), share(above, upper_.above, x, &Sides::second)};
    }

    double to_normal(double x) const {
        const auto [below, above] = sides(x);
        if (std::isnan(below) || x <= support.lower || x >= support.upper) return score_of_sides(below, above);
        const double beyond = below < above ? lower_.below : upper_.above;
        if (!by_logarithms() && (std::min(below, above) > tiny || beyond > 0)) return score_of_sides(below, above);
        const auto [log_below, log_above] = log_sides(x);
        return log_below < log_above ? normal_quantile_of_log(log_below) : -normal_quantile_of_log(log_above);
    }

    /// The point with probability p of the restricted law below it and q above.
    double at(double p, double q) const {
        if (!(p > 0 && q > 0)) return p == 0 ? support.lower : q == 0 ? support.upper : std::nan("");
        if (by_logarithms()) return at_logarithms(std::log(p), std::log(q));
        const double below = lower_.below + p * mass_, above = upper_.above + q * mass_;
        if (std::min(below, above) < tiny) return at_logarithms(std::log(p), std::log(q));
        const double share = p < q ? p * mass_ : q * mass_;
        const Place& end = p < q ? lower_ : upper_;
        if (share < few_digits * (below < above ? end.below : end.above)) {
            const double x = near_end(end, p < q ? 1 : -1, share);
            if (std::isfinite(x)) return within(x);
        }
        return within(below < above ? inner_.quantile(below) : inner_.upper_quantile(above));
    }
    double from_normal(double z) const {
        if (std::abs(z) < 37 || std::isnan(z)) return at(normal_cdf(z), normal_cdf(-z));
        if (!by_logarithms() && (z < 0 ? lower_.below : upper_.above) > 0) return z < 0 ? support.lower : support.upper;
        return at_logarithms(normal_log_cdf(z), normal_log_cdf(-z));
    }

    /// E[X] and E[(X - E[X])^2] over the normal score of X, from the median on: no cancellation far from zero.
    std::pair<double, double> moments(const std::vector<double>& breaks) const {
        const ScoreNodes nodes = score_nodes(breaks);
        const double centre = from_normal(0);
        double first = 0, second = 0;
        std::vector<double> distance;
        for (const double z : nodes.z) distance.push_back(from_normal(z) - centre);
        for (std::size_t i = 0; i < distance.size(); ++i) first += nodes.weight[i] * distance[i];
        for (std::size_t i = 0; i < distance.size(); ++i)
            second += nodes.weight[i] * (distance[i] - first) * (distance[i] - first);
        return {centre + first, second};
    }

    const Univariate given;
    const double given_lower, given_upper;
    Support support;
    double log_mass = 0;    // of the law as it is used
    double log_given = 0;   // of the law as it was given

private:
    bool by_logarithms() const { return mass_ < tiny; }

    void measure() {
        lower_ = place(inner_, support.lower);
        upper_ = place(inner_, support.upper);
        log_below_ = normal_log_cdf(inner_.to_normal(support.lower));
        log_above_ = normal_log_cdf(-inner_.to_normal(support.upper));
        mass_ = probability(inner_, lower_, upper_);
        log_mass = by_logarithms() ? log_probability(support.lower, support.upper) : std::log(mass_);
    }

    /// log P(s < X < t) in a tail, from logarithms of the tail's probabilities.
    double log_probability(double s, double t) const {
        const double a = inner_.to_normal(s), b = inner_.to_normal(t);
        return a > 0 ? log_difference(normal_log_cdf(-a), normal_log_cdf(-b))
                     : log_difference(normal_log_cdf(b), normal_log_cdf(a));
    }
    Sides log_sides(double x) const {
        return {log_probability(support.lower, x) - log_mass, log_probability(x, support.upper) - log_mass};
    }
    double at_logarithms(double log_p, double log_q) const {
        const double below = log_sum(log_below_, log_mass + log_p), above = log_sum(log_above_, log_mass + log_q);
        return within(inner_.from_normal(below < above ? normal_quantile_of_log(below) : -normal_quantile_of_log(above)));
    }

    /// A part of the mass, relative to it. In an open tail its logarithm, where the part itself would have lost digits.
    double share(double part, double beyond, double x, double Sides::*side) const {
        return part < tiny && beyond < tiny ? std::exp(log_sides(x).*side) : std::min(part / mass_, 1.0);
    }

    double within(double x) const { return std::clamp(x, support.lower, support.upper); }

    /// The point at which the area from an end (direction +1 or -1) is `target`: Newton's method, quadratic from the first
    /// step since the density hardly changes. NaN or infinite where the density vanishes at the end.
    double near_end(const Place& end, double direction, double target) const {
        double x = end.x + direction * target / inner_.density(end.x);
        for (int step = 0; step < 3 && within(x) == x; ++step) {
            const double area = direction > 0 ? inner_.area(end.x, x) : inner_.area(x, end.x);
            x -= direction * (area - target) / inner_.density(x);
        }
        return x;
    }

    Inner inner_;
    Place lower_{}, upper_{};
    double log_below_ = 0, log_above_ = 0;   // of the law inside, beyond the ends
    double mass_ = 0;
};

Truncated::Truncated(const Univariate& law, double lower, double upper)
    : core_(std::make_shared<const Core>(law, lower, upper)) {}

double Truncated::log_density(double x) const { return core_->log_density(x); }
double Truncated::cdf(double x) const { return core_->sides(x).first; }
double Truncated::ccdf(double x) const { return core_->sides(x).second; }
double Truncated::quantile(double p) const { return core_->at(p, 1 - p); }
double Truncated::upper_quantile(double p) const { return core_->at(1 - p, p); }
double Truncated::to_normal(double x) const { return core_->to_normal(x); }
double Truncated::from_normal(double z) const { return core_->from_normal(z); }
Support Truncated::support() const { return core_->support; }
const Univariate& Truncated::law() const { return core_->given; }
double Truncated::lower() const { return core_->given_lower; }
double Truncated::upper() const { return core_->given_upper; }
double Truncated::log_probability() const { return core_->log_given; }

double Truncated::mean() const {
    const double inside = std::visit([](const auto& l) { return l.mean(); }, law());
    const bool below = std::isfinite(support().lower), above = std::isfinite(support().upper);
    if (!std::isfinite(inside) && !(below && above)) return below ? infinity : above ? -infinity : inside;
    return core_->moments(score_breaks(*this)).first;
}

double Truncated::variance() const {
    const double inside = std::visit([](const auto& l) { return l.variance(); }, law());
    const bool bounded = std::isfinite(support().lower) && std::isfinite(support().upper);
    if (!std::isfinite(inside) && !bounded) return inside;
    return core_->moments(score_breaks(*this)).second;
}

}  // namespace buffon
