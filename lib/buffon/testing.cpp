#include <buffon/testing.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>

#include <buffon/check.hpp>
#include <buffon/kernels.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/testing_formulas.hpp>
#include <buffon/testing_on_device.hpp>

namespace buffon::testing {

namespace {

using std::numbers::pi;

double square_norm(const std::vector<double>& a) { return std::inner_product(a.begin(), a.end(), a.begin(), 0.0); }

std::vector<std::string> moment_names() {
    std::vector<std::string> names;
    for (int j = 1; j <= 10; ++j) names.push_back("x^" + std::to_string(2 * j));
    return names;
}

/// 1!!, 3!!, ..., 19!!.
std::vector<double> odd_double_factorials() {
    std::vector<double> out{1.0};
    for (int j = 2; j <= 10; ++j) out.push_back(out.back() * (2 * j - 1));
    return out;
}

/// P(g < t): 1 - P(g >= t) with u = (x1 + x2) / sqrt 2 and v = (x1 - x2) / sqrt 2, which are independent standard normal;
/// g >= t is |u| <= 3 - t + v^2 / 5 and |v| <= 7 / 2 - t / sqrt 2. Simpson's rule in v, relative error below 1e-10.
double four_branch_probability(double t) {
    const double end = 3.5 - t / std::numbers::sqrt2;
    const int n = 4000;
    const double h = 2 * end / n;
    double sum = 0.0;
    for (int i = 0; i <= n; ++i) {
        const double v = -end + h * i;
        const double weight = i == 0 || i == n ? 1 : (i % 2 == 1 ? 4 : 2);
        sum += weight * std::exp(-0.5 * v * v - half_log_two_pi) * normal_cdf(-(3 - t + v * v / 5));
    }
    return 2 * normal_cdf(-end) + 2 * sum * h / 3;
}

}  // namespace

Distribution independent(std::int64_t dim, const Univariate& law) {
    require(dim >= 1, "independent: dim must be at least 1, got ", dim);
    return Joint(std::vector<Univariate>(static_cast<std::size_t>(dim), law));
}

Distribution standard_normal(std::int64_t dim) { return independent(dim, Normal()); }

KnownProblem gaussian_moments() {
    const auto model = [](std::span<const double> x) {
        std::array<double, 10> y;
        const double square = x[0] * x[0];
        double power = 1.0;
        for (auto& entry : y) entry = power *= square;
        return y;
    };
    return {"gaussian_moments", Problem(model, standard_normal(1), moment_names()), odd_double_factorials(),
            std::vector<double>(10), {}, "Demange-Chryst, Bachoc, Morio, arXiv:2212.00568; E x^2j = (2j - 1)!!", {}, {}};
}

KnownProblem zero_variance(std::vector<double> a) {
    require(!a.empty(), "zero_variance: a must have at least one entry, got none");
    const double square = square_norm(a);
    require(square <= 18.0 * 18.0, "zero_variance: |a| must be at most 18, got ", std::sqrt(square));
    const auto dim = static_cast<std::int64_t>(a.size());
    const auto model = [a = std::move(a)](std::span<const double> x) {
        return std::exp(std::inner_product(a.begin(), a.end(), x.begin(), 0.0));
    };
    return {"zero_variance", Problem(model, standard_normal(dim), {"exp(a.x)"}), {std::exp(0.5 * square)}, {0.0}, {},
            "moment generating function of the normal law: exp(|a|^2 / 2)", {}, {}};
}

KnownProblem ishigami(double a, double b) {
    require(std::isfinite(a) && std::isfinite(b), "ishigami: a and b must be finite, got a = ", a, ", b = ", b);
    const ColumnModel model{[a, b](ConstColumns x, Columns y) { kernels().ishigami(x.data, x.stride, x.rows, a, b, y.data); }, 1};
    const double p4 = pi * pi * pi * pi;
    const double v1 = 0.5 * (1 + b * p4 / 5) * (1 + b * p4 / 5), v2 = a * a / 8, v13 = b * b * p4 * p4 * 8 / 225;
    const double v = v1 + v2 + v13;
    const Problem problem =
        Problem(model, independent(3, Uniform(-pi, pi)), {"y"}).with_device(on_device(Ishigami{a, b}, "Ishigami"));
    return {"ishigami", problem, {a / 2}, {0.0}, {},
            "Ishigami, Homma, ISUMA 1990", {v1 / v, v2 / v, 0.0}, {(v1 + v13) / v, v2 / v, v13 / v}};
}

KnownProblem g_function(std::vector<double> a) {
    require(!a.empty(), "g_function: a must have at least one entry, got none");
    for (const double c : a)
        require(std::isfinite(c) && c >= 0, "g_function: entries of a must be finite and not negative, got ", c);
    std::vector<double> part, first, total;
    double all = 1.0;   // 1 + variance
    for (const double c : a) {
        part.push_back(1 / (3 * (1 + c) * (1 + c)));
        all *= 1 + part.back();
    }
    for (const double p : part) {
        first.push_back(p / (all - 1));
        total.push_back(p * (all / (1 + p)) / (all - 1));
    }
    const auto dim = static_cast<std::int64_t>(a.size());
    std::shared_ptr<const DeviceModel> device;
    if (dim == 6) device = on_device(GFunction<6>(a.data()), "GFunction<6>");
    if (dim == 16) device = on_device(GFunction<16>(a.data()), "GFunction<16>");
    const auto model = [a = std::move(a)](std::span<const double> x) {
        double product = 1.0;
        for (std::size_t i = 0; i < a.size(); ++i) product *= (std::abs(4 * x[i] - 2) + a[i]) / (1 + a[i]);
        return product;
    };
    return {"g_function", Problem(model, independent(dim, Uniform(0, 1)), {"y"}).with_device(std::move(device)), {1.0}, {0.0}, {},
            "Saltelli, Sobol', Reliability Engineering & System Safety 50 (1995)", first, total};
}

KnownProblem linear_exceedance(std::int64_t dim, std::vector<double> betas) {
    require(dim >= 1, "linear_exceedance: dim must be at least 1, got ", dim);
    const double scale = 1 / std::sqrt(static_cast<double>(dim));
    const auto model = [scale](std::span<const double> x) { return scale * std::accumulate(x.begin(), x.end(), 0.0); };
    std::vector<double> exact;
    for (const double beta : betas) exact.push_back(normal_cdf(-beta));
    return {"linear_exceedance_" + std::to_string(dim), exceedance(Problem(model, standard_normal(dim)), betas), exact,
            std::vector<double>(exact.size()), {}, "half-space at distance beta: normal cdf at -beta", {}, {}};
}

KnownProblem four_branch(std::vector<double> thresholds) {
    const auto model = [](std::span<const double> x) {
        const double difference = x[0] - x[1];
        return std::min(3 + 0.1 * difference * difference - std::abs(x[0] + x[1]) / std::numbers::sqrt2,
                        7 / std::numbers::sqrt2 - std::abs(difference));
    };
    std::vector<double> exact;
    for (const double t : thresholds) {
        require(t < 3, "four_branch: thresholds must be below 3, got ", t);
        exact.push_back(four_branch_probability(t));
    }
    return {"four_branch",
            exceedance(Problem(model, standard_normal(2)), thresholds, true),
            exact,
            std::vector<double>(exact.size()),
            {},
            "Waarts, PhD thesis, TU Delft, 2000; a one-dimensional integral",
            {},
            {}};
}

std::vector<KnownProblem> all_problems() {
    std::vector<KnownProblem> all{gaussian_moments(),
                                  zero_variance({0.5, -1.0, 0.25}),
                                  cantilever(),
                                  cantilever_sobol(),
                                  cantilever_laws(),
                                  ishigami(),
                                  g_function(),
                                  linear_exceedance(2, {2, 3, 3.5}),
                                  linear_exceedance(10, {2, 3, 3.5}),
                                  four_branch()};
    for (auto& p : safety_problems()) all.push_back(std::move(p));
    return all;
}

}  // namespace buffon::testing
