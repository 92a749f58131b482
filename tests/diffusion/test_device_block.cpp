#include <buffon/diffusion/device_block.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <stdexcept>
#include <string>
#include <vector>

#include <buffon/device.hpp>
#include <buffon/diffusion/empirical.hpp>
#include <buffon/diffusion/guided.hpp>
#include <buffon/diffusion/input_perturbed.hpp>
#include <buffon/diffusion/noise_scaled.hpp>
#include <buffon/diffusion/thresholded.hpp>
#include <buffon/diffusion/time_shifted.hpp>
#include <buffon/diffusion/solvers/ancestral.hpp>
#include <buffon/diffusion/solvers/ddim.hpp>
#include <buffon/diffusion/solvers/deis.hpp>
#include <buffon/diffusion/solvers/dpmpp.hpp>
#include <buffon/diffusion/solvers/heun.hpp>
#include <buffon/diffusion/solvers/reverse_diffusion.hpp>
#include <buffon/diffusion/solvers/rk45.hpp>
#include <buffon/diffusion/solvers/unipc.hpp>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

namespace {

std::vector<std::string> devices() {
    auto all = buffon::available_devices();
    all.erase(all.begin());
    return all;
}

SampleOptions draw(std::int64_t n) {
    SampleOptions options;
    options.n = n;
    options.rng = 3;
    return options;
}

/// Largest difference between device and processor, relative to the largest number.
double gap(const Denoiser& model, const Table& table, SampleOptions options, const std::string& device) {
    const Draws here = sample(model, table, options);
    options.device = device;
    const Draws there = sample(model, table, options);
    CHECK(there.evaluations() == here.evaluations());
    double largest = 0.0, scale = 0.0;
    for (std::size_t i = 0; i < here.x.data.size(); ++i) {
        largest = std::max(largest, std::abs(here.x.data[i] - there.x.data[i]));
        scale = std::max(scale, std::abs(here.x.data[i]));
    }
    for (std::size_t k = 0; k < here.trajectory.size(); ++k)
        for (std::size_t i = 0; i < here.trajectory[k].data.size(); ++i)
            largest = std::max(largest, std::abs(here.trajectory[k].data[i] - there.trajectory[k].data[i]));
    return largest / scale;
}

Matrix points(std::int64_t m, std::int64_t d) {
    Matrix y(m, d);
    buffon::Stream{17, 0}.normal(0, y);
    return y;
}

GaussianMixture full(std::int64_t d, bool labels) {
    std::vector<Matrix> covariances;
    for (std::int64_t k = 0; k < 3; ++k) {
        const Matrix a = points(d, d);
        Matrix c(d, d);
        for (std::int64_t i = 0; i < d; ++i)
            for (std::int64_t j = 0; j < d; ++j) {
                c(i, j) = i == j ? 0.1 : 0.0;
                for (std::int64_t l = 0; l < d; ++l)
                    c(i, j) += 0.2 / static_cast<double>(d) * a(i, l) * a(j, l) * static_cast<double>(k + 1);
            }
        covariances.push_back(c);
    }
    return {{1.0, 2.0, 3.0},
            points(3, d),
            covariances,
            labels ? std::vector<std::int64_t>{0, 1, 1} : std::vector<std::int64_t>{}};
}

GaussianMixture thin(std::int64_t d, std::vector<std::int64_t> ranks) {
    std::vector<Matrix> factors;
    for (const std::int64_t r : ranks) {
        Matrix u = points(d, r);
        for (double& v : u.data) v *= 0.4;
        factors.push_back(u);
    }
    const std::vector<double> noise(ranks.size(), 0.3);
    return GaussianMixture::low_rank(std::vector<double>(ranks.size(), 1.0),
                                     points(static_cast<std::int64_t>(ranks.size()), d), factors, noise);
}

}  // namespace

