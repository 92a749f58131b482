#include <buffon/diffusion/program.hpp>

#include <buffon/diffusion/recorder.hpp>
#include <buffon/diffusion/solvers/ddim.hpp>
#include <buffon/diffusion/solvers/dpmpp.hpp>

#include <doctest/doctest.h>

#include <stdexcept>

using namespace buffon::diffusion;

TEST_CASE("program: weights of tables that run side by side stand beside each other") {
    const std::vector<Table> tables{ddim(EDM(), {.steps = 3}), ddim(EDM(), {.steps = 3}).from_level(2.0)};
    const Program program = pack(tables);
    CHECK(program.axis == Program::Axis::sample);
    CHECK(program.tables == 2);
    CHECK(program.evaluations == 3);
    const Operation& first = program.operations[0];
    CHECK(first.at == 0);
    CHECK(first.rho == std::vector{tables[0].rho_start(), tables[1].rho_start()});   // of the point that is denoised
    const Operation& update = program.operations[1];
    CHECK(update.in.size() == 2);
    for (std::size_t g = 0; g < 2; ++g)
        for (std::size_t k = 0; k < 2; ++k) CHECK(update.weights[k * 2 + g] == tables[g].rows[1].terms[k].weight);
    CHECK(program.operations[2].rho == std::vector{tables[0].rows[1].rho, tables[1].rows[1].rho});
}

TEST_CASE("program: the constant is an offset, noise rows are numbered") {
    Recorder r;
    Combination x = r.start();
    for (std::size_t i = 1; i <= 2; ++i) x = r.node(0.5 * x + 3.0 * r.one(), i, 1.0, 0.25);
    Table table = r.seal();
    table.nodes = nodes(EDM(), {.steps = 2});
    const Program program = pack(std::vector{table});
    CHECK(program.operations[0].in == std::vector{0});
    CHECK(program.operations[0].offset == std::vector{3.0});
    CHECK(program.operations[0].noise == std::vector{0.25});
    CHECK(program.operations[0].draw == 0);
    CHECK(program.operations[1].draw == 1);
}

TEST_CASE("program: tables of different shape do not run side by side") {
    const std::vector<Table> tables{dpmpp(EDM(), {.steps = 4}, {.order = 1}), dpmpp(EDM(), {.steps = 4}, {.order = 2})};
    CHECK_THROWS_AS(pack(tables), std::invalid_argument);
}
