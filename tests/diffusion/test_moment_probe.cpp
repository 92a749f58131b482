#include <buffon/diffusion/moment_probe.hpp>

#include <cmath>

#include <doctest/doctest.h>

#include <buffon/stream.hpp>

using namespace buffon;
using namespace buffon::diffusion;

namespace {

GaussianMixture mixture() {
    Matrix means(2, 2), a(2, 2), b(2, 2);
    means.data = {-1, 0.5, 2, 0};
    a.data = {0.5, 0.2, 0.2, 0.3};
    b.data = {0.1, 0, 0, 0.9};
    return {{0.3, 0.7}, means, {a, b}};
}

Matrix draws(std::int64_t n, std::uint64_t key) {
    const double data[] = {0.0};
    Matrix x(n, 2);
    mixture().forward(data, Stream{key, 9}, 0, x, 1);
    return x;
}

PointSets one(Matrix x) { return {{std::move(x)}, {}}; }

const std::vector<double>& numbers(const Estimate& e, const char* name) {
    return std::get<std::vector<double>>(e.diagnostics.at(name));
}

}  // namespace

TEST_CASE("moment_probe: moments of three points by hand, against those of a normal law") {
    const GaussianMixture law = GaussianMixture::diagonal({1.0}, Matrix(1, 1, 2.0), Matrix(1, 1, 9.0));   // t = (x - 2) / 3
    Matrix x(4, 1), along(1, 1, -5.0);
    x.data = {2, 5, 8, 2};   // t: 0, -1, -2, 0 along the negative direction
    const Estimate e = moment_probe(one(x), {{}, law}, {.orders = 6, .along = along});
    const double moments[] = {-0.75, 1.25, -2.25, 4.25, -8.25, 16.25}, exact[] = {0, 1, 0, 3, 0, 15},
                 variances[] = {1, 2, 15, 96, 945, 10170};
    for (std::size_t r = 0; r < 6; ++r) {
        CAPTURE(r);
        CHECK(e.value[r] == doctest::Approx(moments[r] - exact[r]));
        CHECK(numbers(e, "floor")[r] == doctest::Approx(std::sqrt(variances[r] / 4)));
        CHECK(numbers(e, "rms_z")[r] == doctest::Approx(std::abs(e.value[r]) / std::sqrt(variances[r] / 4)));
    }
    CHECK(e.names[1] == "direction 0, order 2");
}

TEST_CASE("moment_probe: z of exact draws have mean 0 and variance 1, of a mixture and of a sample of it; intervals cover") {
    constexpr int times = 400;
    std::vector<double> sum(8), square(8);
    for (const bool known : {true, false}) {
        double covered = 0;
        std::fill(sum.begin(), sum.end(), 0.0);
        std::fill(square.begin(), square.end(), 0.0);
        for (int r = 0; r < times; ++r) {
            const auto key = static_cast<std::uint64_t>(r);
            const ExactReference y = known ? ExactReference{{}, mixture()} : ExactReference{draws(500, 1000 + key), {}};
            const Estimate e = moment_probe(one(draws(300, key)), y, {.directions = 2, .rng = 3, .threads = 1});
            const auto [low, high] = e.confidence_interval();
            for (std::size_t j = 0; j < 8; ++j) {
                const double z = numbers(e, "z")[j];
                sum[j] += z / times;
                square[j] += z * z / times;
                covered += (low[j] <= 0 && 0 <= high[j]) / (8.0 * times);
            }
        }
        for (std::size_t j = 0; j < 8; ++j) {
            CHECK(std::abs(sum[j]) < 5 / std::sqrt(static_cast<double>(times)));
            CHECK(square[j] == doctest::Approx(1.0).epsilon(0.36));   // 5 errors
        }
        CHECK(covered > 0.93);
        CHECK(covered < 0.97);
    }
}

TEST_CASE("moment_probe: it finds the order that is wrong; samples share errors; threads, refusals") {
    Matrix x = draws(5000, 1), along(1, 2);
    along.data = {1, 0};
    Matrix wide = x;
    for (std::int64_t i = 0; i < x.rows; ++i) wide(i, 0) = 1.1 + 1.1 * (x(i, 0) - 1.1);   // the mean is 1.1
    const Estimate e = moment_probe({{x, wide}, {"as it is", "wide"}}, {{}, mixture()}, {.along = along, .threads = 1});
    CHECK(e.names[5] == "wide.direction 0, order 2");
    CHECK(std::abs(numbers(e, "z")[4]) < 4);
    CHECK(numbers(e, "z")[5] > 5);
    CHECK(e.value[5] == doctest::Approx(0.21).epsilon(0.1));
    CHECK(e.contrast(5, 1).std_error()[0] < 0.3 * e.std_error()[5]);
    CHECK(moment_probe(one(x), {wide, {}}, {.rng = 2, .threads = 1}).covariance.data ==
          moment_probe(one(x), {wide, {}}, {.rng = 2, .threads = 3}).covariance.data);
    std::vector<std::int64_t> told;
    MomentProbeOptions watched{.rng = 2};
    watched.progress = [&](std::int64_t n, std::int64_t total, const auto&) { told.push_back(total - n); };
    moment_probe(one(x), {wide, {}}, watched);
    CHECK(told == std::vector<std::int64_t>{10'000, 5'000, 0});
    CHECK_THROWS_WITH(moment_probe(one(x), {{}, mixture()}, {.orders = 9}), "moment_probe: orders must lie in 1 ... 8, got 9");
    CHECK_THROWS_WITH(moment_probe(one(x), {Matrix(9, 2, 1.0), {}}, {.rng = 1}),
                      "moment_probe: the reference must vary along every direction, it does not along number 0");
    CHECK_THROWS_WITH(moment_probe(one(x), {{}, mixture()}, {.along = Matrix(1, 3)}),
                      "moment_probe: along must have the 2 columns of the reference, got 3");
}
