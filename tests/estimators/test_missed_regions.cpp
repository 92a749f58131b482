#include <buffon/missed_regions.hpp>

#include <algorithm>
#include <string>

#include <doctest/doctest.h>

#include <buffon/cross_entropy.hpp>
#include <buffon/form.hpp>
#include <buffon/kept.hpp>
#include <buffon/testing.hpp>

using namespace buffon;

namespace {

constexpr double beta = 3.5;

/// Points of the input law in four inputs, and an estimate to warn.
struct Look {
    testing::KnownProblem known;
    Run run{.budget = 10'000, .rng = 7};
    Evaluation evaluate{"look", known.problem, run};
    WorkingSpace space = WorkingSpace::normal(known.problem.inputs());
    Pool pool;
    Estimate e;

    explicit Look(testing::KnownProblem problem) : known(std::move(problem)) {
        pool.add(draw_batch(evaluate, space, Proposal::initial(), PointSet::independent(2'000, {7, 1}), 0, 2'000),
                 Proposal::initial(), {});
        e.names = {"hit"};
        e.value = known.exact;
    }
};

Gaussian towards(double side) { return {std::vector<double>(4, side * beta / 2), {}}; }

bool tells(const Estimate& e) {
    return std::ranges::any_of(e.warnings, [](const std::string& w) {
        return w.find("regions that no component leads to") != std::string::npos;
    });
}

}  // namespace

TEST_CASE("missed regions: of two half-spaces one is told where no component leads to it") {
    Look one_side(testing::two_sided_exceedance(4, {beta})), both(testing::two_sided_exceedance(4, {beta})),
        half(testing::linear_exceedance(4, {beta}));
    warn_of_missed_regions(one_side.pool, {{towards(1)}}, notable_region, one_side.e);
    CHECK(tells(one_side.e));
    CHECK(std::get<double>(one_side.e.diagnostics.at("beyond")) > 0.5);
    warn_of_missed_regions(both.pool, {{towards(1), towards(-1)}}, notable_region, both.e);
    CHECK_FALSE(tells(both.e));
    warn_of_missed_regions(half.pool, {{towards(1)}}, notable_region, half.e);
    CHECK_FALSE(tells(half.e));
    CHECK(std::get<double>(half.e.diagnostics.at("beyond")) < 1e-6);
}

TEST_CASE("missed regions: outputs without components, and pools without scores, are passed over") {
    Look look(testing::linear_exceedance(4, {beta}));
    warn_of_missed_regions(look.pool, {{}}, notable_region, look.e);
    CHECK_FALSE(look.e.diagnostics.contains("beyond"));
    warn_of_missed_regions(Pool(), {{towards(1)}}, notable_region, look.e);
    CHECK_FALSE(look.e.diagnostics.contains("beyond"));
}

TEST_CASE("missed regions: a single descent that loses half of an event of 1e-6 says so, and a full search has nothing to say") {
    for (const std::int64_t d : {10, 50})
        for (std::uint64_t key = 1; key <= 5; ++key) {
            const testing::KnownProblem two = testing::two_sided_exceedance(d, {4.8916}),
                                        one = testing::linear_exceedance(d, {4.7534});
            const Run run{.budget = 20'000, .rng = key, .threads = 1};
            const Estimate lost = form(two.problem, run, {.starts = 0});
            CHECK(lost.value[0] < 0.75 * two.exact[0]);
            CHECK(tells(lost));
            CHECK_FALSE(tells(form(two.problem, run)));
            CHECK_FALSE(tells(form(one.problem, run)));
        }
}

TEST_CASE("missed regions: one Gaussian for two half-spaces in 50 inputs never loses one in silence") {
    int lost = 0, silent = 0;
    for (std::uint64_t key = 1; key <= 6; ++key) {
        const testing::KnownProblem two = testing::two_sided_exceedance(50, {4.8916});
        const Estimate e = cross_entropy(two.problem, {.budget = 5'000, .rng = key, .threads = 1}, {.components = 1});
        if (e.value[0] > 0.75 * two.exact[0]) continue;
        ++lost;
        silent += e.warnings.empty();
    }
    CHECK(lost >= 1);   // else the problem shows nothing
    CHECK(silent == 0);
}
