#include <buffon/sinkhorn.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

#include <buffon/assign_kernels.hpp>
#include <buffon/wasserstein.hpp>

#include "assignments.hpp"

using namespace buffon;

namespace {

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

double cost_of(const Matrix& x, const Matrix& y, std::int64_t i, std::int64_t j, int order) {
    double square = 0.0;
    for (std::int64_t k = 0; k < x.cols; ++k) square += std::pow(x(i, k) - y(j, k), 2);
    return order == 1 ? std::sqrt(square) : square;
}

std::vector<double> positive_weights(std::int64_t n, std::uint32_t id) { return assignments::uniform(n, 1, id, 0.1, 1.0).data; }

void normalise(std::vector<double>& w) {
    const double total = std::accumulate(w.begin(), w.end(), 0.0);
    for (double& x : w) x /= total;
}

/// N(mean, sd^2) on a grid so fine and wide that its sums are integrals.
struct Normal {
    Matrix points;
    std::vector<double> weights;
    Normal(double mean, double sd) : points(301, 1) {
        for (std::int64_t i = 0; i < 301; ++i) {
            const double z = 8.0 * static_cast<double>(i - 150) / 150.0;
            points(i, 0) = mean + sd * z;
            weights.push_back(std::exp(-0.5 * z * z));
        }
    }
};

/// Janati, Muzellec, Peyre, Cuturi, NeurIPS 2020, theorem 1, in one dimension; epsilon = 2 s^2.
double entropic_cost_of_normals(double m1, double sd1, double m2, double sd2, double epsilon) {
    const double s2 = epsilon / 2, a = sd1 * sd1, b = sd2 * sd2, d = std::sqrt(4 * a * b + s2 * s2);
    return (m1 - m2) * (m1 - m2) + a + b - d + s2 * (1 - std::log(2 * s2)) + s2 * std::log(d + s2);
}

}  // namespace

TEST_CASE("sinkhorn: the plan of the potentials has the marginals, the cost and the value that it says") {
    const std::int64_t n = 40, m = 77;
    for (const int order : {1, 2})
        for (const double epsilon : {1.0, 0.05, 0.005}) {
            CAPTURE(order);
            CAPTURE(epsilon);
            const Matrix x = assignments::uniform(n, 3, 1), y = assignments::uniform(m, 3, 2, -0.5, 2.0);
            std::vector<double> a = positive_weights(n, 3), b = positive_weights(m, 4);
            b[5] = 0.0;
            const Sinkhorn s = sinkhorn(x, y, {.epsilon = epsilon, .order = order, .tolerance = 1e-9, .a = a, .b = b});
            normalise(a);
            normalise(b);
            REQUIRE(s.converged);
            double cost = 0.0, divergence = 0.0, mean = 0.0, error = 0.0;
            std::vector<double> columns(at(m), 0.0);
            for (std::int64_t i = 0; i < n; ++i) {
                double row = 0.0;
                for (std::int64_t j = 0; j < m; ++j) {
                    const double c = cost_of(x, y, i, j, order), log_ratio = (s.f[at(i)] + s.g[at(j)] - c) / s.epsilon;
                    const double p = a[at(i)] * b[at(j)] * std::exp(log_ratio);
                    row += p;
                    columns[at(j)] += p;
                    cost += p * c;
                    divergence += p * log_ratio;
                    mean += a[at(i)] * b[at(j)] * c;
                }
                error += std::abs(row - a[at(i)]);
            }
            for (std::int64_t j = 0; j < m; ++j) error += std::abs(columns[at(j)] - b[at(j)]);
            CHECK(error <= 1.1e-9);
            CHECK(error == doctest::Approx(s.marginal_error).epsilon(0.01));
            CHECK(s.epsilon == doctest::Approx(epsilon * mean).epsilon(1e-12));
            CHECK(s.cost == doctest::Approx(cost).epsilon(1e-10));
            CHECK(s.value == doctest::Approx(cost + s.epsilon * divergence).epsilon(1e-7));
        }
}

