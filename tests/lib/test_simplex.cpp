#include <buffon/simplex.hpp>

#include <buffon/stream.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

using namespace buffon;

namespace {

const SimplexOptions to_the_end{.tolerance = 0, .steps = 100'000};

struct Problem {
    Matrix q;
    std::vector<double> c;
};

/// Normal densities with centres spread over [-2, 2] at points of [-4, 4]; the last one is far from every point.
Problem problem(std::int64_t n, std::int64_t k) {
    Problem p{Matrix(n, k), std::vector<double>(static_cast<std::size_t>(n))};
    for (std::int64_t i = 0; i < n; ++i) {
        const double z = 8 * Stream{31, 0}.uniform(i, 0) - 4;
        p.c[static_cast<std::size_t>(i)] = std::exp(-z * z) * Stream{31, 1}.uniform(i, 0);
        for (std::int64_t j = 0; j < k; ++j) {
            const double centre = j == k - 1 ? 9.0 : -2 + 4.0 * static_cast<double>(j) / static_cast<double>(k);
            p.q(i, j) = std::exp(-0.5 * (z - centre) * (z - centre));
        }
    }
    return p;
}

std::vector<double> equal_shares(std::int64_t k) {
    return std::vector<double>(static_cast<std::size_t>(k), 1.0 / static_cast<double>(k));
}

double objective(const Problem& p, const std::vector<double>& a) {
    double f = 0;
    for (std::int64_t i = 0; i < p.q.rows; ++i)
        f += p.c[static_cast<std::size_t>(i)] / std::inner_product(a.begin(), a.end(), p.q.view().row(i).begin(), 0.0);
    return f;
}

std::vector<double> slopes(const Problem& p, const std::vector<double>& a) {
    std::vector<double> g(a.size());
    for (std::int64_t i = 0; i < p.q.rows; ++i) {
        const auto row = p.q.view().row(i);
        const double mixture = std::inner_product(a.begin(), a.end(), row.begin(), 0.0);
        for (std::size_t k = 0; k < g.size(); ++k) g[k] += p.c[static_cast<std::size_t>(i)] * row[k] / mixture / mixture;
    }
    return g;
}

double total(const std::vector<double>& a) { return std::accumulate(a.begin(), a.end(), 0.0); }

}  // namespace

TEST_CASE("minimise_on_simplex: at the optimum free components have equal slopes, those at their floor no larger ones") {
    for (const std::int64_t k : {2, 5, 9, 16}) {
        const Problem p = problem(700, k);
        const std::vector<double> floors(static_cast<std::size_t>(k), 0.01);
        const auto a = minimise_on_simplex(p.q, p.c, equal_shares(k), floors, to_the_end);
        const auto g = slopes(p, a);
        double free = 0, mass = 0;   // slope of the free ones, weighted by what they carry
        for (std::size_t j = 0; j < g.size(); ++j)
            if (a[j] > 1.001 * floors[j]) {
                free += a[j] * g[j];
                mass += a[j];
            }
        const double multiplier = free / mass;
        for (std::size_t j = 0; j < g.size(); ++j) {
            CAPTURE(k);
            CAPTURE(j);
            if (a[j] > 0.02) CHECK(g[j] == doctest::Approx(multiplier).epsilon(1e-3));
            CHECK(g[j] <= multiplier * (1 + 1e-3));
        }
        CHECK(a.back() == doctest::Approx(0.01).epsilon(1e-3).scale(0));   // it helps nobody
    }
}

TEST_CASE("minimise_on_simplex: without active floors every slope is F itself") {
    Problem p = problem(500, 3);
    for (std::int64_t i = 0; i < 500; ++i) p.q(i, 2) = 0.3;
    const auto a = minimise_on_simplex(p.q, p.c, equal_shares(3), {1e-9, 1e-9, 1e-9}, to_the_end);
    const auto g = slopes(p, a);
    const double f = objective(p, a);
    for (std::size_t k = 0; k < 3; ++k)
        if (a[k] > 1e-3) CHECK(g[k] == doctest::Approx(f).epsilon(1e-5));
}

TEST_CASE("minimise_on_simplex: two components, against a search over all shares") {
    const Problem p = problem(400, 3);
    Problem two{Matrix(400, 2), p.c};
    for (std::int64_t i = 0; i < 400; ++i)
        for (std::int64_t j = 0; j < 2; ++j) two.q(i, j) = p.q(i, j);
    for (const double floor : {0.0001, 0.2, 0.45}) {
        const auto a = minimise_on_simplex(two.q, two.c, {0.5, 0.5}, {floor, floor}, to_the_end);
        double least = objective(two, {0.5, 0.5});
        for (int step = 0; step <= 10'000; ++step) {
            const double share = floor + (1 - 2 * floor) * step / 10'000;
            least = std::min(least, objective(two, {share, 1 - share}));
        }
        CHECK(objective(two, a) <= least * (1 + 1e-6));
    }
}

TEST_CASE("minimise_on_simplex: F never grows, floors hold and shares sum to 1 after every step") {
    const Problem p = problem(300, 7);
    std::vector<double> floors(7, 0.02);
    floors[0] = 0.3;
    double before = 1e300;
    for (int steps = 0; steps < 60; ++steps) {
        const auto a = minimise_on_simplex(p.q, p.c, equal_shares(7), floors, {.tolerance = -1, .steps = steps});
        CHECK(objective(p, a) <= before * (1 + 1e-14));
        before = objective(p, a);
        CHECK(total(a) == doctest::Approx(1.0).epsilon(1e-14));
        for (std::size_t k = 0; k < 7; ++k) CHECK(a[k] >= floors[k] * (1 - 1e-14));
    }
}

TEST_CASE("minimise_on_simplex: rows that cannot count do not, and the scale of c is nothing") {
    const Problem p = problem(200, 4);
    const std::vector<double> floors(4, 0.01);
    const auto a = minimise_on_simplex(p.q, p.c, equal_shares(4), floors, {});
    Problem more = p;
    for (int i = 0; i < 5; ++i) {   // no weight, or no density at all
        for (int j = 0; j < 4; ++j) more.q.data.push_back(i < 3 ? 0.5 : 0.0);
        more.c.push_back(i < 3 ? 0.0 : 1e-3);
        ++more.q.rows;
    }
    CHECK(minimise_on_simplex(more.q, more.c, equal_shares(4), floors, {}) == a);
    for (const double scale : {0x1p-900, 0x1p900}) {
        Problem scaled = p;
        for (double& v : scaled.c) v *= scale;
        CHECK(minimise_on_simplex(scaled.q, scaled.c, equal_shares(4), floors, {}) == a);
    }
    const std::vector<double> nothing(200, 0.0);
    CHECK(minimise_on_simplex(p.q, nothing, equal_shares(4), floors, {}) == equal_shares(4));
}

TEST_CASE("raise_to_floors: what is above stays in proportion") {
    std::vector<double> a{0.05, 0.35, 0.6};
    raise_to_floors(a, {0.24, 0.01, 0.01});
    CHECK(a[0] == 0.24);
    CHECK(a[1] / a[2] == doctest::Approx(0.35 / 0.6));
    CHECK(total(a) == doctest::Approx(1.0));
}

TEST_CASE("raise_to_floors: what falls below its floor by scaling is raised, too") {
    std::vector<double> a{0.0, 0.21, 0.79};
    raise_to_floors(a, {0.5, 0.2, 0.0});   // 0.21 is scaled to 0.105
    CHECK(a[0] == 0.5);
    CHECK(a[1] == 0.2);
    CHECK(a[2] == doctest::Approx(0.3));
}

TEST_CASE(
    "minimise_on_simplex: of many rows any number of threads gives the same bits, and the optimum is that of the rows "
    "in another order") {
    const Problem p = problem(3 * 4096 + 700, 9);
    const std::vector<double> floors(9, 0.01);
    const auto a = minimise_on_simplex(p.q, p.c, equal_shares(9), floors, {});
    CHECK(minimise_on_simplex(p.q, p.c, equal_shares(9), floors, {.threads = 3}) == a);
    Problem turned = p;   // other blocks: the sums differ by rounding alone
    std::rotate(turned.c.begin(), turned.c.begin() + 1000, turned.c.end());
    std::rotate(turned.q.data.begin(), turned.q.data.begin() + 9000, turned.q.data.end());
    const auto b = minimise_on_simplex(turned.q, turned.c, equal_shares(9), floors, {});
    for (std::size_t k = 0; k < 9; ++k) CHECK(b[k] == doctest::Approx(a[k]).epsilon(1e-9));
}
