#include <buffon/laws/kernel_density.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>

#include <boost/math/quadrature/gauss.hpp>

#include <buffon/check.hpp>
#include <buffon/elementary.hpp>
#include <buffon/laws/score_table.hpp>
#include <buffon/laws/scores.hpp>

namespace buffon {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double certain = 8.3;      // P(Z > 8.3) is below the rounding of 1
constexpr double vanished = 39;      // P(Z > 39) underflows
constexpr double tiny = 1e-280;      // below it probabilities lose digits: logarithms take over
constexpr double table_reach = 4;    // with bounds: beyond, the distance from them has too few digits in a table
constexpr double smooth_enough = 1e-12;

void check(const std::vector<double>& points, double bandwidth, double lower, double upper) {
    require(!points.empty(), "KernelDensity: points must not be empty");
    require(std::isfinite(bandwidth) && bandwidth > 0, "KernelDensity: bandwidth must be positive and finite, got ", bandwidth);
    require(lower < upper, "KernelDensity: lower must be below upper, got lower = ", lower, ", upper = ", upper);
    for (std::size_t i = 0; i < points.size(); ++i)
        require(std::isfinite(points[i]) && points[i] >= lower && points[i] <= upper,
                "KernelDensity: points must be finite and lie in [", lower, ", ", upper, "], got ", points[i], " at ",
                i);
}

struct Centres {
    std::vector<double> place, weight;   // places ascend

    explicit Centres(const std::map<double, double>& weights) {
        for (const auto& [p, w] : weights) place.push_back(p), weight.push_back(w);
    }
};

/// A kernel for each point; of many points, kernels on a grid, each point shared by its two neighbours there.
std::map<double, double> kernels_of(const std::vector<double>& points, double h, double lower, double upper) {
    std::map<double, double> weights;
    const bool many = points.size() > KernelDensity::most_centres;
    const double origin = std::isfinite(lower) ? lower : points.front(), step = h / 8;
    for (const double p : points) {
        const double whole = std::floor((p - origin) / step), share = (p - origin) / step - whole;
        if (!many) weights[p] += 1;
        if (many) weights[std::min(origin + step * whole, upper)] += 1 - share;
        if (many && share > 0) weights[std::min(origin + step * (whole + 1), upper)] += share;
    }
    return weights;
}

/// With their reflections at the bounds.
Centres reflected(std::map<double, double> weights, double h, double lower, double upper) {
    const std::map<double, double> inside = weights;
    for (const auto& [p, weight] : inside) {
        if (p - lower < vanished * h) weights[2 * lower - p] += weight;
        if (upper - p < vanished * h) weights[2 * upper - p] += weight;
    }
    return Centres(weights);
}

}  // namespace

/// A mixture of normal laws around the centres (points and reflections), between the bounds.
struct KernelDensity::Core {
    std::vector<double> points, centres, weights;
    std::vector<double> before, after;   // sums of the weights up to a centre, and from it on
    double h, lower, upper;
    double mass = 1;   // of the sum over the centres, between the bounds
    LazyScoreTable table;
    double middle = 0, spread = 1;

    Core(std::vector<double> given, double bandwidth, double low, double high)
        : points(std::move(given)), h(bandwidth), lower(low), upper(high) {
        std::sort(points.begin(), points.end());
        Centres all = reflected(kernels_of(points, h, lower, upper), h, lower, upper);
        centres = std::move(all.place);
        weights = std::move(all.weight);
        before.assign(centres.size() + 1, 0.0);
        after.assign(centres.size() + 1, 0.0);
        std::partial_sum(weights.begin(), weights.end(), before.begin() + 1);
        std::partial_sum(weights.rbegin(), weights.rend(), after.rbegin() + 1);
        mass = sum_below(upper);
        middle = points[points.size() / 2];
        spread = std::max(points.back() - points.front(), h);
    }

    double at(double centre, double x) const { return (x - centre) / h; }
    /// The number of centres below x.
    std::size_t first_from(double x) const {
        return static_cast<std::size_t>(std::lower_bound(centres.begin(), centres.end(), x) - centres.begin());
    }

