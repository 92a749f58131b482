#include <buffon/proposal.hpp>

#include <atomic>
#include <cmath>
#include <limits>
#include <numbers>

#include <doctest/doctest.h>

#include <buffon/laws/uniform.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/stream.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

Gaussian gaussian2(double a, double b, double l00, double l10, double l11) {
    Gaussian g{{a, b}, Matrix(2, 2)};
    g.factor(0, 0) = l00;
    g.factor(1, 0) = l10;
    g.factor(1, 1) = l11;
    return g;
}

double log_gaussian2(const Gaussian& g, double z0, double z1) {
    const double e0 = (z0 - g.mean[0]) / g.factor(0, 0);
    const double e1 = (z1 - g.mean[1] - g.factor(1, 0) * e0) / g.factor(1, 1);
    return -std::log(2 * std::numbers::pi) - std::log(g.factor(0, 0) * g.factor(1, 1)) - 0.5 * (e0 * e0 + e1 * e1);
}

Matrix uniforms(std::int64_t n, std::int64_t d, std::uint32_t id) {
    Matrix v(n, d);
    Stream{7, id}.uniform(0, v);
    return v;
}

double share_z(std::int64_t hits, std::int64_t n, double p) {
    const auto m = static_cast<double>(n);
    return (static_cast<double>(hits) - m * p) / std::sqrt(m * p * (1 - p));
}

/// Three laws on (0, 1), (2, 3), (4, 5) and a narrow Gaussian in the first gap: x tells where a point came from.
struct Gaps {
    WorkingSpace space = WorkingSpace::standardised(
        {testing::independent(1, Uniform(0, 1)), testing::independent(1, Uniform(2, 3)), testing::independent(1, Uniform(4, 5))});
    Proposal proposal{true, {Gaussian{{z_of(1.5)}, Matrix(1, 1, 1e-3)}}, {0.6, 0.4}};

    double x_of(double z) const {
        Matrix in(1, 1, z), out(1, 1);
        space.to_x(in, out);
        return out(0, 0);
    }
    double z_of(double x) const {
        double low = -8, high = 8;
        for (int i = 0; i < 60; ++i) (x_of(0.5 * (low + high)) < x ? low : high) = 0.5 * (low + high);
        return low;
    }
    static int law(double x) { return x < 1 ? 0 : x < 2 ? -1 : x < 3 ? 1 : x < 4 ? -1 : 2; }
};

}  // namespace

TEST_CASE("normalise is the brute-force mixture, with rows and entries of -inf and a component that is not sampled") {
    const std::vector<double> alpha{0.1, 0.55, 0.0, 0.35};
    const std::int64_t n = 503;
    Matrix g(n, 4);
    const Matrix v = uniforms(n, 5, 1);
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t k = 0; k < 4; ++k)
            g(i, k) =
                i % 10 == 3 || v(i, 4) * 5 < static_cast<double>(k) - 2.5 ? -infinity : 100 * normal_quantile(v(i, k));
    const Matrix before = g;
    const auto log_q =
        Proposal(true, {gaussian2(0, 0, 1, 0, 1), gaussian2(0, 0, 1, 0, 1), gaussian2(0, 0, 1, 0, 1)}, alpha)
            .normalise(g);
    std::int64_t empty = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        long double top = -infinity, sum = 0;
        for (std::int64_t k = 0; k < 4; ++k)
            if (alpha[static_cast<std::size_t>(k)] > 0) top = std::max<long double>(top, before(i, k));
        for (std::int64_t k = 0; k < 4 && top > -infinity; ++k)
            sum += alpha[static_cast<std::size_t>(k)] * std::exp(before(i, k) - top);
        const double found = log_q[static_cast<std::size_t>(i)];
        if (!(sum > 0)) {
            ++empty;
            CHECK(found == -infinity);
            for (std::int64_t k = 0; k < 4; ++k) CHECK(g(i, k) == 0.0);
            continue;
        }
        const auto truth = static_cast<double>(top + std::log(sum));
        CHECK(std::abs(found - truth) <= 1e-14 * std::max(1.0, std::abs(truth)));
        for (std::int64_t k = 0; k < 4; ++k) {
            const auto ratio = static_cast<double>(std::exp(before(i, k) - top - std::log(sum)));
            // exponents up to 700 with half an ulp each: 700 * 2^-53 = 1e-13 relative
            CHECK(std::abs(g(i, k) - ratio) <= 1e-12 * ratio);
        }
    }
    CHECK(empty >= 50);
}

