#include <buffon/laws/discrete.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <buffon/check.hpp>
#include <buffon/laws/scores.hpp>

namespace buffon {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

void check(const std::vector<double>& values, const std::vector<double>& probabilities) {
    require(!values.empty(), "Discrete: values must not be empty");
    require(probabilities.size() == values.size(), "Discrete: probabilities must have one entry per value, ",
            values.size(), ", got ", probabilities.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
        require(std::isfinite(values[i]), "Discrete: values must be finite, got ", values[i], " at ", i);
        require(std::isfinite(probabilities[i]) && probabilities[i] >= 0,
                "Discrete: probabilities must be finite and not negative, got ", probabilities[i], " at ", i);
    }
    require(*std::max_element(probabilities.begin(), probabilities.end()) > 0, "Discrete: probabilities must not all be zero");
}

}  // namespace

struct Discrete::Atoms {
    std::vector<double> values, probabilities;
    std::vector<double> below,
        above;   // (k + 1) probability of the values before number i, and from it on: each from its own end
    std::vector<double> jumps;

    Atoms(const std::vector<double>& v, const std::vector<double>& p) {
        std::vector<std::size_t> order(v.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::sort(order, {}, [&](std::size_t i) { return v[i]; });
        const double largest = *std::max_element(p.begin(), p.end());   // the sum itself might overflow
        double sum = 0;
        for (const double one : p) sum += one / largest;
        for (const std::size_t i : order) {
            require(values.empty() || v[i] != last_, "Discrete: values must all be different, got ", v[i], " twice");
            last_ = v[i];
            if (!(p[i] > 0)) continue;
            values.push_back(v[i]);
            probabilities.push_back(p[i] / largest / sum);
        }
        const std::size_t k = values.size();
        below.resize(k + 1);
        above.resize(k + 1);
        for (std::size_t i = 0; i < k; ++i) below[i + 1] = std::min(below[i] + probabilities[i], 1.0);
        for (std::size_t i = k; i-- > 0;) above[i] = std::min(above[i + 1] + probabilities[i], 1.0);
        for (std::size_t i = 1; i < k; ++i) jumps.push_back(score_of_sides(below[i], above[i]));
    }
    /// Number of the first value above x.
    std::size_t next(double x) const {
        return static_cast<std::size_t>(std::upper_bound(values.begin(), values.end(), x) - values.begin());
    }

private:
    double last_ = 0;
};

Discrete::Discrete(std::vector<double> values, std::vector<double> probabilities) {
    if (probabilities.empty()) probabilities.assign(values.size(), 1.0);
    check(values, probabilities);
    atoms_ = std::make_shared<const Atoms>(values, probabilities);
}

std::size_t Discrete::find(double x) const {
    const auto at = std::lower_bound(atoms_->values.begin(), atoms_->values.end(), x);
    return static_cast<std::size_t>((at != atoms_->values.end() && *at == x ? at : atoms_->values.end()) -
                                    atoms_->values.begin());
}

double Discrete::log_density(double x) const {
    if (std::isnan(x)) return x;
    const std::size_t i = find(x);
    return i < atoms_->values.size() ? std::log(atoms_->probabilities[i]) : -infinity;
}

double Discrete::cdf(double x) const { return std::isnan(x) ? x : atoms_->below[atoms_->next(x)]; }
double Discrete::ccdf(double x) const { return std::isnan(x) ? x : atoms_->above[atoms_->next(x)]; }

double Discrete::quantile(double p) const {
    if (!(p >= 0 && p <= 1)) return std::nan("");
    const auto& b = atoms_->below;
    const auto at = std::lower_bound(b.begin() + 1, b.end() - 1, p) - (b.begin() + 1);   // the last value has all that is left
    return atoms_->values[static_cast<std::size_t>(at)];
}

double Discrete::upper_quantile(double p) const {
    if (!(p >= 0 && p <= 1)) return std::nan("");
    const auto& a = atoms_->above;
    const auto at = std::partition_point(a.begin() + 1, a.end() - 1, [=](double q) { return q > p; }) - (a.begin() + 1);
    return atoms_->values[static_cast<std::size_t>(at)];
}

double Discrete::score_within(std::size_t i, double v) const {
    const double p = atoms_->probabilities[i];
    return score_of_sides(atoms_->below[i] + v * p, atoms_->above[i + 1] + (1 - v) * p);
}

double Discrete::to_normal(double x) const {
    if (std::isnan(x)) return x;
    const std::size_t i = find(x);
    return i < atoms_->values.size() ? score_within(i, 0.5) : score_of_sides(cdf(x), ccdf(x));
}

double Discrete::from_normal(double z) const {
    if (std::isnan(z)) return z;
    const auto& jumps = atoms_->jumps;
    return atoms_->values[static_cast<std::size_t>(std::upper_bound(jumps.begin(), jumps.end(), z) - jumps.begin())];
}

double Discrete::mean() const {
    double sum = 0;
    for (std::size_t i = 0; i < atoms_->values.size(); ++i) sum += atoms_->probabilities[i] * atoms_->values[i];
    return sum;
}

double Discrete::variance() const {
    const double centre = mean();
    double sum = 0;
    for (std::size_t i = 0; i < atoms_->values.size(); ++i) {
        const double gap = atoms_->values[i] - centre;
        sum += atoms_->probabilities[i] * gap * gap;
    }
    return sum;
}

Support Discrete::support() const { return {atoms_->values.front(), atoms_->values.back()}; }
const std::vector<double>& Discrete::values() const { return atoms_->values; }
const std::vector<double>& Discrete::probabilities() const { return atoms_->probabilities; }
const std::vector<double>& Discrete::jumps() const { return atoms_->jumps; }

}  // namespace buffon
