#include <buffon/diffusion/sampler_problem.hpp>

#include <cmath>
#include <stdexcept>

#include <doctest/doctest.h>

#include <buffon/aiscv.hpp>
#include <buffon/diffusion/executor.hpp>
#include <buffon/diffusion/sample.hpp>
#include <buffon/diffusion/solvers/ancestral.hpp>
#include <buffon/diffusion/solvers/ddim.hpp>
#include <buffon/diffusion/solvers/rk45.hpp>
#include <buffon/diffusion/solvers/unipc.hpp>
#include <buffon/plain.hpp>
#include <buffon/quasi.hpp>

using namespace buffon;
using namespace buffon::diffusion;

namespace {

GaussianMixture mixture() {
    Matrix means(3, 2), variances(3, 2, 0.04);
    means.data = {-2, 0, 2, 0, 0, 3};
    return GaussianMixture::diagonal({0.2, 0.3, 0.5}, means, variances);
}

/// The numbers that `sample` draws: of the start, then of each random row.
Matrix latent_of(std::uint64_t key, std::int64_t n, std::int64_t d, std::int64_t rows) {
    Matrix out(n, d * (1 + rows)), part(n, d);
    for (std::int64_t k = 0; k <= rows; ++k) {
        Stream{key, start_stream + static_cast<std::uint32_t>(k)}.normal(0, part);
        for (std::int64_t i = 0; i < n; ++i) std::copy_n(part.view().row(i).begin(), d, out.view().row(i).begin() + k * d);
    }
    return out;
}

}  // namespace

TEST_CASE("sampler_problem: the draws of the numbers that sample draws are its draws, with noise at every step and without") {
    const GaussianMixture model = mixture();
    for (const Table& table : {ddim(VP(), {.steps = 7}), ancestral(EDM(0.01, 20), {.steps = 6, .to_zero = true}),
                               unipc(VP(), {.steps = 5}), rk45(VP(), {})}) {
        CAPTURE(table.name);
        const std::int64_t rows = latent_dim(model, table) / 2 - 1;
        CHECK((rows > 0) == table.has_noise());
        const Draws draws = sample(model, table, {.n = 50, .rng = 11});
        const Matrix again = draws_of(model, table, latent_of(11, 50, 2, rows));
        for (std::size_t k = 0; k < draws.x.data.size(); ++k)
            CHECK(again.data[k] == doctest::Approx(draws.x.data[k]).epsilon(1e-11));
    }
}

TEST_CASE("sampler_problem: plain, quasi and aiscv agree about masses and moments") {
    const GaussianMixture model = mixture();
    const auto look = [](ConstView x) {
        Outputs out{Matrix(x.rows, 3), {}};
        for (std::int64_t i = 0; i < x.rows; ++i) {
            out.y(i, 0) = x(i, 0) > 1 ? 1 : 0;
            out.y(i, 1) = x(i, 1);
            out.y(i, 2) = x(i, 0) * x(i, 0);
        }
        return out;
    };
    for (const Table& table : {ddim(VP(), {.steps = 6}), ancestral(EDM(0.02, 20), {.steps = 4})}) {
        const Problem problem = diffusion::sampler_problem(model, table, look, {"right", "y", "square"});
        const Estimate reference = plain(problem, {.budget = 60'000, .rng = 1});
        for (const Estimate& e : {quasi(problem, {.budget = 16'384, .rng = 2}), aiscv(problem, {.budget = 20'000, .rng = 3})}) {
            for (std::size_t j = 0; j < 3; ++j) {
                CAPTURE(e.names[j]);
                CHECK(std::abs(e.value[j] - reference.value[j]) < 4.5 * std::hypot(e.std_error()[j], reference.std_error()[j]));
            }
            CHECK(e.n <= 20'000);
        }
    }
}

TEST_CASE("sampler_problem: off_mode is the smallest distance, followed by all of them") {
    Matrix x(2, 2);
    x.data = {-2, 0.4, 0, 2};
    const Outputs out = off_mode(mixture())(x);
    CHECK(out.y(0, 0) == doctest::Approx(4).epsilon(1e-12));     // (0.4 / 0.2)^2
    CHECK(out.y(1, 0) == doctest::Approx(25).epsilon(1e-12));    // one unit from the third mean
    CHECK(out.y.cols == 4);
    CHECK(out.y(1, 1) == doctest::Approx(200).epsilon(1e-12));
    CHECK(off_mode(mixture(), false)(x).y.cols == 1);
}

TEST_CASE("sampler_problem: draws that are no function of their noise are refused") {
    const auto look = off_mode(mixture());
    const Table table = ddim(VP(), {.steps = 4});
    CHECK_THROWS_AS(diffusion::sampler_problem(mixture(), ddim(MeanReverting(0.3), {.steps = 4}), look), std::invalid_argument);
    CHECK_THROWS_AS(diffusion::sampler_problem(mixture(), rk45(VP(), {}, {.norms = Norms::batch}), look), std::invalid_argument);
    CHECK_THROWS_AS(diffusion::sampler_problem(mixture(), table, look, {}, 3), std::invalid_argument);
    CHECK_THROWS_AS(diffusion::sampler_problem(mixture(), table, {}), std::invalid_argument);
    CHECK_THROWS_AS(draws_of(mixture(), table, Matrix(3, 4)), std::invalid_argument);
}
