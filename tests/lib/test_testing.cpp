#include <buffon/testing.hpp>

#include <buffon/normal_functions.hpp>
#include <buffon/sobol_sequence.hpp>

#include <boost/math/distributions/chi_squared.hpp>
#include <boost/math/distributions/normal.hpp>
#include <boost/math/quadrature/gauss.hpp>
#include <boost/math/quadrature/gauss_kronrod.hpp>
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <stdexcept>
#include <string>
#include <vector>

using namespace buffon;
using testing::KnownProblem;

namespace {

const double infinity = std::numeric_limits<double>::infinity();

template <class F>
double integrate(const F& f, double a = -infinity, double b = infinity) {
    return boost::math::quadrature::gauss_kronrod<double, 61>::integrate(f, a, b, 15, 1e-13);
}

double normal_density(double x) { return pdf(boost::math::normal(), x); }

struct Mean {
    std::vector<double> value, error;
};

/// Means over `replicates` scrambled nets of n points of this law, with the standard error of their mean.
Mean net_means(const Problem& problem, const Distribution& law, std::int64_t n, int replicates) {
    std::vector<std::vector<double>> means;
    for (int r = 0; r < replicates; ++r) {
        Matrix x(n, law.dim());
        SobolSequence(law.dim(), n, {20'260, static_cast<std::uint32_t>(r)}).uniform(0, x);
        law.from_uniform(x, x);
        const Matrix y = problem(x).y;
        std::vector<double> sum(static_cast<std::size_t>(y.cols));
        for (std::int64_t i = 0; i < n; ++i)
            for (std::int64_t j = 0; j < y.cols; ++j) sum[static_cast<std::size_t>(j)] += y(i, j);
        for (double& s : sum) s /= static_cast<double>(n);
        means.push_back(sum);
    }
    Mean out;
    for (std::size_t j = 0; j < means[0].size(); ++j) {
        double mean = 0.0, square = 0.0;
        for (const auto& m : means) mean += m[j] / replicates;
        for (const auto& m : means) square += (m[j] - mean) * (m[j] - mean);
        out.value.push_back(mean);
        out.error.push_back(std::sqrt(square / (replicates - 1.0) / replicates));
    }
    return out;
}

/// Five standard errors, with 31 degrees of freedom: one false alarm in 40,000 comparisons.
void check_by_nets(const KnownProblem& p, std::int64_t n = 1 << 12) {
    const Mean found = net_means(p.problem, p.problem.inputs(), n, 32);
    REQUIRE(found.value.size() == p.exact.size());
    for (std::size_t j = 0; j < p.exact.size(); ++j) {
        CAPTURE(p.name);
        CAPTURE(j);
        CHECK(std::abs(found.value[j] - p.exact[j]) <
              5 * std::hypot(found.error[j], p.exact_error[j]) + 1e-13 * std::abs(p.exact[j]));
    }
}

double at(const Problem& problem, std::vector<double> x, std::int64_t output = 0) {
    return problem({x.data(), 1, static_cast<std::int64_t>(x.size())}).y(0, output);
}

KnownProblem safety(const std::string& name) {
    for (const auto& p : testing::safety_problems())
        if (p.name == name) return p;
    throw std::runtime_error("no problem " + name);
}

}  // namespace

TEST_CASE("testing: every problem agrees with scrambled nets of its inputs") {
    for (const auto& p : testing::all_problems())
        // High moments and the rarest events need more points than a test has: they have cases of their own.
        if (p.name != "gaussian_moments" && p.name != "four_branch" && p.laws.empty()) check_by_nets(p);
    check_by_nets(testing::four_branch({2, 1, 0}));
    check_by_nets(testing::two_sided_exceedance(3, {1, 2}));
    check_by_nets(testing::unequal_exceedance(3, 1, 2));
}

TEST_CASE("testing: mean displacements agree with nets of the laws themselves") {
    const KnownProblem p = testing::cantilever_laws(3, 7);
    for (std::size_t j = 0; j < 3; ++j) {
        const Mean found = net_means(p.problem, p.laws[j], 1 << 12, 32);
        CHECK(std::abs(found.value[0] - p.exact[j]) < 5 * found.error[0]);
        CHECK(found.error[0] < 1e-4 * p.exact[j]);   // a correlation forgotten would be seen: it changes the mean by percents
    }
}

TEST_CASE("testing: problems are complete") {
    for (const auto& p : testing::all_problems()) {
        CAPTURE(p.name);
        const auto outputs = p.problem.outputs().size();
        CHECK(p.exact.size() == outputs * std::max<std::size_t>(p.laws.size(), 1));
        CHECK(p.exact_error.size() == p.exact.size());
        CHECK(p.first_order.size() == p.total_order.size());
        CHECK((p.first_order.empty() || p.first_order.size() == static_cast<std::size_t>(p.problem.dim())));
        CHECK(p.problem.thread_safe());
        CHECK_FALSE(p.source.empty());
        const Outputs out = p.problem(Matrix(3, p.problem.dim(), 0.5));
        CHECK(out.y.cols == static_cast<std::int64_t>(outputs));
        for (std::size_t k = 0; k < out.score.data.size(); ++k) CHECK((out.y.data[k] > 0) == (out.score.data[k] > 0));
    }
}

TEST_CASE("testing: two regions have the score's sign, and far out twice the mass of one") {
    const KnownProblem p = testing::two_sided_exceedance(4, {4.75});
    CHECK(p.exact[0] == doctest::Approx(2 * 0.5 * std::erfc(4.75 / std::numbers::sqrt2)).epsilon(1e-14));
    CHECK(at(p.problem, {2.5, 2.5, 2.5, 2.5}) == 1);
    CHECK(at(p.problem, {-2.5, -2.5, -2.5, -2.5}) == 1);
    CHECK(at(p.problem, {2.5, -2.5, 2.5, -2.5}) == 0);
    const Problem unequal = testing::unequal_exceedance(2, 3, 4).problem;
    CHECK(unequal(Matrix(1, 2, 3.5)).score(0, 0) == doctest::Approx(0.5));
    CHECK(unequal(Matrix(1, 2, -4.5)).score(0, 0) == doctest::Approx(0.5));
    CHECK_THROWS_AS((void)testing::two_sided_exceedance(2, {0.0}), std::invalid_argument);
}

TEST_CASE("testing: three bumps are products of one-dimensional integrals") {
    const KnownProblem p = testing::three_bumps();
    double f = 0, fx = 0;
    for (const double c : {0.23, 0.39, 0.74}) {
        const double mass = integrate([c](double x) { return std::exp(-100 * (x - c) * (x - c)); }, 0, 1);
        f += std::pow(mass, 8);
        fx += std::pow(mass, 7) * integrate([c](double x) { return x * std::exp(-100 * (x - c) * (x - c)); }, 0, 1);
    }
    CHECK(p.exact[0] == doctest::Approx(f).epsilon(1e-10));
    for (std::size_t k = 1; k < 8; ++k) CHECK(p.exact[k] == doctest::Approx(fx).epsilon(1e-10));
    CHECK(at(p.problem, std::vector<double>(8, 0.39)) == doctest::Approx(1.0).epsilon(1e-6));
    CHECK(at(p.problem, std::vector<double>(8, 0.39), 7) == doctest::Approx(0.39).epsilon(1e-6));
}

TEST_CASE("testing: Gaussian moments match quadrature") {
    const KnownProblem p = testing::gaussian_moments();
    for (std::size_t j = 0; j < 10; ++j) {
        const auto integrand = [&](double x) { return at(p.problem, {x}, static_cast<std::int64_t>(j)) * normal_density(x); };
        const double mean = integrate(integrand, -40, 40);
        CHECK(p.exact[j] == doctest::Approx(mean).epsilon(1e-10));
    }
}

TEST_CASE("testing: the exponential matches a product of one-dimensional integrals") {
    const KnownProblem p = testing::zero_variance({0.5, -1.0, 3.0});
    double product = 1.0;
    for (int i = 0; i < 3; ++i)
        product *= integrate([&](double z) {
            std::vector<double> x(3);
            x[static_cast<std::size_t>(i)] = z;
            return at(p.problem, x) * normal_density(z);
        }, -40, 40);
    CHECK(p.exact[0] == doctest::Approx(product).epsilon(1e-10));
    CHECK_THROWS_AS(testing::zero_variance({}), std::invalid_argument);
    CHECK_THROWS_AS(testing::zero_variance({19}), std::invalid_argument);
}

TEST_CASE("testing: indices of Ishigami and the g-function match conditional means by tensor quadrature") {
    const auto check = [](const KnownProblem& p, double lower, double upper) {
        // The g-function has kinks in the middle of each axis: two panels of 15 Gauss points.
        using Rule = boost::math::quadrature::gauss<double, 15>;
        std::vector<double> node, weight;
        for (const double centre : {0.25, 0.75})
            for (const double sign : {-1.0, 1.0})
                for (std::size_t k = 0; k < Rule::abscissa().size(); ++k) {
                    if (sign < 0 && Rule::abscissa()[k] == 0) continue;
                    node.push_back(lower + (upper - lower) * (centre + 0.25 * sign * Rule::abscissa()[k]));
                    weight.push_back(0.25 * Rule::weights()[k]);
                }
        const std::size_t n = node.size();
        std::vector<double> y;
        for (std::size_t c = 0; c < n * n * n; ++c) y.push_back(at(p.problem, {node[c / n / n], node[c / n % n], node[c % n]}));
        double mean = 0.0, square = 0.0;
        std::array<std::vector<double>, 3> of_one, of_others;
        for (auto& v : of_one) v.resize(n);
        for (auto& v : of_others) v.resize(n * n);
        for (std::size_t c = 0; c < y.size(); ++c) {
            const std::array<std::size_t, 3> k{c / n / n, c / n % n, c % n};
            const double w = weight[k[0]] * weight[k[1]] * weight[k[2]];
            mean += w * y[c];
            square += w * y[c] * y[c];
            for (std::size_t i = 0; i < 3; ++i) {
                const std::size_t a = k[(i + 1) % 3], b = k[(i + 2) % 3];
                of_one[i][k[i]] += weight[a] * weight[b] * y[c];
                of_others[i][a * n + b] += weight[k[i]] * y[c];
            }
        }
        const double variance = square - mean * mean;
        CHECK(p.exact[0] == doctest::Approx(mean).epsilon(1e-9));
        for (std::size_t i = 0; i < 3; ++i) {
            double first = 0.0, rest = 0.0;
            for (std::size_t a = 0; a < n; ++a) first += weight[a] * of_one[i][a] * of_one[i][a];
            for (std::size_t c = 0; c < n * n; ++c) rest += weight[c / n] * weight[c % n] * of_others[i][c] * of_others[i][c];
            CHECK(p.first_order[i] == doctest::Approx((first - mean * mean) / variance).epsilon(1e-8));
            CHECK(p.total_order[i] == doctest::Approx((square - rest) / variance).epsilon(1e-8));
        }
    };
    check(testing::ishigami(), -std::numbers::pi, std::numbers::pi);
    check(testing::g_function({0, 0.5, 3}), 0, 1);
    CHECK(testing::ishigami().total_order[2] == doctest::Approx(0.2437).epsilon(1e-3));   // specification, four digits
}

TEST_CASE("testing: ishigami is its formula at any point, alone or among others") {
    const KnownProblem known = testing::ishigami(5.0, 0.3);
    Matrix x(1000, 3);
    Stream{3, 3}.uniform(0, x);
    for (std::int64_t i = 0; i < x.rows; ++i)
        for (double& v : x.view().row(i)) v = (v - 0.5) * (i % 100 == 0 ? 1e8 : 20.0);
    const Matrix y = known.problem(x).y;
    for (std::int64_t i = 0; i < x.rows; ++i) {
        const double s = std::sin(x(i, 0)), r = std::sin(x(i, 1)), tail = 0.3 * std::pow(x(i, 2), 4);
        CHECK(std::abs(y(i, 0) - (s + 5.0 * r * r + tail * s)) <= 4e-15 * (6 + tail));
        CHECK(known.problem(x.view().slice(i, 1)).y(0, 0) == y(i, 0));
    }
}

TEST_CASE("testing: half-spaces and shells match Boost.Math") {
    const KnownProblem p = testing::linear_exceedance(10, {2, 3, 3.5});
    for (std::size_t j = 0; j < 3; ++j)
        CHECK(p.exact[j] == doctest::Approx(cdf(complement(boost::math::normal(), std::array{2.0, 3.0, 3.5}[j]))).epsilon(1e-14));
    const boost::math::chi_squared law(10);
    CHECK(safety("shell").exact[0] == doctest::Approx(cdf(complement(law, 30))).epsilon(1e-13));
    CHECK(safety("shell").exact[1] == doctest::Approx(cdf(complement(law, 40))).epsilon(1e-13));
}

TEST_CASE("testing: four-branch probabilities match adaptive quadrature along the other diagonal") {
    const std::vector<double> thresholds{1, 0, -0.5, -1, -3};
    const KnownProblem p = testing::four_branch(thresholds);
    for (std::size_t j = 0; j < thresholds.size(); ++j) {
        const double t = thresholds[j], side = 3.5 - t / std::sqrt(2.0);
        // Given u = (x1 + x2) / sqrt 2, safe is v^2 >= 5 (|u| - 3 + t) and |v| <= side.
        const auto failure = [&](double u) {
            const double inner = std::sqrt(std::max(5 * (std::abs(u) - 3 + t), 0.0));
            return normal_density(u) * (inner >= side ? 1.0 : 2 * normal_cdf(-side) + 2 * (normal_cdf(inner) - 0.5));
        };
        const double kink = 3 - t, last = kink + side * side / 5;
        const auto beyond = [&](double r) { return 2 * r * failure(kink + r * r); };   // the root at the kink becomes smooth
        const double mean = 2 * (integrate(failure, 0, kink) + integrate(beyond, 0, std::sqrt(last - kink)) + normal_cdf(-last));
        CHECK(p.exact[j] == doctest::Approx(mean).epsilon(1e-9));
    }
    CHECK(p.exact[1] == doctest::Approx(2.222795e-03).epsilon(3e-7).scale(0));   // specification, seven digits
    CHECK(p.exact[2] == doctest::Approx(4.080970e-04).epsilon(3e-7).scale(0));
    CHECK(p.exact[3] == doctest::Approx(6.419214e-05).epsilon(3e-7).scale(0));
    CHECK(at(p.problem, {3.6, -3.6}, 4) == 0);   // 7 / sqrt 2 - 7.2 = -2.25
    CHECK(at(p.problem, {3.6, -3.6}, 3) == 1);
    CHECK_THROWS_AS(testing::four_branch({3}), std::invalid_argument);
}

TEST_CASE("testing: Genz's integrals match tensor Gauss quadrature, panels split at kinks and jumps") {
    const KnownProblem p = safety("genz");
    const std::array<double, 5> w{0.3, 0.7, 0.5, 0.2, 0.6};
    using Rule = boost::math::quadrature::gauss<double, 8>;
    const auto& half = Rule::abscissa();
    const std::size_t n = 16;
    std::array<std::array<double, 16>, 5> node, weight;
    for (std::size_t i = 0; i < 5; ++i)
        for (std::size_t k = 0; k < n; ++k) {
            const double lower = k < 8 ? 0 : w[i], upper = k < 8 ? w[i] : 1, sign = k % 2 == 0 ? -1 : 1;
            node[i][k] = 0.5 * (lower + upper) + 0.5 * (upper - lower) * sign * half[k % 8 / 2];
            weight[i][k] = 0.5 * (upper - lower) * Rule::weights()[k % 8 / 2];
        }
    std::vector<double> sum(6);
    Matrix x(static_cast<std::int64_t>(n * n), 5);
    std::vector<double> product(n * n);
    for (std::size_t c = 0; c < n * n * n; ++c) {
        const std::array<std::size_t, 3> k{c / n / n, c / n % n, c % n};
        for (std::size_t r = 0; r < n * n; ++r) {
            const std::array<std::size_t, 5> at_node{k[0], k[1], k[2], r / n, r % n};
            product[r] = 1.0;
            for (std::size_t i = 0; i < 5; ++i) {
                x(static_cast<std::int64_t>(r), static_cast<std::int64_t>(i)) = node[i][at_node[i]];
                product[r] *= weight[i][at_node[i]];
            }
        }
        const Matrix y = p.problem(x).y;
        for (std::size_t r = 0; r < n * n; ++r)
            for (std::size_t j = 0; j < 6; ++j)
                sum[j] += product[r] * y(static_cast<std::int64_t>(r), static_cast<std::int64_t>(j));
    }
    for (std::size_t j = 0; j < 6; ++j)
        CHECK(p.exact[j] ==
              doctest::Approx(sum[j]).epsilon(j == 1 ? 1e-7 : 1e-9));   // the product peak has poles near the cube
}

TEST_CASE("testing: separable safety problems match one-dimensional quadrature") {
    const double cosine = integrate([](double x) { return std::cos(0.7 * x) * normal_density(x); }, -40, 40);
    CHECK(safety("cosines").exact[0] == doctest::Approx(std::pow(cosine, 10)).epsilon(1e-12));
    double ripple = 1.0;
    for (int i = 1; i <= 8; ++i) ripple += 0.02 * integrate([&](double u) { return std::sin(3.0 * i * u); }, 0, 1);
    CHECK(safety("ripple").exact[0] == doctest::Approx(ripple).epsilon(1e-12));
    const KnownProblem maximum = safety("maximum");
    const auto largest = [](double x) { return 20 * normal_density(x) * std::pow(normal_cdf(x), 19); };
    CHECK(maximum.exact[0] == doctest::Approx(integrate([&](double x) { return x * largest(x); }, -10, 12)).epsilon(1e-12));
    CHECK(maximum.exact[1] == doctest::Approx(integrate(largest, 3, 12)).epsilon(1e-12));
    const auto of_lognormal = [](auto f) {
        return integrate([&](double z) { return f(std::exp(z)) * normal_density(z); }, -40, 40);
    };
    const double first = of_lognormal([](double x) { return x; }), second = of_lognormal([](double x) { return x * x; });
    const double call = integrate([](double z) { return (std::exp(z) - 5) * normal_density(z); }, std::log(5.0), 40);
    const KnownProblem heavy = safety("heavy_tail");
    CHECK(heavy.exact[0] == doctest::Approx(6 * first).epsilon(1e-12));
    CHECK(heavy.exact[1] == doctest::Approx(6 * second + 30 * first * first).epsilon(1e-12));
    CHECK(heavy.exact[2] == doctest::Approx(call).epsilon(1e-12));
}

TEST_CASE("testing: the peaks match a sum of products of one-dimensional integrals of the model") {
    const KnownProblem p = safety("peaks");
    const double centre[3][4] = {{2, 0, 0, 0}, {-1, 1.5, 0, 0.5}, {0, -1, -2, 1}};
    double sum = 0.0;
    for (const auto& c : centre) {
        double product = 1.0;
        for (const double m : c)
            product *= integrate([&](double x) { return std::exp(-8 * (x - m) * (x - m)) * normal_density(x); }, m - 4, m + 4);
        sum += product;
        CHECK(at(p.problem, {c[0], c[1], c[2], c[3]}) == doctest::Approx(1).epsilon(1e-6));
    }
    CHECK(p.exact[0] == doctest::Approx(sum).epsilon(1e-12));
}
