#include <buffon/diffusion/cf_distance.hpp>

#include <cmath>
#include <functional>

#include <doctest/doctest.h>

#include <buffon/stream.hpp>

using namespace buffon;
using namespace buffon::diffusion;

namespace {

constexpr double h = 1.5;

GaussianMixture standard(std::int64_t d) { return GaussianMixture::diagonal({1.0}, Matrix(1, d), Matrix(1, d, 1.0)); }

Matrix normal(std::int64_t n, std::int64_t d, std::uint64_t key, double shift = 0.0) {
    Matrix x(n, d);
    Stream{key, 5}.normal(0, x);
    for (double& v : x.data) v += shift;
    return x;
}

PointSets one(Matrix x) { return {{std::move(x)}, {}}; }

/// Of N(shift 1, I) to N(0, I): that of the Gaussian kernel.
double closed_form(std::int64_t d, double shift) {
    const double width = h * h + 2, square = static_cast<double>(d) * shift * shift;
    return 2 * std::pow(h * h / width, static_cast<double>(d) / 2) * (1 - std::exp(-square / (2 * width)));
}

struct Repeated {
    double mean = 0, sd = 0, claimed = 0, covered = 0, floor = 0;
};

Repeated repeat(int times, double truth, const std::function<Estimate(std::uint64_t)>& run) {
    Repeated out;
    double square = 0;
    for (int r = 0; r < times; ++r) {
        const Estimate e = run(static_cast<std::uint64_t>(r));
        const auto [low, high] = e.confidence_interval();
        out.mean += e.value[0] / times;
        square += e.value[0] * e.value[0] / times;
        out.claimed += e.covariance(0, 0) / times;
        out.covered += (low[0] <= truth && truth <= high[0]) / static_cast<double>(times);
        out.floor += std::get<std::vector<double>>(e.diagnostics.at("floor"))[0] / times;
    }
    out.sd = std::sqrt(square - out.mean * out.mean);
    return out;
}

}  // namespace

TEST_CASE("cf_distance: a shift in closed form, unbiased, with the errors that runs have, from a sample and from a mixture") {
    constexpr int times = 300;
    const double exact = closed_form(3, 0.3);
    const Repeated sample = repeat(times, exact, [](std::uint64_t r) {
        return cf_distance(one(normal(150, 3, 2 * r, 0.3)), {normal(200, 3, 2 * r + 1), {}},
                           {.bandwidth = h, .frequencies = 40, .rng = r, .threads = 1});
    });
    const Repeated mixture = repeat(times, exact, [](std::uint64_t r) {
        return cf_distance(one(normal(150, 3, 2 * r, 0.3)), {{}, standard(3)},
                           {.bandwidth = h, .frequencies = 40, .rng = r, .threads = 1});
    });
    for (const Repeated& found : {sample, mixture}) {
        CHECK(std::abs(found.mean - exact) < 5 * found.sd / std::sqrt(static_cast<double>(times)));
        CHECK(std::sqrt(found.claimed) / found.sd == doctest::Approx(1.0).epsilon(0.15));
        CHECK(found.covered > 0.91);
        CHECK(found.covered < 0.99);
    }
    CHECK(mixture.sd < 0.9 * sample.sd);   // a reference that is known has no error
    const Repeated few = repeat(times, closed_form(3, 0.8), [](std::uint64_t r) {
        return cf_distance(one(normal(400, 3, r, 0.8)), {{}, standard(3)},
                           {.bandwidth = h, .frequencies = 12, .rng = r, .threads = 1});
    });
    CHECK(std::sqrt(few.claimed) / few.sd == doctest::Approx(1.0).epsilon(0.15));   // of frequencies, above all
}

TEST_CASE("cf_distance: samples of the reference's law scatter about 0 by the floor") {
    const Repeated sample = repeat(300, 0.0, [](std::uint64_t r) {
        return cf_distance(one(normal(80, 2, 2 * r)), {normal(120, 2, 2 * r + 1), {}},
                           {.bandwidth = h, .frequencies = 40, .rng = r, .threads = 1});
    });
    const Repeated mixture = repeat(300, 0.0, [](std::uint64_t r) {
        return cf_distance(one(normal(80, 2, 2 * r)), {{}, standard(2)},
                           {.bandwidth = h, .frequencies = 40, .rng = r, .threads = 1});
    });
    for (const Repeated& found : {sample, mixture}) {
        CHECK(std::abs(found.mean) < 5 * found.sd / std::sqrt(300.0));
        CHECK(found.floor / found.sd == doctest::Approx(1.0).epsilon(0.15));
    }
}

