#include <buffon/diffusion/norms.hpp>

#include <doctest/doctest.h>

#include <buffon/diffusion/sample.hpp>
#include <buffon/diffusion/solvers/rk45.hpp>

#include "problems.hpp"

using namespace buffon::diffusion;

TEST_CASE("norms: under 'sample' a sample is the same alone, under 'batch' it is not") {
    CHECK(buffon::EnumNames<Norms>::names[static_cast<std::size_t>(Norms::sample)] == "sample");
    CHECK(buffon::EnumNames<Norms>::names[static_cast<std::size_t>(Norms::batch)] == "batch");
    const buffon::Matrix x = problems::starts(8, 1), first = problems::starts(1, 1);
    REQUIRE(x(0, 0) == first(0, 0));
    for (const Norms norms : {Norms::sample, Norms::batch}) {
        const Table table = rk45(VP(), {}, {.norms = norms});
        const double together = sample(problems::g1(), table, {.x = x}).x(0, 0),
                     alone = sample(problems::g1(), table, {.x = first}).x(0, 0);
        CHECK((together == alone) == (norms == Norms::sample));
    }
}