TEST_CASE("device: every kind of exact model samples as on the processor") {
    for (const auto& device : devices()) {
        const Table table = dpmpp(VP(), {.steps = 6});
        for (const std::int64_t d : {1, 3, 8, 16, 20, 32, 40}) {
            CAPTURE(d);
            CHECK(gap(full(d, false), table, draw(333), device) < 1e-11);
            CHECK(gap(thin(d, {1, 1}), table, draw(50), device) < 1e-11);
        }
        CHECK(gap(thin(7, {7, 2, 3}), table, draw(50), device) < 1e-11);
        CHECK(gap(thin(50, {50, 2}), table, draw(50), device) < 1e-11);
        CHECK(gap(problems::g2(), table, draw(1000), device) < 1e-11);
        CHECK(gap(problems::g16(), table, draw(1000), device) < 1e-11);
        for (const std::int64_t d : {2, 16, 40, 64, 70, 600}) {
            CAPTURE(d);
            CHECK(gap(Empirical(points(500, d)), table, draw(200), device) < 1e-11);
            CHECK(gap(Empirical(points(500, d), {.single = true}), table, draw(200), device) < (d > 64 ? 1e-3 : 1e-4));
            CHECK(gap(Empirical(points(500, d), {.bandwidth = 0.3}), table, draw(200), device) < 1e-11);
        }
    }
}

TEST_CASE(
    "in brief: device: every kernel of an exact model, with several tiles and ragged ends, answers as the processor "
    "does") {
    std::vector<std::int64_t> labels(300), asked(130);
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int64_t>(i * 7 % 4);
    for (std::size_t i = 0; i < asked.size(); ++i) asked[i] = static_cast<std::int64_t>(i % 3) - 1;
    for (const auto& device : devices()) {
        const auto alike = [&](const Denoiser& model, bool single, bool classes = false) {
            CAPTURE(model.traits().name);
            CAPTURE(model.dim());
            // from products to squared differences, which take over in few coordinates; in many nearest points would be a toss
            const Table table = heun(EDM(model.dim() > 64 ? 15.0 : 0.1, 20.0), {.steps = 1});
            SampleOptions options = draw(130);
            if (classes) options.condition.values = asked;
            options.dtype = single ? StateType::float32 : StateType::float64;
            CHECK(gap(model, table, options, device) < (single ? 1e-3 : 1e-10));
        };
        for (const std::int64_t d : {2, 4, 8, 16, 32, 40})
            for (const bool single : {false, true}) alike(full(d, true), single, true);
        alike(thin(30, {3, 2}), false);
        for (const std::int64_t d : {5, 40, 1200}) {
            Matrix variances(3, d, 0.5);
            alike(GaussianMixture::diagonal({1.0, 2.0, 3.0}, points(3, d), variances), false);
        }
        for (const std::int64_t d : {2, 16, 30, 64, 70, 1500, 3000})
            for (const bool single : {false, true}) {
                if (d == 3000 && !single) continue;
                alike(Empirical(points(300, d), {.single = single}), single);
                if (d <= 70) alike(Empirical(points(300, d), {.labels = labels, .single = single}), single, true);
            }
        const Denoiser model = full(5, true);
        alike(guided(model, 3.0, {.rescale = 0.7}), false, true);
        alike(thresholded(model, {.ratio = 0.9, .max = 0.5}), false);
        alike(thresholded(full(300, true), {.ratio = 0.9, .max = 0.5}), true);
    }
}