TEST_CASE("the first column of log_components is q_0 as given, the others are the Gaussians' densities") {
    const std::vector<Gaussian> laws{gaussian2(1, -2, 0.5, 0.3, 2), gaussian2(-3, 0, 1.5, -1, 0.2)};
    const Matrix z = uniforms(33, 2, 2);
    std::vector<double> log_initial(33);
    for (std::size_t i = 0; i < 33; ++i) log_initial[i] = -0.1 * static_cast<double>(i);
    for (const bool defensive : {true, false}) {
        const std::int64_t at = defensive ? 1 : 0;
        const Proposal p(defensive, {laws.begin(), laws.end()}, defensive ? std::vector{0.2, 0.4, 0.4} : std::vector{0.5, 0.5});
        REQUIRE(p.size() == 2 + at);
        Matrix out(33, p.size());
        p.log_components(z, log_initial, out);
        for (std::int64_t i = 0; i < 33; ++i) {
            if (defensive) CHECK(out(i, 0) == log_initial[static_cast<std::size_t>(i)]);
            for (std::int64_t k = 0; k < 2; ++k) {
                const double truth = log_gaussian2(laws[static_cast<std::size_t>(k)], z(i, 0), z(i, 1));
                CHECK(std::abs(out(i, at + k) - truth) <= 1e-12 * std::max(1.0, std::abs(truth)));   // a dozen roundings
            }
        }
    }
}

TEST_CASE("a coordinate chooses the component only where there is a choice") {
    const WorkingSpace one = WorkingSpace::normal(testing::standard_normal(2));
    const WorkingSpace two = WorkingSpace::standardised({testing::standard_normal(2), testing::independent(2, Uniform(-1, 1))});
    const Gaussian g = gaussian2(0, 0, 1, 0, 1);
    CHECK(Proposal::initial().coordinates(one) == 2);
    CHECK(Proposal::initial({g, g}).coordinates(one) == 2);
    CHECK(Proposal(true, {g}, {0.5, 0.5}).coordinates(one) == 3);
    CHECK(Proposal(false, {g, g}, {0.5, 0.5}).coordinates(one) == 3);
    CHECK(Proposal::initial().coordinates(two) == 3);
    CHECK(Proposal::initial({g}).coordinates(two) == 3);
    CHECK(Proposal(true, {g}, {0.5, 0.5}).coordinates(two) == 3);
}

TEST_CASE("components of several families stand side by side, each with its density and its draws") {
    const WorkingSpace space = WorkingSpace::normal(testing::standard_normal(2));
    const Gaussian far = gaussian2(100, 0, 1, 0, 1);
    const VonMisesFisherNakagami behind({-1, 0.1}, 50.0, 40.0, 900.0);
    const Proposal p(true, {far, behind, gaussian2(0, 100, 1, 0.5, 2)}, {0.2, 0.3, 0.4, 0.1});
    REQUIRE(p.coordinates(space) == 4);
    const std::int64_t n = 20'000;
    Matrix z(n, 2), log_g(n, 4), alone(n, 1);
    p.draw(space, uniforms(n, 4, 11), z);
    p.log_components(z, std::vector<double>(static_cast<std::size_t>(n)), log_g);
    VonMisesFisherNakagamis({behind}).log_density(z, alone);
    std::int64_t right = 0, left = 0, up = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        CHECK(log_g(i, 2) == alone(i, 0));
        CHECK(std::abs(log_g(i, 1) - log_gaussian2(far, z(i, 0), z(i, 1))) < 1e-8);
        right += z(i, 0) > 50;
        up += z(i, 1) > 50;
        left += z(i, 0) < -10;   // radius about 30
    }
    CHECK(std::abs(share_z(right, n, 0.3)) < 5);
    CHECK(std::abs(share_z(left, n, 0.4)) < 5);
    CHECK(std::abs(share_z(up, n, 0.1)) < 5);
}

TEST_CASE("draws follow the mixture: shares, means and covariances of its components") {
    const WorkingSpace space = WorkingSpace::normal(testing::standard_normal(2));
    const std::vector<Gaussian> laws{gaussian2(0, 0, 1, 0, 1), gaussian2(100, 3, 2, -1, 0.5), gaussian2(-100, 1, 0.3, 0.4, 1.2)};
    const std::vector<double> alpha{0.2, 0.5, 0.3};
    const Proposal p(true, {laws[1], laws[2]}, alpha);
    const std::int64_t n = 100'000;
    Matrix z(n, 2);
    p.draw(space, uniforms(n, 3, 3), z);
    for (std::size_t k = 0; k < 3; ++k) {
        const Gaussian& law = laws[k];
        const double truth[] = {law.factor(0, 0) * law.factor(0, 0), law.factor(0, 0) * law.factor(1, 0),
                                law.factor(1, 0) * law.factor(1, 0) + law.factor(1, 1) * law.factor(1, 1)};
        std::int64_t count = 0;
        double s0 = 0, s1 = 0, s00 = 0, s01 = 0, s11 = 0;
        for (std::int64_t i = 0; i < n; ++i) {
            const double a = z(i, 0) - law.mean[0], b = z(i, 1) - law.mean[1];
            if (std::abs(a) > 50) continue;   // of another component: 25 standard deviations away
            ++count;
            s0 += a, s1 += b, s00 += a * a, s01 += a * b, s11 += b * b;
        }
        const auto c = static_cast<double>(count);
        CHECK(std::abs(share_z(count, n, alpha[k])) < 5);
        CHECK(std::abs(s0 / std::sqrt(c * truth[0])) < 5);
        CHECK(std::abs(s1 / std::sqrt(c * truth[2])) < 5);
        CHECK(std::abs((s00 / c - truth[0]) / (truth[0] * std::sqrt(2 / c))) < 5);
        CHECK(std::abs((s11 / c - truth[2]) / (truth[2] * std::sqrt(2 / c))) < 5);
        CHECK(std::abs((s01 / c - truth[1]) / std::sqrt((truth[0] * truth[2] + truth[1] * truth[1]) / c)) < 5);
    }
}

