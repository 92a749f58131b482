#include <buffon/diffusion/adams_bashforth.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include <buffon/diffusion/sample.hpp>

using namespace buffon::diffusion;

namespace {

/// States at all nodes from x = 0, where the noise prediction is a function of the level alone; EDM: alpha = 1.
std::vector<double> states(const std::vector<double>& sigma, int outputs, double (*variable)(double), double (*eps)(double)) {
    const Grid grid{.grid = sigma};
    Recorder recorder;
    const Nodes n = nodes(EDM(), grid);
    adams_bashforth(recorder, n, outputs, variable);
    Table table = recorder.seal();
    table.nodes = n;
    table.schedule = EDM();
    const Denoiser model(1, [eps](const Query& q, buffon::View out) { out(0, 0) = q.x(0, 0) - q.sigma[0] * eps(q.sigma[0]); });
    const Draws draws = sample(model, table, {.x = buffon::Matrix(1, 1, 0.0), .threads = 1, .record = 1});
    std::vector<double> x{0.0};
    for (const auto& state : draws.trajectory) x.push_back(state(0, 0));
    return x;
}

}  // namespace

TEST_CASE("adams_bashforth: integrates quadratics in its variable exactly, as soon as it has three outputs") {
    const std::vector<double> sigma{20, 11, 7, 6.5, 2, 0.25};
    const auto in_rho = states(
        sigma, 3, [](double lambda) { return std::exp(-lambda); }, [](double s) { return 1 - 2 * s + 3 * s * s; });
    const auto in_lambda =
        states(sigma, 3, [](double lambda) { return lambda; }, [](double s) { return 1 + std::log(s) * std::log(s); });
    const auto rho = [](double s) { return s - s * s + s * s * s; };
    const auto lambda = [](double s) { return s + s * (std::log(s) * std::log(s) - 2 * std::log(s) + 2); };
    for (std::size_t i = 2; i + 1 < sigma.size(); ++i) {
        CHECK(std::abs((in_rho[i + 1] - in_rho[i]) / (rho(sigma[i + 1]) - rho(sigma[i])) - 1) < 1e-11);
        CHECK(std::abs((in_lambda[i + 1] - in_lambda[i]) / (lambda(sigma[i + 1]) - lambda(sigma[i])) - 1) < 1e-11);
    }
    CHECK(std::abs((in_rho[1] - in_rho[0]) / (rho(sigma[1]) - rho(sigma[0])) - 1) > 0.1);   // one output: Euler's step
}
