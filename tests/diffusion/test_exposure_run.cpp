#include <buffon/diffusion/exposure_run.hpp>

#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/diffusion/solvers/ddim.hpp>
#include <buffon/diffusion/solvers/heun.hpp>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

TEST_CASE("exposure_run: parts of a table, one after the other, are the table") {
    for (const Table& table : {ddim(VP(), {.steps = 5, .to_zero = true}), heun(EDM(), {.steps = 4})}) {
        const Matrix x = problems::starts(6, 2);
        Matrix there = x, whole = problems::solve(problems::g2(), table, x);
        for (std::size_t k = 0; k < table.nodes.steps(); ++k)
            there = problems::solve(problems::g2(), part_of(table, k, k + 1), there);
        for (std::size_t i = 0; i < whole.data.size(); ++i) CHECK(there.data[i] == doctest::Approx(whole.data[i]).epsilon(1e-10));
        CHECK(part_of(table, 1, 3).nodes.t == std::vector<double>(table.nodes.t.begin() + 1, table.nodes.t.begin() + 4));
    }
}

TEST_CASE("exposure_run: times of labels are a discrete schedule's levels, elsewhere 1,001 of them") {
    const std::vector<double> levels = label_times(Discrete::linear()), others = label_times(VP());
    CHECK(levels.size() == 1000);
    CHECK(levels.front() == 0.001);
    CHECK(levels.back() == 1.0);
    CHECK(others.size() == 1001);
    CHECK(others.front() == VP().t_start());
    CHECK(others.back() == VP().t_end());
}
