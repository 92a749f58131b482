#include <buffon/circle_strata.hpp>

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
    Run run{.budget = 12'000, .rng = 1, .threads = 1};
    Evaluation evaluate{"test", problem, run};
    WorkingSpace space = working_space(problem, {});
    CircleLook look{evaluate, space, 500, {3, 0}};
    CircleStrata strata{evaluate, space, look, 12};

    Planned(const std::function<double(std::span<const double>)>& score, double threshold)
        : problem(labelled_exceedance("test", Problem(Model([score](ConstView x) {
              Outputs out{Matrix(x.rows, 1), {}};
              for (std::int64_t i = 0; i < x.rows; ++i) out.y(i, 0) = score(x.row(i));
              return out;
          }), testing::standard_normal(6)), {threshold})) {}
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
