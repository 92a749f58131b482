#include <buffon/law_fit.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include <Eigen/Dense>

#include <buffon/check.hpp>
#include <buffon/text.hpp>

namespace buffon {
namespace {

using Parameters = std::vector<double>;

/// Mean and standard deviation.
struct Summary {
    double mean = 0, sd = 0;
    explicit Summary(const std::vector<double>& x) {
        const auto n = static_cast<double>(x.size());
        mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
        for (const double v : x) sd += (v - mean) * (v - mean) / n;
        sd = std::sqrt(sd);
    }
    double cv() const { return sd / mean; }
};

/// A parametric family: names, which of them are positive (their logarithm is sought), a start from moments, the law.
struct Family {
    std::string name;
    std::vector<std::string> parameters;
    std::vector<bool> positive;
    Support support;
    std::function<Parameters(const std::vector<double>&)> start;
    std::function<Univariate(const Parameters&)> make;
};

const double infinity = std::numeric_limits<double>::infinity();
constexpr double euler_gamma = 0.57721566490153286061, pi = 3.14159265358979323846;

std::vector<double> logs(std::vector<double> x) {
    for (double& v : x) v = std::log(v);
    return x;
}

const std::vector<Family>& families() {
    const Support line, positive{.lower = 0}, unit{.lower = 0, .upper = 1};
    static const std::vector<Family> all{
        {"Normal",
         {"mean", "sd"},
         {false, true},
         line,
         [](const auto& x) {
             const Summary s(x);
             return Parameters{s.mean, s.sd};
         },
         [](const Parameters& p) -> Univariate { return Normal(p[0], p[1]); }},
        {"LogNormal",
         {"mu", "sigma"},
         {false, true},
         positive,
         [](const auto& x) {
             const Summary s(logs(x));
             return Parameters{s.mean, s.sd};
         },
         [](const Parameters& p) -> Univariate { return LogNormal(p[0], p[1]); }},
        {"Exponential",
         {"rate"},
         {true},
         positive,
         [](const auto& x) { return Parameters{1 / Summary(x).mean}; },
         [](const Parameters& p) -> Univariate { return Exponential(p[0]); }},
        {"Gamma",
         {"shape", "scale"},
         {true, true},
         positive,
         [](const auto& x) {
             const Summary s(x);
             return Parameters{1 / (s.cv() * s.cv()), s.mean * s.cv() * s.cv()};
         },
         [](const Parameters& p) -> Univariate { return Gamma(p[0], p[1]); }},
        {"Weibull",
         {"shape", "scale"},
         {true, true},
         positive,
         [](const auto& x) {
             const Summary s(logs(x));
             return Parameters{pi / std::sqrt(6.0) / s.sd, std::exp(s.mean + euler_gamma * s.sd * std::sqrt(6.0) / pi)};
         },
         [](const Parameters& p) -> Univariate { return Weibull(p[0], p[1]); }},
        {"Gumbel",
         {"location", "scale"},
         {false, true},
         line,
         [](const auto& x) {
             const Summary s(x);
             const double b = s.sd * std::sqrt(6.0) / pi;
             return Parameters{s.mean - euler_gamma * b, b};
         },
         [](const Parameters& p) -> Univariate { return Gumbel(p[0], p[1]); }},
        {"Logistic",
         {"location", "scale"},
         {false, true},
         line,
         [](const auto& x) {
             const Summary s(x);
             return Parameters{s.mean, s.sd * std::sqrt(3.0) / pi};
         },
         [](const Parameters& p) -> Univariate { return Logistic(p[0], p[1]); }},
        {"StudentT",
         {"df", "location", "scale"},
         {true, false, true},
         line,
         [](std::vector<double> x) {
             std::sort(x.begin(), x.end());
             const auto at = [&](double p) { return x[static_cast<std::size_t>(p * static_cast<double>(x.size() - 1))]; };
             return Parameters{5, at(0.5), std::max((at(0.75) - at(0.25)) / 1.45, 1e-3 * (x.back() - x.front()))};
         },
         [](const Parameters& p) -> Univariate { return StudentT(p[0], p[1], p[2]); }},
        {"Beta",
         {"a", "b"},
         {true, true},
         unit,
         [](const auto& x) {
             const Summary s(x);
             const double n = std::max(s.mean * (1 - s.mean) / (s.sd * s.sd) - 1, 1e-2);
             return Parameters{s.mean * n, (1 - s.mean) * n};
         },
         [](const Parameters& p) -> Univariate { return Beta(p[0], p[1]); }},
    };
    return all;
}

double log_likelihood(const Univariate& law, const std::vector<double>& x) {
    return std::visit([&](const auto& l) {
        double sum = 0;
        for (const double v : x) sum += l.log_density(v);
        return sum;
    }, law);
}

/// Gradient and second derivatives of f at p by central differences with these steps.
struct Curvature {
    Eigen::VectorXd gradient;
    Eigen::MatrixXd hessian;

