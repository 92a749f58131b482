#include <buffon/testing.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "test_paths.hpp"

using namespace buffon;
using testing::KnownProblem;

TEST_CASE("testing: beam moments agree with published nets within their errors") {
    // 8 scrambled Sobol' nets of 2^15 points, centred estimators; standard errors beside them.
    const double value[8] = {.001933380486, .001923531812, .001930334337, .002104605406,
                             .001954268647, .002093135134, .04385652019,  .002346613985};
    const double error[8] = {1.4e-8, 1.1e-8, 1.5e-8, 5.6e-8, 1.8e-8, 2.0e-8, 9.7e-8, 8.0e-8};
    const KnownProblem p = testing::cantilever_sobol();
    for (std::size_t j = 0; j < 8; ++j) CHECK(std::abs(p.exact[j] - value[j]) < 5 * error[j]);
}

TEST_CASE("testing: beam indices are those of the eight expectations, and agree with the better published ones") {
    const KnownProblem p = testing::cantilever(), eight = testing::cantilever_sobol();
    const double mean = eight.exact[6], variance = eight.exact[7] - mean * mean;
    const double total[6] = {.029056, .000425, .019883, .47520, .08445, .44958};
    for (std::size_t i = 0; i < 6; ++i) {
        CHECK(p.first_order[i] == doctest::Approx((eight.exact[i] - mean * mean) / variance).epsilon(1e-6));
        CHECK(std::abs(p.total_order[i] - total[i]) < 5 * 8e-5);
    }
}

TEST_CASE("testing: mean displacements of five published laws agree within their errors") {
    const std::vector<testing::CantileverLaw> rows{
        {527.491076, 473.331285, 215.518822, .069111, .093222, 4.261959, -.352268, .221222, .169939},
        {554.868452, 449.49669, 199.827497, .062013, .094686, 4.340292, -.520221, .208799, .085248},
        {542.105852, 433.50228, 196.584164, .064533, .092167, 4.684733, -.159795, .030846, .190868},
        {571.055177, 445.041519, 194.748091, .060552, .097007, 4.259638, -.323835, .479937, .040872},
        {572.978493, 428.561569, 219.955893, .06981, .093674, 4.936269, -.582594, .365139, .333137}};
    const double value[5] = {.02976142, .04594474, .0542349, .0466274, .0449512}, error[5] = {6e-7, 9e-7, 1.6e-6, 7e-7, 5e-7};
    const KnownProblem p = testing::cantilever_laws(rows);
    for (std::size_t j = 0; j < 5; ++j) CHECK(std::abs(p.exact[j] - value[j]) < 5 * error[j]);
}

TEST_CASE("testing: mean displacements of a hundred laws agree with nets computed elsewhere") {
    std::ifstream file(BUFFON_TEST_DATA "/cantilever_laws.txt");
    REQUIRE(file.good());
    std::vector<testing::CantileverLaw> rows;
    std::vector<double> value, error;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#')) continue;
        std::istringstream text(line);
        testing::CantileverLaw row;
        for (double& number : row) text >> number;
        rows.push_back(row);
        text >> value.emplace_back() >> error.emplace_back();
        REQUIRE(text);
    }
    REQUIRE(rows.size() == 100);
    const KnownProblem p = testing::cantilever_laws(rows), drawn = testing::cantilever_laws(100, 1);
    REQUIRE(p.laws.size() == 100);
    for (std::size_t j = 0; j < 100; ++j) {
        CAPTURE(j);
        CHECK(error[j] < 2e-6 * value[j]);
        CHECK(std::abs(p.exact[j] - value[j]) < 5.5 * error[j]);   // t with 31 degrees of freedom, 100 comparisons
        CHECK(drawn.exact[j] == doctest::Approx(p.exact[j]).epsilon(1e-12));   // the rows are those of key 1
    }
}

TEST_CASE("testing: the hypercube has one law in each slice and usable correlations for any key") {
    for (std::uint64_t key : {1u, 2u, 3u}) {
        const KnownProblem p = testing::cantilever_laws(50, key);
        std::vector<int> slices(50);
        for (const auto& law : p.laws) ++slices.at(static_cast<std::size_t>((law.mean()[5] - 4) * 50));
        for (const int count : slices) CHECK(count == 1);
    }
    CHECK(testing::cantilever_laws(2000, 5).laws.size() == 2000);
    CHECK_THROWS_AS(testing::cantilever_laws(0), std::invalid_argument);
    CHECK_THROWS_AS(testing::cantilever_laws(std::vector<testing::CantileverLaw>{}), std::invalid_argument);
}

TEST_CASE("testing: the beam bends by the textbook formula") {
    const double x[6] = {500, 450, 200, 0.06, 0.1, 4};
    const double y = testing::cantilever().problem({x, 1, 6}).y(0, 0);
    const double want =
        4 * std::pow(4.0, 3) / (200e9 * 0.06 * 0.1) * std::sqrt(std::pow(500 / 0.0036, 2) + std::pow(450 / 0.01, 2));
    CHECK(y == doctest::Approx(want).epsilon(1e-14));
}