    /// sum of P(kernel < x) - P(kernel < lower), of centres that are not too far above to count.
    double sum_below(double x) const {
        const std::size_t counted = first_from(x - certain * h), end = first_from(x + vanished * h);
        double sum = before[counted];
        for (std::size_t i = counted; i < end; ++i) sum += weights[i] * normal_cdf(at(centres[i], x));
        return lower == -infinity ? sum : sum - sum_below_bound();
    }
    double sum_below_bound() const {
        double sum = 0;
        for (std::size_t i = 0; i < centres.size() && centres[i] <= lower + vanished * h; ++i)
            sum += weights[i] * normal_cdf(at(centres[i], lower));
        return sum;
    }
    double sum_above(double x) const {
        const std::size_t begin = first_from(x - vanished * h), counted = first_from(x + certain * h);
        double sum = after[counted];
        for (std::size_t i = begin; i < counted; ++i) sum += weights[i] * normal_cdf(-at(centres[i], x));
        if (upper == infinity) return sum;
        for (std::size_t i = first_from(upper - vanished * h); i < centres.size(); ++i)
            sum -= weights[i] * normal_cdf(-at(centres[i], upper));
        return sum;
    }
    /// Integral of the density from a bound to a point less than a bandwidth away: the difference of two sums has no
    /// digits there.
    double beside(double bound, double x) const {
        const auto density = [this](double t) { return elementary::exp(log_density(t)); };
        return std::abs(boost::math::quadrature::gauss<double, 15>::integrate(density, bound, x));
    }
    double below(double x) const { return x - lower < h ? beside(lower, x) : std::min(sum_below(x) / mass, 1.0); }
    double above(double x) const { return upper - x < h ? beside(upper, x) : std::min(sum_above(x) / mass, 1.0); }

    /// log P(X < x) far below all centres (sign 1), or log P(X > x) far above (sign -1), without bounds there.
    double log_tail(double x, double sign) const {
        double largest = -infinity, sum = 0;
        for (const double c : centres) largest = std::max(largest, normal_log_cdf(sign * at(c, x)));
        for (std::size_t i = 0; i < centres.size(); ++i)
            sum += weights[i] * elementary::exp(normal_log_cdf(sign * at(centres[i], x)) - largest);
        return largest + elementary::log(sum / mass);
    }

    double log_density(double x) const {
        const auto next = std::lower_bound(centres.begin(), centres.end(), x);
        double nearest = infinity;
        if (next != centres.end()) nearest = *next - x;
        if (next != centres.begin()) nearest = std::min(nearest, x - *(next - 1));
        const double shift = nearest / h, reach = std::sqrt(shift * shift + 80) * h;   // e^-40 of the nearest kernel
        double sum = 0;
        for (std::size_t i = first_from(x - reach); i < centres.size() && centres[i] <= x + reach; ++i) {
            const double t = at(centres[i], x);
            sum += weights[i] * elementary::exp(-0.5 * (t - shift) * (t + shift));
        }
        return elementary::log(sum) - 0.5 * shift * shift - half_log_two_pi - elementary::log(h * mass);
    }

    double score(double x) const {
        if (x <= lower || x >= upper) return x <= lower ? -infinity : infinity;
        const double p = below(x);
        if (p < 0.5) return p < tiny ? normal_quantile_of_log(log_tail(x, 1)) : normal_quantile(p);
        const double q = above(x);
        return -(q < tiny ? normal_quantile_of_log(log_tail(x, -1)) : normal_quantile(q));
    }

