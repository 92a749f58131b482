#include <buffon/representatives.hpp>

#include <numeric>
#include <set>

#include <doctest/doctest.h>

#include <buffon/testing.hpp>

using namespace buffon;

namespace {

/// N(m, sd^2) for each m.
WorkingSpace normals(const std::vector<double>& means, double sd = 1.0) {
    std::vector<Distribution> laws;
    for (const double m : means) laws.push_back(testing::independent(1, Normal(m, sd)));
    return WorkingSpace::standardised(std::move(laws));
}

std::vector<double> grid(std::int64_t n, double step) {
    std::vector<double> means;
    for (std::int64_t j = 0; j < n; ++j) means.push_back(step * static_cast<double>(j));
    return means;
}

}  // namespace

TEST_CASE("representatives: of few laws all") {
    const Representatives r = representatives_of(normals(grid(5, 0.1)), 5, 5, 0.2);
    CHECK(r.all());
    CHECK(r.laws == std::vector<std::int64_t>{0, 1, 2, 3, 4});
    CHECK(r.of == r.laws);
    CHECK(r.unseen == 0);
}

TEST_CASE("representatives: copies are stood for by one of them, and leave nothing unseen") {
    std::vector<double> means;
    for (int j = 0; j < 60; ++j) means.push_back(4.0 * (j % 12));
    const Representatives r = representatives_of(normals(means), 1, 60, 1e-9);
    REQUIRE(r.size() == 12);
    std::set<std::int64_t> kinds;
    for (const std::int64_t law : r.laws) kinds.insert(law % 12);
    CHECK(kinds.size() == 12);
    for (std::size_t j = 0; j < 60; ++j)
        CHECK(r.laws[static_cast<std::size_t>(r.of[j])] % 12 == static_cast<std::int64_t>(j) % 12);
    CHECK(r.unseen < 1e-9);
}

TEST_CASE("representatives: of laws that share nothing those left out are unseen") {
    const Representatives r = representatives_of(normals(grid(40, 30.0)), 1, 10, 0.2);
    CHECK(r.size() == 10);
    CHECK(r.unseen == doctest::Approx(0.75).epsilon(1e-6));
}

TEST_CASE("representatives: as many as leave no more than the tolerance, and no fewer than asked for") {
    const WorkingSpace space = normals(grid(200, 0.05));   // from 0 to 10 standard deviations
    const Representatives coarse = representatives_of(space, 1, 200, 0.2), fine = representatives_of(space, 1, 200, 0.01);
    CHECK(coarse.unseen <= 0.2);
    CHECK(fine.unseen <= 0.01);
    CHECK(coarse.size() < fine.size());
    CHECK(fine.size() <= 20);   // a smooth family of one parameter
    CHECK(representatives_of(space, 15, 200, 0.2).size() == 15);
    CHECK(std::ranges::is_sorted(fine.laws));
}

TEST_CASE("representatives: sums over the laws that each stands for") {
    const Representatives r{{1, 3}, {0, 0, 1, 1, 1}, 0};
    std::vector<double> v(10);   // two functions a law
    std::iota(v.begin(), v.end(), 0.0);
    CHECK(r.summed(v) == std::vector<double>{0 + 2, 1 + 3, 4 + 6 + 8, 5 + 7 + 9});
}
