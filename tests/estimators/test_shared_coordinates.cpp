#include <doctest/doctest.h>

#include <buffon/plain.hpp>
#include <buffon/shapley.hpp>
#include <buffon/shapley_given_data.hpp>
#include <buffon/shared_coordinates.hpp>
#include <buffon/sobol.hpp>
#include <buffon/sobol_given_data.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

TEST_CASE(
    "shared_coordinates: the rows of sobol and shapley are told from independent draws, and refused where these are "
    "needed") {
    const Problem problem = testing::ishigami().problem;
    const Run run{.budget = 2'048, .rng = 1, .keep = Keep::sample};
    CHECK(!has_shared_coordinates(*plain(problem, run).sample));
    for (const Sample& s : {*sobol(problem, run).joint.sample,
                            *sobol(problem, run, {.surrogate = false, .points = Points::iid}).joint.sample,
                            *shapley(problem, run).sample}) {
        CHECK(has_shared_coordinates(s));
        CHECK_THROWS_WITH(sobol_given_data(s),
                          doctest::Contains("sobol_given_data: the rows of the sample must be independent draws"));
        CHECK_THROWS_WITH(shapley_given_data(s),
                          doctest::Contains("shapley_given_data: the rows of the sample must be independent draws"));
    }
}
