#include <buffon/diffusion/likelihood.hpp>

#include <buffon/diffusion/solvers/ddpm.hpp>
#include <buffon/diffusion/solvers/heun.hpp>
#include <buffon/diffusion/solvers/rk45.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

namespace {

/// The mixture's log-density at the level rho of x = alpha v, of x.
std::vector<double> exact(const GaussianMixture& model, const Matrix& x, double alpha, double rho) {
    Matrix v = x;
    for (double& number : v.data) number /= alpha;
    std::vector<double> out(static_cast<std::size_t>(x.rows));
    model.log_density(v, std::vector<double>{rho}, out);
    for (double& number : out) number -= static_cast<double>(x.cols) * std::log(alpha);
    return out;
}

std::vector<double> prior(const Matrix& x) {
    std::vector<double> out;
    for (std::int64_t i = 0; i < x.rows; ++i) {
        double square = 0.0;
        for (std::int64_t j = 0; j < x.cols; ++j) square += x(i, j) * x(i, j);
        out.push_back(-0.5 * square - 0.5 * static_cast<double>(x.cols) * std::log(2 * std::numbers::pi));
    }
    return out;
}

/// Largest distance to the exact density once the prior is replaced by the mixture's own law at the first level.
double worst(const GaussianMixture& model, const Table& table, const Matrix& x, const Likelihood& found) {
    const auto& nodes = table.nodes;
    const auto truth = exact(model, x, nodes.alpha.back(), nodes.rho.back());
    const auto from = prior(found.noise), own = exact(model, found.noise, nodes.alpha.front(), nodes.rho.front());
    double most = 0.0;
    for (std::size_t i = 0; i < truth.size(); ++i) most = std::max(most, std::abs(found.value[i] - from[i] + own[i] - truth[i]));
    return most;
}

}  // namespace

TEST_CASE("likelihood: along the exact path it is the mixture's log-density, with the whole trace") {
    const GaussianMixture model = problems::g2();
    LikelihoodOptions options;
    options.x = problems::flow(model, VP(), problems::starts(40, 2), 1.0, 1e-3, 2000);
    const Table table = rk45(VP(), {}, {.rtol = 1e-8, .atol = 1e-8});
    const Likelihood found = log_likelihood(model, table, options);
    CHECK(worst(model, table, *options.x, found) < 1e-4);
    for (const double e : found.std_error) CHECK(e == 0.0);
    // the prior itself is that law but for exp(lambda) at the start
    const auto truth = exact(model, *options.x, table.nodes.alpha.back(), table.nodes.rho.back());
    for (std::size_t i = 0; i < truth.size(); ++i) CHECK(std::abs(found.value[i] - truth[i]) < 0.1);
}

TEST_CASE("likelihood: any deterministic table gives one, the better the more steps") {
    const GaussianMixture model = problems::g2();
    LikelihoodOptions options;
    options.x = problems::flow(model, VP(), problems::starts(10, 2), 1.0, 1e-3, 2000);
    const Table coarse = heun(VP(), {.steps = 100}), fine = heun(VP(), {.steps = 400});
    const double before = worst(model, coarse, *options.x, log_likelihood(model, coarse, options));
    const Likelihood found = log_likelihood(model, fine, options);
    const double after = worst(model, fine, *options.x, found);
    CHECK(after < 0.25 * before);
    CHECK(after < 0.02);
    CHECK(found.evaluations == 10 * 800 * 5);
    CHECK_THROWS_AS((void)log_likelihood(model, ddpm(VP(), {.steps = 10}), options), std::invalid_argument);
    options.probes = 1;
    CHECK_THROWS_AS((void)log_likelihood(model, fine, options), std::invalid_argument);
    options.x.reset();
    CHECK_THROWS_AS((void)log_likelihood(model, fine, options), std::invalid_argument);
}

TEST_CASE("likelihood: random probes are unbiased and their error bars say how far they are") {
    const GaussianMixture model = problems::g16();
    LikelihoodOptions options;
    options.x = problems::flow(model, VP(), problems::starts(100, 16), 1.0, 1e-3, 1000);
    const Table table = heun(VP(), {.steps = 60});
    const Likelihood whole = log_likelihood(model, table, options);
    options.probes = 8;
    options.rng = 5;
    const Likelihood probed = log_likelihood(model, table, options);
    double mean = 0.0, square = 0.0;
    for (std::size_t i = 0; i < 100; ++i) {
        const double z = (probed.value[i] - whole.value[i]) / probed.std_error[i];
        mean += z / 100;
        square += z * z / 100;
    }
    CHECK(std::abs(mean) < 5 * 0.13);   // Student's with 7 degrees of freedom: variance 7/5, 5 standard errors of 100 of them
    CHECK(square > 0.5);
    CHECK(square < 3.0);
    CHECK(probed.noise.data == whole.noise.data);
    options.batch = 7;
    CHECK(log_likelihood(model, table, options).value == probed.value);
}