TEST_CASE("a component without a share is never drawn, not even at the ends of the choosing coordinate") {
    const WorkingSpace space = WorkingSpace::normal(testing::standard_normal(2));
    const Gaussian far = gaussian2(1000, 0, 1, 0, 1), near = gaussian2(3, 0, 1, 0, 1);
    const Proposal p(true, {far, near, far}, {0.1, 0.0, 0.9, 0.0});
    Matrix v(5, 3, 0.5), z(5, 2);
    const double edges[] = {0x1p-53, std::nextafter(0.1, 0.0), 0.1, std::nextafter(0.1, 1.0), 1 - 0x1p-53};
    for (std::int64_t i = 0; i < 5; ++i) v(i, 0) = edges[i];
    p.draw(space, v, z);
    for (std::int64_t i = 0; i < 5; ++i) CHECK(z(i, 0) == doctest::Approx(i < 2 ? 0.0 : 3.0));   // medians of q_0 and of `near`
}

TEST_CASE("q_0 picks each of three laws equally often, its share kept beside a Gaussian") {
    const Gaps gaps;
    const std::int64_t n = 60'000;
    Matrix z(n, 1), x(n, 1);
    for (const bool alone : {true, false}) {
        const Proposal p = alone ? Proposal::initial() : gaps.proposal;
        p.draw(gaps.space, uniforms(n, p.coordinates(gaps.space), 4), z);
        gaps.space.to_x(z, x);
        std::int64_t count[3] = {};
        double sum[3] = {};
        for (std::int64_t i = 0; i < n; ++i)
            if (const int j = Gaps::law(x(i, 0)); j >= 0) {
                ++count[j];
                sum[j] += x(i, 0) - 2 * j - 0.5;
            }
        for (int j = 0; j < 3; ++j) {
            CHECK(std::abs(share_z(count[j], n, (alone ? 1.0 : 0.6) / 3)) < 5);
            // within the law the choosing coordinate leaves no trace: uniform, variance 1/12
            CHECK(std::abs(sum[j] / std::sqrt(static_cast<double>(count[j]) / 12)) < 5);
        }
    }
}

TEST_CASE("the model is asked exactly at the points where an input law has density; elsewhere outputs and summands are 0") {
    const Gaps gaps;
    std::atomic<std::int64_t> rows = 0, outside = 0;
    const Problem problem(Model([&](ConstView x) {
                              Outputs out{Matrix(x.rows, 1), {}};
                              for (std::int64_t i = 0; i < x.rows; ++i) {
                                  ++rows;
                                  outside += Gaps::law(x(i, 0)) < 0;
                                  out.y(i, 0) = 10 + x(i, 0);
                              }
                              return out;
                          }),
                          testing::independent(1, Uniform(0, 5)));
    const Run run{.budget = 3000, .rng = 3};
    Evaluation evaluate("test", problem, run);
    const PointSet points = PointSet::independent(3000, {3, 0});
    const Batch batch = draw_batch(evaluate, gaps.space, gaps.proposal, points, 0, 3000);
    Matrix x(3000, 1);
    gaps.space.to_x(batch.z, x);
    const Matrix t = summands(batch);
    std::int64_t inside = 0;
    for (std::int64_t i = 0; i < 3000; ++i) {
        const int law = Gaps::law(x(i, 0));
        inside += law >= 0;
        CHECK(batch.y(i, 0) == doctest::Approx(law >= 0 ? 10 + x(i, 0) : 0.0).epsilon(1e-14));
        for (int j = 0; j < 3; ++j) {
            CHECK((batch.f(i, j) > 0) == (j == law));
            CHECK((t(i, j) > 0) == (j == law));
        }
    }
    CHECK(rows == inside);
    CHECK(outside == 0);
    CHECK(evaluate.n() == inside);
    CHECK(std::abs(share_z(3000 - inside, 3000, 0.4)) < 5);
}

