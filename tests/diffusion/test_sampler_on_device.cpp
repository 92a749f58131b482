#include <buffon/diffusion/sampler_on_device.hpp>

#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/device.hpp>
#include <buffon/device_sample.hpp>
#include <buffon/diffusion/empirical.hpp>
#include <buffon/diffusion/guided.hpp>
#include <buffon/diffusion/sampler_problem.hpp>
#include <buffon/diffusion/solvers/ancestral.hpp>
#include <buffon/diffusion/solvers/dpmpp.hpp>
#include <buffon/diffusion/solvers/rk45.hpp>

#include "problems.hpp"

using namespace buffon;
using namespace buffon::diffusion;

namespace {

Outputs whole_draws(ConstView x) {
    Outputs out{Matrix(x.rows, x.cols), {}};
    std::copy_n(x.data, x.size(), out.y.data.begin());
    return out;
}

Matrix normal(std::int64_t n, std::int64_t d) {
    Matrix x(n, d);
    Stream{12, 0}.normal(0, x.view());
    return x;
}

}  // namespace

TEST_CASE(
    "sampler on a device: draws of latent numbers are those of the processor, looked at there, with noise in each row "
    "and without") {
    std::vector<std::int64_t> labels(60);
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int64_t>(i % 3);
    const Denoiser points = Empirical(normal(60, 2), {.labels = labels});
    for (const std::string& device : available_devices()) {
        if (device == "cpu") continue;
        for (const Denoiser& model : {Denoiser(problems::g2()), points, guided(points, 1.5)})
            for (const Table& table : {dpmpp(VP(), {.steps = 6}), ancestral(EDM(0.01, 20), {.steps = 6, .to_zero = true})}) {
                CAPTURE(model.traits().name);
                CAPTURE(table.name);
                const Problem problem = sampler_problem(model, table, whole_draws, {}, model.traits().classes > 0 ? 1 : -1);
                const Matrix latent = normal(300, problem.dim());
                const Outputs here = problem(latent), there = evaluate_on_device(device_queues(device), problem, latent);
                REQUIRE(there.y.data.size() == here.y.data.size());
                for (std::size_t i = 0; i < here.y.data.size(); ++i)
                    CHECK(there.y.data[i] == doctest::Approx(here.y.data[i]).epsilon(1e-10));
            }
    }
}

TEST_CASE("sampler on a device: what no device runs is said where a run asks for one") {
    const Denoiser own(2, [](const Query& q, View out) { std::copy_n(q.x.data, q.x.size(), out.data); });
    CHECK_THROWS_WITH_AS(sampler_problem(problems::g2(), rk45(VP(), {}), whole_draws).on_device()->functions(),
                         doctest::Contains("sampler_problem: rk45 chooses its steps and runs on device='cpu' only"),
                         std::invalid_argument);
    CHECK_THROWS_WITH_AS(sampler_problem(own, dpmpp(VP(), {.steps = 3}), whole_draws).on_device()->functions(),
                         "sampler_problem: denoiser computes on device='cpu' only; a mixture, points, and a Network of torch, "
                         "CuPy or JAX arrays run on a device",
                         std::invalid_argument);
}
