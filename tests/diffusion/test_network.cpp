#include <buffon/diffusion/network.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>

#include <buffon/stream.hpp>

using namespace buffon;
using namespace buffon::diffusion;

namespace {

/// A perfect network for x0 ~ N(0, 1): E[x0 | x_t] = alpha x_t / (alpha^2 + sigma^2).
NetworkFunction perfect(const Schedule& schedule, Prediction prediction) {
    return [=](const NetworkInput& in, View out) {
        for (std::int64_t i = 0; i < out.rows; ++i)
            for (std::int64_t j = 0; j < out.cols; ++j) {
                const double t = in.time[in.time.size() == 1 ? 0 : static_cast<std::size_t>(i)];
                const double alpha = schedule.alpha(t), sigma = schedule.sigma(t), x = in.x(i, j);
                const double data = alpha * x / (alpha * alpha + sigma * sigma), noise = (x - alpha * data) / sigma;
                out(i, j) = prediction == Prediction::data    ? data
                            : prediction == Prediction::noise ? noise
                            : prediction == Prediction::score
                                ? -noise / sigma
                                : (alpha * noise - sigma * data) / std::hypot(alpha, sigma);
            }
    };
}

}  // namespace

TEST_CASE("network: every prediction under every schedule is the denoiser x / (1 + sigma^2) of N(0, 1)") {
    for (const Schedule& schedule : {Schedule(VP()), Schedule(SubVP()), Schedule(Cosine()),
                                     Schedule(Discrete::linear()), Schedule(VE()), Schedule(EDM())})
        for (const Prediction prediction : {Prediction::noise, Prediction::data, Prediction::velocity, Prediction::score}) {
            const Denoiser model = network(2, perfect(schedule, prediction), schedule, {.prediction = prediction});
            Matrix x(20, 2), out(20, 2);
            Stream{1, 0}.normal(0, x);
            std::vector<double> sigma;
            for (int i = 0; i < 20; ++i) sigma.push_back(0.05 * std::pow(1.2, i));
            model.denoise({x, sigma, {}, 1}, out);
            for (std::int64_t i = 0; i < 20; ++i)
                for (std::int64_t j = 0; j < 2; ++j)
                    CHECK(std::abs(out(i, j) - x(i, j) / (1 + std::pow(sigma[static_cast<std::size_t>(i)], 2))) < 1e-10);
        }
}

TEST_CASE("parametrisation: edm is table 1, discrete numbers the levels") {
    const Parametrisation p = parametrisation(EDM(), {.preconditioning = Preconditioning::edm, .sigma_data = 0.5}, 2.0);
    CHECK(p.in == doctest::Approx(1 / std::sqrt(4.25)).epsilon(1e-15));
    CHECK(p.time == doctest::Approx(std::log(2.0) / 4).epsilon(1e-15));
    CHECK(p.skip == doctest::Approx(0.25 / 4.25).epsilon(1e-15));
    CHECK(p.factor == doctest::Approx(1.0 / std::sqrt(4.25)).epsilon(1e-15));
    const Discrete levels = Discrete::linear();
    const double sigma = levels.sigma(levels.time(250)) / levels.alpha(levels.time(250));
    CHECK(parametrisation(levels, {.preconditioning = Preconditioning::discrete}, sigma).time ==
          doctest::Approx(250).epsilon(1e-10));
}

TEST_CASE("network: knows its schedule's levels only, and refuses an output that is no number") {
    const Denoiser model = network(1, [](const NetworkInput&, View out) { out(0, 0) = std::nan(""); }, EDM(0.1, 10.0));
    CHECK(model.traits().sigma_min == doctest::Approx(0.1));
    CHECK(model.traits().sigma_max == doctest::Approx(10.0));
    CHECK_FALSE(model.traits().concurrent);
    const Matrix x(1, 1);
    Matrix out(1, 1);
    const double beyond = 11.0, good = 1.0;
    CHECK_THROWS_AS(model.denoise({x, std::span(&beyond, 1), {}, 1}, out), std::invalid_argument);
    CHECK_THROWS_AS(model.denoise({x, std::span(&good, 1), {}, 1}, out), std::invalid_argument);
    CHECK_THROWS_AS(network(1, {}, EDM()), std::invalid_argument);
    CHECK_THROWS_AS(network(1, perfect(EDM(), Prediction::data), EDM(), {.sigma_data = 0.0}), std::invalid_argument);
}
