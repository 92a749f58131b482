#include <buffon/important_points.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <buffon/laws/normal.hpp>
#include <buffon/normal_functions.hpp>

using namespace buffon;

namespace {

const std::vector<DesignPoint> points{{0, {3, 0}, 3, 1, true}, {0, {0, -3.5}, 3.5, 1, true}, {2, {0, 6}, 6, 1, false}};

}  // namespace

TEST_CASE("important_points: outputs share alike or by weight, their points by the masses of half-spaces") {
    const Proposal q = about(points, 3, {}, 0.1);
    REQUIRE(q.size() == 7);   // the input law, two laws a point
    const double near = normal_cdf(-3), far = normal_cdf(-3.5);
    CHECK(q.alpha()[0] == 0.1);
    CHECK(q.alpha()[1] == doctest::Approx(0.225 * near / (near + far)));
    CHECK(q.alpha()[4] == doctest::Approx(0.225 * far / (near + far)));
    CHECK(q.alpha()[5] == doctest::Approx(0.225));
    const Proposal weighted = about(points, 3, {1, 1, 0}, 0.1);
    CHECK(weighted.alpha()[5] == 0);
    CHECK(weighted.alpha()[1] == doctest::Approx(0.45 * near / (near + far)));
}

TEST_CASE("important_points: without a point, or a weight on one, the input law is sampled") {
    CHECK(about({}, 2, {}, 0.1).size() == 1);
    CHECK(about(points, 3, {0, 1, 0}, 0.1).size() == 1);
}

TEST_CASE("important_points: the report has places in the inputs' units and directions of length 1") {
    const WorkingSpace space = WorkingSpace::normal(Distribution(Joint({Normal(10, 2), Normal(0, 1)})));
    Estimate e;
    e.value = {1, 2, 3};
    e.names = {"a", "b", "c"};
    report(points, space, e);
    CHECK(std::get<std::vector<double>>(e.diagnostics.at("beta")) == std::vector<double>{3, 3.5, 6});
    const auto places = std::get<std::vector<double>>(e.diagnostics.at("design_points"));
    CHECK(places[0] == doctest::Approx(16));
    CHECK(places[3] == doctest::Approx(-3.5));
    CHECK(std::get<std::vector<double>>(e.diagnostics.at("importance_factors")) == std::vector<double>{1, 0, 0, 1, 0, 1});
    CHECK(std::get<std::vector<std::string>>(e.diagnostics.at("design_outputs")) == std::vector<std::string>{"a", "a", "c"});
    CHECK(std::get<std::vector<double>>(e.diagnostics.at("converged")) == std::vector<double>{1, 1, 0});
    const auto first = std::get<std::vector<double>>(e.diagnostics.at("first_order"));
    CHECK(first[0] == normal_cdf(-3));
    CHECK(std::isnan(first[1]));   // no point: nothing is known
}
