#include <buffon/diffusion/denoising_loss.hpp>

#include <cmath>
#include <limits>
#include <stdexcept>
#include <vector>

#include <doctest/doctest.h>

#include <buffon/diffusion/gaussian_mixture.hpp>

using namespace buffon;
using namespace buffon::diffusion;

namespace {

constexpr double variance = 0.25;

/// N(0, variance I) in d dimensions: its loss at a level is variance / (variance + sigma^2), of the noise's prediction.
GaussianMixture normal(std::int64_t d) {
    Matrix covariance(d, d);
    for (std::int64_t i = 0; i < d; ++i) covariance(i, i) = variance;
    return GaussianMixture({1.0}, Matrix(1, d), {covariance});
}

/// Mean over log sigma uniform on (log low, log high) of variance / (variance + sigma^2); of the data's prediction times sigma^2.
double exact(double low, double high, LossWeight weight) {
    const auto upto = [&](double s) {
        if (weight == LossWeight::data) return 0.5 * variance * std::log(variance + s * s);
        return std::log(s) - 0.5 * std::log(variance + s * s);
    };
    return (upto(high) - upto(low)) / std::log(high / low);
}

double number(const Estimate& e, const char* name) { return std::get<double>(e.diagnostics.at(name)); }

}  // namespace

TEST_CASE("denoising_loss: of a normal law the closed form, unbiased and covered in all ways of drawing levels") {
    const Denoiser model = normal(4);
    for (const LossWeight weight : {LossWeight::noise, LossWeight::data})
        for (const bool importance : {true, false})
            for (const bool lattice : {true, false}) {
                const double truth = exact(0.01, 20, weight);
                double mean = 0, square = 0, covered = 0, said = 0;
                constexpr int runs = 100;
                for (int r = 0; r < runs; ++r) {
                    const Estimate e = denoising_loss(model, {.budget = 4'096,
                                                              .weight = weight,
                                                              .importance = importance,
                                                              .lattice = lattice,
                                                              .batch = 128,
                                                              .rng = static_cast<std::uint64_t>(r),
                                                              .threads = 1});
                    const auto [low, high] = e.confidence_interval();
                    covered += (low[0] <= truth && truth <= high[0]) / static_cast<double>(runs);
                    mean += e.value[0] / runs;
                    square += e.value[0] * e.value[0] / runs;
                    said += e.covariance(0, 0) / runs;
                    CHECK(e.n == 4'096);
                }
                const double v = square - mean * mean;
                CAPTURE(importance);
                CAPTURE(lattice);
                CHECK(std::abs(mean - truth) < 4.5 * std::sqrt(v / runs));
                CHECK(covered >= 0.87);
                CHECK(said / v > 0.6);
                CHECK(said / v < 1.7);
            }
}

TEST_CASE("denoising_loss: what importance and lattice gain is what runs show, and is told") {
    const Denoiser model = normal(16);
    const auto run = [&](bool importance, bool lattice, std::int64_t budget) {
        return denoising_loss(model, {.budget = budget, .importance = importance, .lattice = lattice, .rng = 11, .threads = 1});
    };
    const auto per_batch = [](const Estimate& e) {
        return e.covariance(0, 0) * static_cast<double>(std::get<std::int64_t>(e.diagnostics.at("batches")));
    };
    const Estimate uniform = run(false, false, 256 * 1'000), both = run(true, true, 256 * 1'000);
    const double gain = per_batch(uniform) / per_batch(both);
    CHECK(gain > 3);
    CHECK(number(uniform, "gain") == doctest::Approx(1).epsilon(0.2));
    CHECK(number(both, "gain") == doctest::Approx(gain).epsilon(0.25));
}

TEST_CASE("denoising_loss: rows that are given are drawn from, and threads change no bit") {
    const Denoiser model = normal(2);
    Matrix data(3, 2);
    data.data = {5, 5, 5, 5, 5, 5};
    const Estimate far = denoising_loss(model, {.data = data, .budget = 2'000, .weight = LossWeight::data, .rng = 1});
    CHECK(far.value[0] > 5);   // the model does not know such data
    const Estimate a = denoising_loss(model, {.budget = 5'000, .rng = 1, .threads = 1}),
                   b = denoising_loss(model, {.budget = 5'000, .rng = 1, .threads = 2});
    CHECK(a.value == b.value);
    CHECK(a.covariance.data == b.covariance.data);
    std::vector<std::int64_t> told;
    DenoisingLossOptions watched{.budget = 50'000, .rng = 1, .threads = 2};
    watched.progress = [&](std::int64_t n, std::int64_t of, const auto&) { told.push_back(of - n); };
    denoising_loss(model, watched);
    CHECK(told.size() == 3);   // 176 batches, 64 at once
    CHECK(told.back() == 0);
    told.clear();
    watched.budget = 256 * 700;   // 70 batches teach
    denoising_loss(model, watched);
    CHECK(told.size() == 1 + 10);
    CHECK(told.front() == 256 * (700 - 64));
    CHECK(std::get<std::vector<double>>(a.diagnostics.at("mass")).size() == 40);
    CHECK(std::get<std::vector<double>>(a.diagnostics.at("edges")).back() == doctest::Approx(20));
}

TEST_CASE("denoising_loss: what cannot be is refused") {
    const Denoiser unknown(2, [](const Query& q, View out) {
        for (std::int64_t i = 0; i < q.x.rows; ++i) out(i, 0) = out(i, 1) = std::numeric_limits<double>::quiet_NaN();
    });
    CHECK_THROWS_WITH_AS(denoising_loss(unknown),
                         "denoising_loss: data must be given, rows (m, d): the model does not know them",
                         std::invalid_argument);
    CHECK_THROWS_AS(denoising_loss(unknown, {.data = Matrix(3, 2), .threads = 1}), std::invalid_argument);
    CHECK_THROWS_AS(denoising_loss(normal(2), {.data = Matrix(3, 3)}), std::invalid_argument);
    CHECK_THROWS_AS(denoising_loss(normal(2), {.budget = 700}), std::invalid_argument);
    CHECK_THROWS_AS(denoising_loss(normal(2), {.low = 2, .high = 1}), std::invalid_argument);
}
