#include <buffon/circle_look.hpp>

#include <cmath>
#include <functional>

#include <doctest/doctest.h>

#include <buffon/adaptive.hpp>
#include <buffon/event_labels.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

using Row = std::function<std::vector<double>(std::span<const double>)>;

Problem told(std::int64_t d, std::vector<std::string> names, const Row& row) {
    const auto m = static_cast<std::int64_t>(names.size());
    return Problem(Model([row, m](ConstView x) {
        Outputs out{Matrix(x.rows, m), {}};
        for (std::int64_t i = 0; i < x.rows; ++i) {
            const std::vector<double> values = row(x.row(i));
            std::copy(values.begin(), values.end(), out.y.view().row(i).begin());
        }
        return out;
    }), testing::standard_normal(d), std::move(names));
}

struct Looked {
    Problem problem;
    Run run{.budget = 10'000, .rng = 1, .threads = 1};
    Evaluation evaluate{"test", problem, run};
    WorkingSpace space = working_space(problem, {});
    CircleLook look{evaluate, space, 1'000, {3, 0}};

    explicit Looked(Problem p) : problem(std::move(p)) {}
};

double square_norm(std::span<const double> x) {
    double sum = 0;
    for (const double v : x) sum += v * v;
    return sum;
}

}  // namespace

TEST_CASE("circle_look: two classes by the sign of x_1 + x_2 span that direction") {
    const Looked l(labelled_exceedance(
        "test",
        told(6, {"y", "label"},
             [](auto x) { return std::vector<double>{-std::abs(x[0]), x[0] + x[1] > 0 ? 1.0 : 0.0}; }),
        {0}));
    REQUIRE(l.look.subspace().rows == 1);
    // means (1/sqrt(pi)) (1, 1) of 500 points each: standard error of an angle 0.06 a coordinate
    CHECK(std::abs(l.look.subspace()(0, 0) + l.look.subspace()(0, 1)) / std::sqrt(2.0) > 0.97);
    CHECK(l.look.events().labels == std::vector<std::int64_t>{1});
    CHECK(!l.look.events().distances);
    CHECK(l.evaluate.n() == 1'000);
}

TEST_CASE("circle_look: the event that was seen least is the rarest, of unseen ones the one with the lowest scores") {
    const Problem y = told(3, {"y"}, [](auto x) { return std::vector<double>{x[0]}; });
    CHECK(Looked(labelled_exceedance("test", y, {1, 2, 1.5})).look.rarest() == 1);
    CHECK(Looked(labelled_exceedance("test", y, {7, 9, 8})).look.rarest() == 1);
    // 1000 points: standard error 0.0116
    CHECK(std::abs(Looked(labelled_exceedance("test", y, {1})).look.frequency() - 0.1587) < 4.5 * 0.0116);
}

TEST_CASE("circle_look: scores grow with the norm outside of a sphere, and not along a slab") {
    const auto sphere = told(8, {"y"}, [](auto x) { return std::vector<double>{square_norm(x)}; });
    const auto slab = told(8, {"y"}, [](auto x) { return std::vector<double>{-std::abs(x[0])}; });
    CHECK(Looked(labelled_exceedance("test", sphere, {30})).look.grows_with_norm());
    CHECK(!Looked(labelled_exceedance("test", slab, {-1e-4})).look.grows_with_norm());
}

TEST_CASE("circle_look: scores that are the smallest distance less a constant are seen to be, others are not") {
    for (const double power : {1.0, 2.0}) {
        const auto nearest = [power](auto x) {
            const double a = square_norm(x), b = a - 2 * x[0] + 1;
            return std::vector<double>{std::pow(std::min(a, b), power), a, b};
        };
        const Looked l(labelled_exceedance("test", told(3, {"y", "label 1", "label 2"}, nearest), {9}));
        CHECK(l.look.events().distances == (power == 1));
        CHECK(l.look.events().labels.size() == 2);
    }
}

TEST_CASE("circle_look: outputs that are not 0 and 1 by their score are no events") {
    const Looked l(told(3, {"y", "z"}, [](auto x) { return std::vector<double>{x[0], x[1]}; }));
    CHECK(l.look.events().columns.empty());
    CHECK(l.look.subspace().rows == 0);
}