TEST_CASE("a batch knows its densities: summands are y f / q, controls g / q - 1, and control means vanish") {
    const WorkingSpace space = WorkingSpace::normal(testing::standard_normal(2));
    const std::vector<Gaussian> laws{gaussian2(0, 0, 1, 0, 1), gaussian2(1, -1, 0.8, 0.3, 1.1), gaussian2(-1, 2, 1.2, -0.2, 0.7)};
    const std::vector<double> alpha{0.2, 0.5, 0.3};
    const Problem problem([](std::span<const double> x) { return std::vector{x[0], x[0] * x[1]}; }, testing::standard_normal(2));
    const Run run{.budget = 20'000, .rng = 3};
    Evaluation evaluate("test", problem, run);
    const PointSet points = PointSet::independent(20'000, {3, 0});
    const Batch batch = draw_batch(evaluate, space, Proposal(true, {laws[1], laws[2]}, alpha), points, 0, 20'000);
    const Matrix t = summands(batch), x = controls(batch.ratio);
    REQUIRE(t.cols == 2);
    REQUIRE(x.cols == 3);
    double sum[3] = {}, squares[3] = {};
    for (std::int64_t i = 0; i < batch.n(); ++i) {
        const double a = batch.z(i, 0), b = batch.z(i, 1);
        double g[3], q = 0;
        for (std::size_t k = 0; k < 3; ++k) q += alpha[k] * (g[k] = std::exp(log_gaussian2(laws[k], a, b)));
        // exponents of a few tens: relative rounding below 1e-13
        REQUIRE(t(i, 0) == doctest::Approx(a * g[0] / q).epsilon(1e-12));
        REQUIRE(t(i, 1) == doctest::Approx(a * b * g[0] / q).epsilon(1e-12));
        REQUIRE(batch.log_q[static_cast<std::size_t>(i)] == doctest::Approx(std::log(q)).epsilon(1e-12));
        for (std::int64_t k = 0; k < 3; ++k) {
            REQUIRE(std::abs(x(i, k) - (g[k] / q - 1)) <= 1e-12 * (1 + g[k] / q));
            sum[k] += x(i, k);
            squares[k] += x(i, k) * x(i, k);
        }
    }
    for (int k = 0; k < 3; ++k) CHECK(std::abs(sum[k]) < 5 * std::sqrt(squares[k]));
}

TEST_CASE("summands stand law by law and are 0 where a law has no density, whatever the output") {
    Batch batch{Matrix(1, 1), Matrix(1, 2), {}, Matrix(1, 3), {0.0}, Matrix(1, 1, 1.0), {std::log(4.0)}};
    batch.y(0, 0) = 3;
    batch.y(0, 1) = infinity;
    batch.f(0, 0) = 2;
    batch.f(0, 2) = 8;
    const Matrix t = summands(batch);
    REQUIRE(t.cols == 6);
    CHECK(t(0, 0) == doctest::Approx(1.5));
    CHECK(t(0, 2) == 0.0);
    CHECK(t(0, 3) == 0.0);
    CHECK(t(0, 4) == doctest::Approx(6.0));
}

TEST_CASE("a Student component takes one more uniform, and draws and densities belong together") {
    const Gaussian normal = gaussian2(0.5, -0.2, 0.8, 0.3, 0.9);
    Gaussian student = gaussian2(-1, 0.4, 0.7, -0.2, 0.6);
    student.degrees = 3;
    const WorkingSpace space = WorkingSpace::normal(testing::standard_normal(2));
    CHECK(Proposal(true, {normal}, {0.5, 0.5}).coordinates(space) == 3);
    CHECK(Proposal::initial({student}).coordinates(space) == 2);   // a control that is not sampled
    const Proposal proposal(true, {normal, student}, {0.2, 0.3, 0.5});
    REQUIRE(proposal.coordinates(space) == 4);

    const std::int64_t n = 200'000;
    Matrix z(n, 2), log_f(n, 1), g(n, 3);
    proposal.draw(space, uniforms(n, 4, 31), z);
    space.log_density(z, log_f);
    proposal.log_components(z, space.relative_to_initial(log_f), g);
    (void)proposal.normalise(g);
    for (std::int64_t k = 0; k < 3; ++k) {   // E g_k / g = 1
        double sum = 0, squares = 0;
        for (std::int64_t i = 0; i < n; ++i) {
            sum += g(i, k);
            squares += g(i, k) * g(i, k);
        }
        const double m = static_cast<double>(n), mean = sum / m, error = std::sqrt((squares / m - mean * mean) / m);
        CHECK(std::abs(mean - 1) < 5 * error);
        CHECK(error < 0.01);
    }
}
