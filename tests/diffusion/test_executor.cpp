#include <buffon/diffusion/executor.hpp>

#include <buffon/diffusion/solvers/ddim.hpp>
#include <buffon/stream.hpp>

#include <doctest/doctest.h>

#include <atomic>
#include <vector>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

TEST_CASE("executor: a block writes its own rows and counts them") {
    const GaussianMixture model = problems::g2();
    const std::vector<Table> tables{ddim(VP(), {.steps = 4}, {.eta = 1.0})};
    const Program program = pack(tables);
    SampleOptions options;
    Draws draws, parts;
    for (Draws* d : {&draws, &parts}) d->x = Matrix(10, 2, -99.0);
    const Denoiser denoiser = model;
    std::int64_t told = 0;
    std::atomic<std::int64_t> guidance{0};
    const Job job{denoiser, tables, {}, program, options, draws, [&](std::int64_t more) { told += more; }, guidance};
    CHECK(run_block(job, 3, 5, 1) == 20);
    CHECK(told == 20);
    CHECK(draws.x(2, 0) == -99.0);
    CHECK(draws.x(3, 0) != -99.0);
    CHECK(draws.x(8, 1) == -99.0);
    const Job other{denoiser, tables, {}, program, options, parts, {}, guidance};
    for (std::int64_t i = 3; i < 8; ++i) run_block(other, i, 1, 1);
    CHECK(parts.x.data == draws.x.data);
}

TEST_CASE("executor: large states are updated by several threads with the same bits") {
    constexpr std::int64_t d = 1 << 16;
    const Denoiser half{d, [](const Query& q, buffon::View out) {
        for (std::int64_t i = 0; i < out.size(); ++i) out.data[i] = q.x.data[i] / (1 + q.sigma[0] * q.sigma[0]);
    }, {.concurrent = false}};
    SampleOptions options;
    options.n = 6;
    options.rng = 2;
    const Table table = ddim(VP(), {.steps = 2}, {.eta = 1.0});
    options.threads = 1;
    const Matrix one = sample(half, table, options).x;
    options.threads = 4;
    CHECK(sample(half, table, options).x.data == one.data);
}