TEST_CASE("sinkhorn: between normal laws it is the closed form, and so is the divergence") {
    const Normal p(0.3, 1.0), q(-0.5, 0.6);
    for (const double epsilon : {4.0, 0.5, 0.05}) {
        CAPTURE(epsilon);
        const SinkhornOptions o{.epsilon = epsilon, .relative = false, .tolerance = 1e-10, .a = p.weights, .b = q.weights};
        const Sinkhorn s = sinkhorn(p.points, q.points, o);
        REQUIRE(s.converged);
        const double expected = entropic_cost_of_normals(0.3, 1.0, -0.5, 0.6, epsilon);
        CHECK(s.value == doctest::Approx(expected).epsilon(1e-8));
        const double own = entropic_cost_of_normals(0, 1.0, 0, 1.0, epsilon) + entropic_cost_of_normals(0, 0.6, 0, 0.6, epsilon);
        const SinkhornDivergence d = sinkhorn_divergence(p.points, q.points, o);
        CHECK(d.converged);
        CHECK(d.value == doctest::Approx(expected - own / 2).epsilon(1e-7));
    }
}

TEST_CASE("sinkhorn: a small epsilon gives the exact distance, a large one the mean cost of independent pairs") {
    const Matrix x = assignments::uniform(60, 2, 1), y = assignments::uniform(60, 2, 2, 0.0, 1.5);
    for (const int order : {1, 2}) {
        const double exact = std::pow(wasserstein(x, y, {.order = order}).distance, order);
        const Sinkhorn sharp = sinkhorn(x, y, {.epsilon = 1e-3, .order = order, .tolerance = 1e-5});
        CHECK(sharp.converged);
        CHECK(sharp.cost >= exact - 1e-4);
        CHECK(sharp.cost == doctest::Approx(exact).epsilon(5e-3));
        const Sinkhorn blurred = sinkhorn(x, y, {.epsilon = 1e5, .order = order});
        double mean = 0.0;
        for (std::int64_t i = 0; i < 60; ++i)
            for (std::int64_t j = 0; j < 60; ++j) mean += cost_of(x, y, i, j, order) / 3600;
        CHECK(blurred.cost == doctest::Approx(mean).epsilon(1e-4));
        CHECK(blurred.value == doctest::Approx(mean).epsilon(1e-4));
    }
}

TEST_CASE("sinkhorn: the divergence of equal measures is 0, of others positive, and one point has only one plan") {
    const Matrix x = assignments::uniform(50, 2, 1), y = assignments::uniform(64, 2, 2);
    Matrix shuffled(50, 2);
    for (std::int64_t i = 0; i < 50; ++i)
        for (std::int64_t k = 0; k < 2; ++k) shuffled((i * 3 + 1) % 50, k) = x(i, k);
    for (const int order : {1, 2}) {
        const SinkhornOptions o{.epsilon = 0.02, .order = order, .tolerance = 1e-8};
        CHECK(sinkhorn_divergence(x, shuffled, o).value < 1e-9);
        CHECK(sinkhorn_divergence(x, y, o).value > 1e-4);
        const Sinkhorn one = sinkhorn(Matrix(1, 2, 0.5), y, o);
        double mean = 0.0;
        for (std::int64_t j = 0; j < 64; ++j) mean += cost_of(Matrix(1, 2, 0.5), y, 0, j, order) / 64;
        CHECK(one.value == doctest::Approx(mean).epsilon(1e-10));
        CHECK(one.cost == doctest::Approx(mean).epsilon(1e-10));
    }
    CHECK(sinkhorn(Matrix(3, 2, 1.0), Matrix(2, 2, 1.0)).value == doctest::Approx(0.0));
}

TEST_CASE("sinkhorn: it goes on from its own potentials, and stops where it is told to") {
    const Matrix x = assignments::uniform(80, 2, 1), y = assignments::uniform(90, 2, 2);
    SinkhornOptions o{.epsilon = 0.01, .tolerance = 1e-8};
    const Sinkhorn cold = sinkhorn(x, y, o);
    REQUIRE(cold.converged);
    o.f = cold.f;
    o.g = cold.g;
    const Sinkhorn warm = sinkhorn(x, y, o);
    CHECK(warm.converged);
    CHECK(warm.iterations <= 2);
    CHECK(warm.value == doctest::Approx(cold.value).epsilon(1e-8));
    const Sinkhorn cut = sinkhorn(x, y, {.epsilon = 0.01, .tolerance = 1e-12, .max_iterations = 7});
    CHECK_FALSE(cut.converged);
    CHECK(cut.iterations == 7);
    CHECK(cut.marginal_error > 1e-12);
}