TEST_CASE("cf_distance: intervals hold a distance that is about the floor, where errors are skew") {
    constexpr int times = 400;
    const double exact = closed_form(2, 0.15);
    double plain = 0;
    const Repeated found = repeat(times, exact, [&](std::uint64_t r) {
        const Estimate e = cf_distance(one(normal(100, 2, r, 0.15)), {{}, standard(2)},
                                       {.bandwidth = h, .frequencies = 64, .rng = r, .threads = 1});
        plain += (std::abs(e.value[0] - exact) < 1.96 * e.std_error()[0]) / static_cast<double>(times);
        CHECK(e.confidence_interval().first[0] >= 0);
        return e;
    });
    MESSAGE("distance over floor " << exact / found.floor << ", covered " << found.covered << ", as a normal number " << plain);
    CHECK(exact / found.floor > 0.5);
    CHECK(exact / found.floor < 2.0);
    CHECK(plain < 0.92);
    CHECK(found.covered > 0.93);
}

TEST_CASE("cf_distance: the characteristic function of a mixture with any covariances") {
    Matrix means(2, 2), a(2, 2), b(2, 2);
    means.data = {-1, 0.5, 1, 0};
    a.data = {0.5, 0.2, 0.2, 0.3};
    b.data = {0.1, 0, 0, 0.9};
    const GaussianMixture mixture({0.3, 0.7}, means, {a, b});
    const double data[] = {0.0};
    Matrix x(60'000, 2);
    mixture.forward(data, Stream{3, 0}, 0, x);
    const Estimate e = cf_distance(one(x), {{}, mixture}, {.bandwidth = 0.4, .frequencies = 200, .rng = 1});
    CHECK(std::abs(e.value[0]) < 5 * std::get<std::vector<double>>(e.diagnostics.at("floor"))[0]);
    const Estimate off = cf_distance(one(x), {{}, GaussianMixture({0.35, 0.65}, means, {a, b})},
                                     {.bandwidth = 0.4, .frequencies = 200, .rng = 1});
    CHECK(off.value[0] > 10 * std::get<std::vector<double>>(off.diagnostics.at("floor"))[0]);
}

TEST_CASE("cf_distance: samples share frequencies and reference; threads, refusals") {
    const Matrix x = normal(5000, 2, 1, 0.3), near = normal(5000, 2, 2, 0.32), y = normal(4500, 2, 3);
    const CfDistanceOptions one_thread{.bandwidth = h, .frequencies = 70, .rng = 5, .threads = 1},
        three{.bandwidth = h, .frequencies = 70, .rng = 5, .threads = 3};
    const Estimate e = cf_distance({{x, near}, {"a", "b"}}, {y, {}}, one_thread),
                   again = cf_distance({{x, near}, {"a", "b"}}, {y, {}}, three);
    CHECK(e.value == again.value);
    CHECK(e.covariance.data == again.covariance.data);
    CHECK(e.names == std::vector<std::string>{"a", "b"});
    CHECK(e.n == 14'500);
    CHECK(e.covariance(0, 1) > 0);
    std::vector<std::int64_t> seen;
    CfDistanceOptions watched = one_thread;
    watched.progress = [&](std::int64_t n, std::int64_t total, const auto&) { seen.push_back(total - n); };
    cf_distance({{x, near}, {"a", "b"}}, {y, {}}, watched);
    CHECK(seen.back() == 0);
    CHECK(std::get<double>(
              cf_distance(one(x), {{}, standard(2)}, {.frequencies = 4, .rng = 1}).diagnostics.at("bandwidth")) ==
          doctest::Approx(1.67).epsilon(0.1));
    CHECK_THROWS_WITH(cf_distance(one(Matrix(9, 3)), {{}, standard(2)}),
                      "cf_distance: x must have the 2 columns of the reference, got 3");
    CHECK_THROWS_WITH(cf_distance(one(x), {y, {}}, {.frequencies = 1}), "cf_distance: frequencies must be at least 2, got 1");
}

TEST_CASE("cf_distance: the bandwidth of a reference that is sorted is that of all of it") {
    Matrix y = normal(4000, 2, 1);
    for (std::int64_t i = 2000; i < 4000; ++i) y(i, 0) += 20.0;
    CHECK(std::get<double>(cf_distance(one(normal(9, 2, 3)), {y, {}}, {.frequencies = 2, .rng = 1}).diagnostics.at("bandwidth")) > 15);
}
