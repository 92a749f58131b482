#include <buffon/circle_strata.hpp>

#include <algorithm>
#include <cmath>
#include <functional>

#include <doctest/doctest.h>

#include <buffon/adaptive.hpp>
#include <buffon/event_labels.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

double square_norm(std::span<const double> x) {
    double sum = 0;
    for (const double v : x) sum += v * v;
    return sum;
}

struct Planned {
    Problem problem;
    Run run;
    Evaluation evaluate{"test", problem, run};
    WorkingSpace space = working_space(problem, {});
    CircleLook look{evaluate, space, 500, {3, 0}};
    CircleStrata strata{evaluate, space, look, 12};

    Planned(const std::function<double(std::span<const double>)>& score, double threshold, std::uint64_t key = 1)
        : problem(labelled_exceedance("test", Problem(Model([score](ConstView x) {
              Outputs out{Matrix(x.rows, 1), {}};
              for (std::int64_t i = 0; i < x.rows; ++i) out.y(i, 0) = score(x.row(i));
              return out;
          }), testing::standard_normal(6)), {threshold})),
          run{.budget = 12'000, .rng = key, .threads = 1} {}
};

}  // namespace

TEST_CASE(
    "circle_strata: outside of a sphere six shells make the whole, circles inside, points where it is all or common, "
    "and the budget holds") {
    // 6 degrees of freedom, P(R^2 > r) = (1 + r / 2 + r^2 / 8) exp(-r / 2)
    const double r = 24, exact = (1 + r / 2 + r * r / 8) * std::exp(-r / 2);
    Planned p(square_norm, r);
    p.strata.plan();
    REQUIRE(p.strata.parts().size() == 6);
    CHECK(p.strata.parts().front().circles);
    CHECK(!p.strata.parts().back().circles);
    p.strata.spend();
    CHECK(p.evaluate.n() <= 12'000);
    CHECK(p.evaluate.n() > 10'000);
    double probability = 0, mean = 0, variance = 0;
    for (const CirclePart& part : p.strata.parts()) {
        REQUIRE(part.told());
        const double w = part.shell.probability();
        probability += w;
        mean += w * part.moments.mean[0];
        variance += w * w * part.moments.covariance()(0, 0) / static_cast<double>(part.terms);
    }
    CHECK(probability == doctest::Approx(1).epsilon(1e-12));
    CHECK(std::abs(mean - exact) < 4.5 * std::sqrt(variance));
    // a shell that it does not reach into, and one that lies in it, have nothing to learn: most goes to the one it cuts
    CHECK(p.strata.parts()[4].terms > 10 * p.strata.parts()[5].terms);
}

TEST_CASE("circle_strata: a frequent event gets one stratum of points, a rare slab one of circles") {
    Planned frequent([](std::span<const double> x) { return x[0]; }, 1);
    frequent.strata.plan();
    REQUIRE(frequent.strata.parts().size() == 1);
    CHECK(!frequent.strata.parts().front().circles);
    Planned rare([](std::span<const double> x) { return -std::abs(x[0]); }, -1e-5);
    rare.strata.plan();
    REQUIRE(rare.strata.parts().size() == 1);
    CHECK(rare.strata.parts().front().circles);
    CHECK(rare.strata.dim() == 6);
}

TEST_CASE("circle_strata: a shell that one of a hundred points has met by luck keeps its circles") {
    // A slab of probability 9e-4, whatever the norm, and the outside of a sphere: a hundred points meet the slab in nine of
    // a hundred shells.
    const auto score = [](std::span<const double> x) {
        return std::max(square_norm(x) - 20, 1e4 * (2e-3 - std::abs(x[0] - x[1] + x[2])));
    };
    int met = 0, points = 0;
    for (std::uint64_t key = 0; key < 30; ++key) {
        Planned p(score, 0, key);
        p.strata.plan();
        if (p.strata.parts().size() < 6) continue;
        for (std::size_t h = 0; h < 3; ++h) {
            ++met;
            points += !p.strata.parts()[h].circles;
        }
    }
    CHECK(met > 60);
    CHECK(points == 0);
}