    template <class F>
    Curvature(const F& f, const Parameters& p, const Parameters& step) : gradient(p.size()), hessian(p.size(), p.size()) {
        const auto at = [&](std::size_t i, double a, std::size_t j, double b) {
            Parameters q = p;
            q[i] += a * step[i];
            q[j] += b * step[j];
            return f(q);
        };
        const double centre = f(p);
        for (std::size_t i = 0; i < p.size(); ++i) {
            const auto row = static_cast<Eigen::Index>(i);
            const double up = at(i, 1, i, 0), down = at(i, -1, i, 0);
            gradient[row] = (up - down) / (2 * step[i]);
            hessian(row, row) = (up - 2 * centre + down) / (step[i] * step[i]);
            for (std::size_t j = 0; j < i; ++j) {
                const double mixed =
                    (at(i, 1, j, 1) - at(i, 1, j, -1) - at(i, -1, j, 1) + at(i, -1, j, -1)) / (4 * step[i] * step[j]);
                hessian(row, static_cast<Eigen::Index>(j)) = hessian(static_cast<Eigen::Index>(j), row) = mixed;
            }
        }
    }
};

/// The maximum of f by Newton's steps, damped until f grows; `step` is the scale of the coordinates.
template <class F>
Parameters maximum(const F& f, Parameters p, const Parameters& step) {
    double best = f(p), damping = 1e-8;
    for (int round = 0; round < 200; ++round) {
        const Curvature c(f, p, step);
        Eigen::MatrixXd system = -c.hessian;
        for (Eigen::Index i = 0; i < system.rows(); ++i) system(i, i) += damping * std::max(std::abs(system(i, i)), 1e-8);
        const Eigen::LDLT<Eigen::MatrixXd> solver(system);
        const Eigen::VectorXd change = solver.solve(c.gradient);
        Parameters next = p;
        double size = 0;
        for (std::size_t i = 0; i < p.size(); ++i) {
            next[i] += change[static_cast<Eigen::Index>(i)];
            size = std::max(size, std::abs(change[static_cast<Eigen::Index>(i)]) / step[i]);
        }
        const double value = solver.isPositive() && change.allFinite() ? f(next) : -infinity;
        if (value >= best) {
            p = next;
            best = value;
            damping = std::max(damping / 10, 1e-12);
            if (size < 1e-5) break;
        } else {
            if (size < 1e-5 || damping > 1e12) break;
            damping = std::max(damping, 1e-6) * 10;
        }
    }
    return p;
}

/// Sought as logarithms where positive; a step of 1e-4 there, of 1e-4 standard deviations elsewhere.
Parameters fitted(const Family& family, const std::vector<double>& x) {
    Parameters p = family.start(x), step(p.size());
    const double sd = Summary(x).sd;
    for (std::size_t i = 0; i < p.size(); ++i) {
        if (family.positive[i]) p[i] = std::log(p[i]);
        step[i] = family.positive[i] ? 1e-4 : 1e-4 * (family.name == "LogNormal" ? Summary(logs(x)).sd : sd);
    }
    const auto natural = [&](Parameters q) {
        for (std::size_t i = 0; i < q.size(); ++i)
            if (family.positive[i]) q[i] = std::exp(q[i]);
        return q;
    };
    const auto f = [&](const Parameters& q) {
        for (std::size_t i = 0; i < q.size(); ++i)
            if (!std::isfinite(q[i]) || (family.positive[i] && std::abs(q[i]) > 300)) return -infinity;
        if (family.name == "StudentT" && q[0] > std::log(1e6)) return -infinity;   // the normal law: flat beyond
        return log_likelihood(family.make(natural(q)), x);
    };
    return natural(maximum(f, p, step));
}

Matrix covariance_of(const Family& family, const Parameters& p, const std::vector<double>& x) {
    Parameters step(p.size());
    const double sd = Summary(family.name == "LogNormal" ? logs(x) : x).sd;
    for (std::size_t i = 0; i < p.size(); ++i) step[i] = family.positive[i] ? 1e-4 * p[i] : 1e-4 * sd;
    const Curvature c([&](const Parameters& q) { return log_likelihood(family.make(q), x); }, p, step);
    const auto d = static_cast<Eigen::Index>(p.size());
    const Eigen::LDLT<Eigen::MatrixXd> solver(-c.hessian);
    Matrix out(d, d, std::numeric_limits<double>::quiet_NaN());   // at an end of the family (df -> infinity) there is none
    if (!solver.isPositive()) return out;
    const Eigen::MatrixXd inverse = solver.solve(Eigen::MatrixXd::Identity(d, d));
    for (Eigen::Index i = 0; i < d; ++i)
        for (Eigen::Index j = 0; j < d; ++j) out(i, j) = inverse(i, j);
    return out;
}

/// The data without NaN.
std::vector<double> present(std::span<const double> data) {
    std::vector<double> x;
    for (std::size_t i = 0; i < data.size(); ++i) {
        if (std::isnan(data[i])) continue;
        require(std::isfinite(data[i]), "fit_law: data must be finite or NaN (missing), got ", data[i], " at ", i);
        x.push_back(data[i]);
    }
    return x;
}

void check_data(const Family& family, std::span<const double> data, std::vector<double> x) {
    for (std::size_t i = 0; i < data.size(); ++i)
        require(std::isnan(data[i]) || (data[i] > family.support.lower && data[i] < family.support.upper),
                "fit_law: data of ", family.name, " must lie in (", family.support.lower, ", ", family.support.upper,
                "), got ", data[i], " at ", i);
    std::sort(x.begin(), x.end());
    const auto different = static_cast<std::size_t>(std::unique(x.begin(), x.end()) - x.begin());
    const std::size_t needed = std::max<std::size_t>(2, family.parameters.size());
    require(different >= needed, "fit_law: ", family.name, " needs at least ", needed, " different numbers, got ", different);
}

}  // namespace

double LawFit::bic() const { return static_cast<double>(values.size()) * std::log(static_cast<double>(n)) - 2 * log_likelihood; }

const std::vector<std::string>& law_families() {
    static const std::vector<std::string> names = [] {
        std::vector<std::string> out;
        for (const auto& family : families()) out.push_back(family.name);
        out.insert(out.end(), {"kernel", "histogram"});
        return out;
    }();
    return names;
}

Histogram histogram_of(std::span<const double> data, std::int64_t bins) {
    std::vector<double> x = present(data);
    std::sort(x.begin(), x.end());
    require(x.size() >= 2 && x.front() < x.back(), "histogram_of: data must have at least two different numbers");
    require(bins >= 0, "histogram_of: bins must not be negative, got ", bins);
    const double range = x.back() - x.front();
    if (bins == 0) {
        const auto at = [&](double p) { return x[static_cast<std::size_t>(p * static_cast<double>(x.size() - 1))]; };
        const double width = 2 * (at(0.75) - at(0.25)) / std::cbrt(static_cast<double>(x.size()));
        bins = width > 0 ? static_cast<std::int64_t>(std::clamp(std::ceil(range / width), 1.0, 10'000.0)) : 10;
    }
    std::vector<double> edges, counts(static_cast<std::size_t>(bins), 0.0);
    for (std::int64_t i = 0; i < bins; ++i)
        edges.push_back(x.front() + range * static_cast<double>(i) / static_cast<double>(bins));
    edges.push_back(x.back());
    for (const double v : x) {
        const auto above = std::upper_bound(edges.begin(), edges.end(), v) - edges.begin();
        counts[static_cast<std::size_t>(std::clamp<std::int64_t>(above - 1, 0, bins - 1))] += 1;
    }
    return {std::move(edges), std::move(counts)};
}

LawFit fit_law(const std::string& name, std::span<const double> data) {
    const auto& known = law_families();
    require(std::find(known.begin(), known.end(), name) != known.end(), "fit_law: no family is named '", name, "'",
            suggestion(name, known));
    const std::vector<double> x = present(data);
    LawFit fit{Normal(), {}, {}, {}, std::numeric_limits<double>::quiet_NaN(), static_cast<std::int64_t>(x.size()),
               static_cast<std::int64_t>(data.size() - x.size())};
    if (name == "histogram") {
        fit.law = histogram_of(x);
        return fit;
    }
    if (name == "kernel") {
        const double bandwidth = sheather_jones_bandwidth(x);
        fit.law = KernelDensity(x, bandwidth);
        return fit;
    }
    const Family& family = *std::find_if(families().begin(), families().end(), [&](const Family& f) { return f.name == name; });
    check_data(family, data, x);
    fit.parameters = family.parameters;
    fit.values = fitted(family, x);
    fit.law = family.make(fit.values);
    fit.covariance = covariance_of(family, fit.values, x);
    fit.log_likelihood = log_likelihood(fit.law, x);
    return fit;
}

}  // namespace buffon
