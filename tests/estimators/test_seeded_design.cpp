#include <buffon/seeded_design.hpp>

#include <algorithm>
#include <vector>

#include <doctest/doctest.h>

#include <buffon/copula.hpp>
#include <buffon/gaussian_copula.hpp>
#include <buffon/joint.hpp>
#include <buffon/laws/uniform.hpp>

using namespace buffon;

namespace {

const Distribution law = Joint({Uniform(), Uniform(), Uniform(), Uniform()}, {"a", "b", "n", "c"});
const std::vector<InputGroup> pair{{"pair", {"a", "c"}}};

/// Moved in which two rows differ.
std::vector<std::int64_t> moved(ConstView x, std::int64_t i, std::int64_t j) {
    std::vector<std::int64_t> out;
    for (std::int64_t c = 0; c < x.cols; ++c)
        if (x(i, c) != x(j, c)) out.push_back(c);
    return out;
}

using Moved = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("seeded_design: rows step in one group at one value of the noise, and stand again with another") {
    const SeededRows design(law, groups_of("sobol", law, pair), 2, Points::rqmc, 8, 2, 1);   // pair, b, n
    REQUIRE(design.sets() == 8);
    Matrix x(16 * 8, 4);
    design.rows(0, x);
    for (std::int64_t i = 0; i < 16; ++i) {
        const ConstView row = x.view().slice(i * 8, 8);
        CHECK(moved(row, 0, 1) == Moved{0, 1, 3});
        CHECK(moved(row, 0, 2) == Moved{0, 3});
        CHECK(moved(row, 0, 3) == Moved{1});
        CHECK(moved(row, 1, 2) == Moved{1});
        for (std::int64_t s = 0; s < 4; ++s) CHECK(moved(row, s, s + 4) == Moved{2});
        for (std::int64_t s = 1; s < 4; ++s) CHECK(row(s, 2) == row(0, 2));
    }
    Matrix later(8, 4);
    design.rows(15, later);
    for (std::int64_t s = 0; s < 8; ++s) CHECK(std::ranges::equal(later.view().row(s), x.view().row(15 * 8 + s)));
}

TEST_CASE("seeded_design: walks go through all groups but the noise, twice") {
    const Groups groups = named_groups("shapley", law, pair);
    const Walks walks({"shapley", law, groups, Points::rqmc, 8, 2, 1}, 2);
    REQUIRE(walks.evaluations() == 6);
    CHECK(walks.names() == std::vector<std::string>{"pair", "b"});
    Matrix x(16 * 6, 4);
    std::vector<std::int64_t> orders;
    walks.rows(0, orders, x);
    REQUIRE(orders.size() == 32);
    for (std::int64_t i = 0; i < 16; ++i) {
        const ConstView row = x.view().slice(i * 6, 6);
        for (std::int64_t w = 0; w < 2; ++w)
            for (std::int64_t k = 0; k < 2; ++k)
                CHECK(moved(row, 3 * w + k, 3 * w + k + 1) ==
                      (orders[static_cast<std::size_t>(2 * i + k)] == 0 ? Moved{0, 3} : Moved{1}));
        for (std::int64_t k = 0; k < 3; ++k) CHECK(moved(row, k, k + 3) == Moved{2});
    }
    CHECK(std::ranges::count(orders, 0) == 16);
}

TEST_CASE("seeded_design: without a noise walks are those of their design") {
    const Groups groups = named_groups("shapley", law, {});
    const ShapleyDesign design("shapley", law, groups, Points::rqmc, 4, 2, 1);
    const Walks walks(design, -1);
    CHECK(walks.evaluations() == 5);
    Matrix x(8 * 5, 4), y(8 * 5, 4);
    std::vector<std::int64_t> one, other;
    walks.rows(0, one, x);
    design.rows(0, other, y);
    CHECK(x.data == y.data);
    CHECK(one == other);
}

TEST_CASE("seeded_design: noise that depends on another input is refused") {
    Matrix r(2, 2);
    r(0, 0) = r(1, 1) = 1;
    r(0, 1) = r(1, 0) = 0.5;
    const Distribution tied = Joint({Uniform(), Uniform(), Uniform()}, {"a", "b", "n"},
                                    std::vector<CopulaGroup>{{GaussianCopula(r), {1, 2}}});
    const Groups groups = named_groups("shapley", tied, {});
    CHECK(noise_group("shapley", tied, groups, "a") == 0);
    CHECK_THROWS_WITH_AS(noise_group("shapley", tied, groups, "n"),
                         "shapley: noise must not depend on other inputs, got 'n'", std::invalid_argument);
    const Distribution one = Joint({Uniform()}, {"n"});
    CHECK_THROWS_AS(noise_group("shapley", one, named_groups("shapley", one, {}), "n"), std::invalid_argument);
}