    /// x with this score: no kernel has reached it at the lower end of the bracket, all have at the upper one.
    double solve(double z, double guess) const {
        double low = std::max(centres.front() + h * z, lower), high = std::min(centres.back() + h * z, upper);
        if (!(low < high)) return low;
        double x = guess > low && guess < high ? guess : 0.5 * (low + high);
        for (int step = 0; step < 200; ++step) {
            const double s = score(x), error = s - z;
            (error > 0 ? high : low) = x;
            const double change = error / elementary::exp(log_density(x) + 0.5 * s * s + half_log_two_pi);
            double next = x - change;
            if (std::abs(error) <= 1e-15 * std::max(1.0, std::abs(z)) || std::abs(change) <= 0x1p-52 * std::abs(x)) break;
            if (!(next > low && next < high)) next = 0.5 * (low + high);
            if (next == x || next == low || next == high) break;
            x = next;
        }
        return x;
    }

    double from_normal(double z) const {
        if (std::isnan(z)) return z;
        if (std::isinf(z)) return z < 0 ? lower : upper;
        const double reach = lower == -infinity && upper == infinity ? ScoreTable::reach : table_reach;
        if (std::abs(z) > ScoreTable::reach) return solve(z, std::nan(""));
        const ScoreTable& t = table.get([this, last = std::nan("")](double score) mutable {   // neighbours are good guesses
            return ((last = solve(score, last)) - middle) / spread;
        });
        const double x = std::clamp(middle + spread * t(z), lower, upper);
        return std::abs(z) <= reach && t.error() < smooth_enough ? x : solve(z, x);
    }
};

KernelDensity::KernelDensity(std::vector<double> points, double bandwidth, double lower, double upper) {
    check(points, bandwidth, lower, upper);
    core_ = std::make_shared<const Core>(std::move(points), bandwidth, lower, upper);
}

double KernelDensity::log_density(double x) const {
    if (std::isnan(x)) return x;
    return x < core_->lower || x > core_->upper || std::isinf(x) ? -infinity : core_->log_density(x);
}

double KernelDensity::cdf(double x) const {
    if (std::isnan(x)) return x;
    return x <= core_->lower ? 0.0 : x >= core_->upper ? 1.0 : core_->below(x);
}
double KernelDensity::ccdf(double x) const {
    if (std::isnan(x)) return x;
    return x <= core_->lower ? 1.0 : x >= core_->upper ? 0.0 : core_->above(x);
}

double KernelDensity::to_normal(double x) const { return std::isnan(x) ? x : core_->score(x); }
double KernelDensity::from_normal(double z) const { return core_->from_normal(z); }
double KernelDensity::quantile(double p) const { return from_normal(normal_quantile(p)); }
double KernelDensity::upper_quantile(double p) const { return from_normal(-normal_quantile(p)); }

namespace {

double normal_density(double t) { return std::isinf(t) ? 0 : elementary::exp(-0.5 * t * t - half_log_two_pi); }

}  // namespace

/// Mean and variance of truncated normal laws, about the middle of the points.
double KernelDensity::mean() const {
    double sum = 0;
    for (std::size_t i = 0; i < core_->centres.size(); ++i) {
        const double c = core_->centres[i], a = core_->at(c, core_->lower), b = core_->at(c, core_->upper);
        sum += core_->weights[i] * ((c - core_->middle) * (normal_cdf(b) - normal_cdf(a)) -
                                    core_->h * (normal_density(b) - normal_density(a)));
    }
    return core_->middle + sum / core_->mass;
}

double KernelDensity::variance() const {
    const double centre = mean(), h = core_->h;
    double sum = 0;
    for (std::size_t i = 0; i < core_->centres.size(); ++i) {
        const double c = core_->centres[i], a = core_->at(c, core_->lower), b = core_->at(c, core_->upper), m = c - centre;
        const auto edge = [&](double t) { return std::isinf(t) ? 0 : (2 * m + h * t) * h * normal_density(t); };
        sum += core_->weights[i] * ((m * m + h * h) * (normal_cdf(b) - normal_cdf(a)) - (edge(b) - edge(a)));
    }
    return sum / core_->mass;
}

Support KernelDensity::support() const { return {core_->lower, core_->upper}; }
const std::vector<double>& KernelDensity::points() const { return core_->points; }
double KernelDensity::bandwidth() const { return core_->h; }

}  // namespace buffon