TEST_CASE("in brief: device: tiles that meet all stages of a multiprocessor's memory give the average of all points") {
    for (const auto& device : devices()) {
        SampleOptions options = draw(128);
        options.dtype = StateType::float32;
        CHECK(gap(Empirical(points(30'000, 64), {.single = true}), heun(EDM(5.0, 20.0), {.steps = 1}), options,
                  device) < 1e-4);
    }
}

TEST_CASE("device: classes, of all samples and of each") {
    std::vector<std::int64_t> labels(300), asked(257);
    for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = static_cast<std::int64_t>(i * 7 % 4);
    for (std::size_t i = 0; i < asked.size(); ++i) asked[i] = static_cast<std::int64_t>(i % 3) - 1;
    for (const auto& device : devices())
        for (const Denoiser& model : {Denoiser(full(5, true)), Denoiser(full(40, true)),
                                      Denoiser(Empirical(points(300, 24), {.labels = labels})),
                                      Denoiser(Empirical(points(300, 24), {.labels = labels, .single = true}))}) {
            SampleOptions options = draw(257);
            options.condition = {1};
            CHECK(gap(model, unipc(VP(), {.steps = 5}), options, device) < 1e-4);
            options.condition.values = asked;
            CHECK(gap(model, unipc(VP(), {.steps = 5}), options, device) < (model.traits().name == "Empirical" ? 1e-4 : 1e-11));
        }
}

TEST_CASE("device: wrappers, one in another, of rows with classes and without, at levels of their own") {
    std::vector<std::int64_t> asked(100);
    for (std::size_t i = 0; i < asked.size(); ++i) asked[i] = static_cast<std::int64_t>(i % 3) - 1;
    for (const auto& device : devices())
        for (const std::int64_t d : {1, 5, 300}) {
            CAPTURE(d);
            const Denoiser model = full(d, true);
            const auto scaled = noise_scaled(model, [](double sigma) { return 1 + 0.01 * sigma / (1 + sigma); });
            const std::vector<Denoiser> wrapped{scaled,
                                                input_perturbed(scaled, 0.3),
                                                guided(model, 2.0),
                                                guided(model, 1.5, {.interval = {{0.3, 3.0}}}),
                                                guided(scaled, 3.0, {.rescale = 0.7}),
                                                thresholded(model, {.kind = ThresholdKind::fixed, .max = 0.8}),
                                                thresholded(model, {.ratio = 0.9, .max = 0.5}),
                                                thresholded(guided(model, 2.0), {.ratio = 1.0, .max = 0.1})};
            for (const Denoiser& w : wrapped) {
                CAPTURE(w.traits().name);
                SampleOptions options = draw(100);
                CHECK(gap(w, dpmpp(VP(), {.steps = 5}), options, device) < 1e-11);
                options.condition.values = asked;
                options.x = points(100, d);
                options.level.values.assign(100, 1.0);
                for (std::size_t i = 0; i < 50; ++i) options.level.values[i] = 0.7;
                CHECK(gap(w, dpmpp(VP(), {.steps = 5}), options, device) < 1e-11);
                options.dtype = StateType::float32;
                CHECK(gap(w, dpmpp(VP(), {.steps = 5}), options, device) < 1e-4);
            }
        }
}

TEST_CASE("device: noise, float states, start levels of each sample, batches, what is recorded") {
    const GaussianMixture model = problems::g16();
    for (const auto& device : devices()) {
        SampleOptions options = draw(301);
        options.record = 2;
        CHECK(gap(model, ddim(VP(), {.steps = 7}, {.eta = 1}), options, device) < 1e-11);
        options.noise = NoiseKind::brownian;
        CHECK(gap(model, ancestral(VE(), {.steps = 7}), options, device) < 1e-11);
        options.noise = NoiseKind::independent;
        options.batch = 100;
        CHECK(gap(model, heun(EDM(), {.steps = 7}), options, device) < 1e-11);
        options.batch = {};
        options.dtype = StateType::float32;
        CHECK(gap(model, deis(VP(), {.steps = 7}), options, device) < 1e-4);
        options.dtype = StateType::float64;
        options.x = problems::starts(301, 16);
        for (std::size_t i = 0; i < 301; ++i) options.level.values.push_back(1.0 + 0.5 * static_cast<double>(i % 5));
        CHECK(gap(model, dpmpp(VP(), {.steps = 7}), options, device) < 1e-11);
        CHECK(gap(model, ddim(VP(), {.steps = 7}, {.eta = 1}), options, device) < 1e-11);
    }
}

TEST_CASE("device: Langevin corrections, by the norms of each sample or of all, of samples at one level and at several") {
    for (const auto& device : devices())
        for (const Norms norms : {Norms::sample, Norms::batch}) {
            SampleOptions options = draw(301);
            const Table table = reverse_diffusion(VP(), {.steps = 6}, {.corrections = 2, .norms = norms});
            CHECK(gap(problems::g16(), table, options, device) < 1e-11);
            options.dtype = StateType::float32;
            CHECK(gap(problems::g16(), table, options, device) < 1e-4);
            options.dtype = StateType::float64;
            options.x = problems::starts(301, 16);
            for (std::size_t i = 0; i < 301; ++i) options.level.values.push_back(1.0 + 0.5 * static_cast<double>(i % 5));
            CHECK(gap(problems::g16(), table, options, device) < 1e-11);
        }
}

TEST_CASE("device: labels that each sample chooses by its variance") {
    const GaussianMixture model = full(40, false);
    for (const auto& device : devices())
        for (const Table& table : {ddim(VP(), {.steps = 8}), ddim(VP(), {.steps = 8}, {.eta = 1}), dpmpp(VP(), {.steps = 8})}) {
            CAPTURE(table.name);
            SampleOptions options = draw(300);
            const Table shifted = time_shifted(table, {.window = 40, .cutoff = 100.0});
            const double apart = gap(model, shifted, options, device);
            CHECK(apart < 1e-11);
            CHECK(sample(model, shifted, options).x.data != sample(model, table, options).x.data);
            options.dtype = StateType::float32;
            CHECK(gap(model, shifted, options, device) < 1e-3);
        }
}

TEST_CASE("device: a mean-reverting schedule about its mean") {
    for (const auto& device : devices())
        for (const StateType dtype : {StateType::float64, StateType::float32}) {
            SampleOptions options = draw(64);
            options.mean = points(64, 16);
            options.dtype = dtype;
            CHECK(gap(problems::g16(), ddim(MeanReverting(0.5), {.steps = 5}, {.eta = 1}), options, device) <
                  (dtype == StateType::float64 ? 1e-11 : 1e-4));
        }
}

TEST_CASE("device: a callback sees the states and may stop") {
    for (const auto& device : devices()) {
        std::vector<double> here, there;
        for (auto* seen : {&here, &there}) {
            SampleOptions options = draw(20);
            options.callback = [seen](const Step& step) {
                seen->push_back(step.x(3, 1));
                seen->push_back(step.data(3, 1));
                return step.node < 3;
            };
            if (seen == &there) options.device = device;
            CHECK(sample(problems::g16(), ddim(VP(), {.steps = 6}), options).evaluations() == 60);
        }
        CHECK(here.size() == there.size());
        for (std::size_t i = 0; i < here.size(); ++i) CHECK(std::abs(here[i] - there[i]) < 1e-11 * (1 + std::abs(here[i])));
    }
}

TEST_CASE("device: what cannot run there says so; a device that is not there is named") {
    SampleOptions options = draw(5);
    options.device = "cuda:77";
    CHECK_THROWS_WITH_AS(sample(problems::g2(), ddim(VP(), {.steps = 3}), options),
                         doctest::Contains("device 'cuda:77' is not there"), std::invalid_argument);
    const Table adaptive = rk45(VP(), {.steps = 3});
    CHECK_THROWS_WITH_AS(check_on_device("sample", problems::g2(), adaptive), doctest::Contains("chooses its steps"),
                         std::invalid_argument);
    const Denoiser own(2, [](const Query& q, buffon::View out) { std::copy(q.x.data, q.x.data + q.x.size(), out.data); });
    for (const auto& device : devices()) {
        options.device = device;
        CHECK_THROWS_WITH_AS(sample(noise_scaled(own, 1.1), ddim(VP(), {.steps = 3}), options),
                             doctest::Contains("device='cpu' only"), std::invalid_argument);
    }
}