TEST_CASE("sinkhorn: same bits on any number of threads, and the kernel at every level") {
    const Matrix x = assignments::uniform(200, 2, 1), y = assignments::uniform(150, 2, 2);
    const Sinkhorn one = sinkhorn(x, y, {.threads = 1}), three = sinkhorn(x, y, {.threads = 3});
    CHECK(one.f == three.f);
    CHECK(one.value == three.value);

    const std::int64_t keys = 1056, dim = 3, rows = 70;
    const Matrix coordinates = assignments::uniform(dim, keys, 3, -4.0, 4.0),
                 bias = assignments::uniform(1, keys, 4, -30.0, 30.0), at_x = assignments::uniform(rows, dim, 5);
    std::vector<double> first;
    for (const Kernels* level : available_kernels())
        for (const bool root : {false, true}) {
            CAPTURE(level->level);
            std::vector<double> log_sum(at(rows)), distance(at(rows));
            assign_kernels(*level).soft_sums({coordinates.data.data(), bias.data.data(), keys, dim, at_x.data.data(),
                                              rows, root, 44.0, log_sum.data(), distance.data()});
            for (std::int64_t i = 0; i < rows; ++i) {
                long double total = 0, weighted = 0;
                for (std::int64_t j = 0; j < keys; ++j) {
                    long double d = 0;
                    for (std::int64_t k = 0; k < dim; ++k)
                        d += std::pow(static_cast<long double>(at_x(i, k)) - coordinates(k, j), 2);
                    if (root) d = std::sqrt(d);
                    total += std::exp(bias(0, j) - d);
                    weighted += d * std::exp(bias(0, j) - d);
                }
                CHECK(std::abs(log_sum[at(i)] - static_cast<double>(std::log(total))) < 1e-13);
                CHECK(distance[at(i)] == doctest::Approx(static_cast<double>(weighted / total)).epsilon(1e-13));
            }
            log_sum.insert(log_sum.end(), distance.begin(), distance.end());
            if (level == available_kernels().front()) first.insert(first.end(), log_sum.begin(), log_sum.end());
            else CHECK(std::equal(log_sum.begin(), log_sum.end(), first.begin() + (root ? 2 * rows : 0)));
        }
}

TEST_CASE("sinkhorn: arguments that do not fit are named") {
    const Matrix x(3, 2, 1.0), y(4, 2, 2.0);
    const auto fails = [&](const Matrix& p, const SinkhornOptions& o, const char* message) {
        CHECK_THROWS_WITH_AS(sinkhorn(p, y, o), doctest::Contains(message), std::invalid_argument);
    };
    fails(Matrix(3, 1), {}, "sinkhorn: x and y must have as many columns, got 1 and 2");
    fails(Matrix(0, 2), {}, "sinkhorn: x must have shape (n, d) with n and d at least 1, got (0, 2)");
    fails(Matrix(1, 2, std::nan("")), {}, "sinkhorn: x must hold numbers up to 1e150, got nan in row 0");
    fails(x, {.epsilon = 0.0}, "sinkhorn: epsilon must be positive and finite, got 0");
    fails(x, {.order = 0}, "sinkhorn: order must be 1 or 2, got 0");
    fails(x, {.tolerance = 0.0}, "tolerance must be positive");
    fails(x, {.max_iterations = 0}, "max_iterations must be at least 1, got 0");
    fails(x, {.threads = -1}, "threads must not be negative");
    fails(x, {.a = {1.0, 2.0}}, "a must have one weight per point, 3, got 2");
    fails(x, {.b = {1.0, 2.0, -1.0, 0.0}}, "b must hold finite numbers >= 0, got -1");
    fails(x, {.a = {0.0, 0.0, 0.0}}, "a must not be zero everywhere");
    fails(x, {.f = {0.0}}, "f must have one number per point, 3, got 1");
    fails(x, {.g = {0.0, 0.0, 0.0, INFINITY}}, "g must hold finite numbers");
}
