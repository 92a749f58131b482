#include <buffon/diffusion/convert.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include <buffon/view.hpp>

using namespace buffon::diffusion;
using buffon::Matrix;

namespace {

constexpr Prediction all[] = {Prediction::data, Prediction::noise, Prediction::velocity, Prediction::score};

double value(const Conversion& c, double given, double x) { return c.of_value * given + c.of_x * x; }

struct Truth {   // in the order of `all`
    double alpha, sigma, scale, x;
    double predictions[4];
};

}  // namespace

TEST_CASE("conversion: each prediction from each, in numbers done by hand") {
    const Truth truths[] = {
        {0.6, 0.8, 1.0, 0.4, {2.0, -1.0, -2.2, 1.25}},             // r = 1: v = 0.6 (-1) - 0.8 2
        {0.6, 0.4, 0.5, 0.8, {2.0, -1.0, -1.9, 2.5}},              // s = 0.8, r = 1: v = 0.5 0.6 (-1) - 0.8 2
        {1.0, 0.75, 1.0, 1.25, {2.0, -1.0, -2.0, 4.0 / 3}},        // r = 1.25: v = (-1 - 0.75 2) / 1.25
        {0.5, 1.2, 1.0, -0.7, {1.0, -1.0, -1.7 / 1.3, 1 / 1.2}},   // r = 1.3: v = (-0.5 - 1.2) / 1.3
    };
    for (const Truth& t : truths)
        for (int from = 0; from < 4; ++from)
            for (int to = 0; to < 4; ++to) {
                CAPTURE(from);
                CAPTURE(to);
                const Conversion c = conversion(all[from], all[to], t.alpha, t.sigma, t.scale);
                CHECK(value(c, t.predictions[from], t.x) == doctest::Approx(t.predictions[to]).epsilon(1e-15));
            }
}

TEST_CASE("conversion: there and back is where it started, as far as the terms do not cancel") {
    for (const Schedule& s : {Schedule(VP()), Schedule(VE()), Schedule(EDM()), Schedule(SubVP()), Schedule(MeanReverting(0.3))})
        for (const double u : {0.0, 0.01, 0.5, 1.0})
            for (const Prediction from : all)
                for (const Prediction to : all) {
                    const double t = s.t_end() + u * (s.t_start() - s.t_end());
                    const double given = 0.7, x = -1.3;
                    const Conversion there = conversion(from, to, s, t), back = conversion(to, from, s, t);
                    const double size = std::abs(back.of_value) * (std::abs(there.of_value * given) + std::abs(there.of_x * x)) +
                                        std::abs(back.of_x * x);
                    CHECK(std::abs(value(back, value(there, given, x), x) - given) <= 1e-15 * (size + 1));
                }
}

TEST_CASE("conversion: velocity and noise give the data to the last digit near the data") {   // where sigma -> 0 nothing cancels
    const double sigma = 1e-9, alpha = std::sqrt(1 - sigma * sigma), data = 0.3, noise = -1.7;
    const double x = alpha * data + sigma * noise;
    CHECK(value(conversion(Prediction::velocity, Prediction::data, alpha, sigma), alpha * noise - sigma * data, x) ==
          doctest::Approx(data).epsilon(4e-16));
    CHECK(value(conversion(Prediction::noise, Prediction::data, alpha, 0.0), noise, alpha * data) ==
          doctest::Approx(data).epsilon(4e-16));
}

TEST_CASE("conversion: near pure noise the data come from the velocity without the loss of a detour through the noise") {
    const double alpha = 1e-8, sigma = std::sqrt(1 - alpha * alpha), data = 0.3, noise = -1.7;
    const double x = alpha * data + sigma * noise;
    CHECK(value(conversion(Prediction::velocity, Prediction::data, alpha, sigma), alpha * noise - sigma * data, x) ==
          doctest::Approx(data).epsilon(1e-15));
}

TEST_CASE("conversion: a velocity is that of the variance-preserving process with the same lambda") {
    const double alpha = 0.4, sigma = 2.0, r = std::hypot(alpha, sigma);
    for (const Prediction p : {Prediction::data, Prediction::noise}) {
        const Conversion any = conversion(p, Prediction::velocity, alpha, sigma);
        const Conversion preserving = conversion(p, Prediction::velocity, alpha / r, sigma / r);
        CHECK(value(any, 0.9, 1.7) == doctest::Approx(value(preserving, 0.9, 1.7 / r)).epsilon(1e-14));
    }
}

TEST_CASE("convert: rows have their own times, and a mean-reverting schedule its mean") {
    const MeanReverting s(0.5);
    const std::vector<double> t{0.9, 0.2, 0.6};
    Matrix x(3, 2), data(3, 2), mean(3, 2), noise(3, 2), velocity(3, 2);
    for (std::int64_t i = 0; i < 6; ++i) {
        data.data[i] = std::sin(i + 1.0);
        mean.data[i] = std::cos(2.0 * i);
        noise.data[i] = std::sin(5.0 * i);
        const double a = s.alpha(t[i / 2]), g = s.sigma(t[i / 2]);
        x.data[i] = a * data.data[i] + (1 - a) * mean.data[i] + g * noise.data[i];
        velocity.data[i] = 0.5 * a * noise.data[i] - g / 0.5 * (data.data[i] - mean.data[i]);
    }
    const Matrix* given[] = {&data, &noise, &velocity};
    for (int from = 0; from < 3; ++from)
        for (int to = 0; to < 3; ++to) {
            Matrix out(3, 2);
            convert(*given[from], x, s, t, all[from], all[to], mean, out);
            for (std::int64_t i = 0; i < 6; ++i) CHECK(out.data[i] == doctest::Approx(given[to]->data[i]).epsilon(1e-11));
        }
    Matrix one(1, 2, 0.25), many(3, 2, 0.25), a(3, 2), b(3, 2);
    convert(noise, x, s, std::vector{0.5}, Prediction::noise, Prediction::data, one, a);
    convert(noise, x, s, std::vector{0.5, 0.5, 0.5}, Prediction::noise, Prediction::data, many, b);
    CHECK(a.data == b.data);
}

TEST_CASE("convert: a refusal names the argument, the value and the requirement") {
    const Matrix two(2, 3), three(3, 3);
    Matrix out(2, 3);
    const std::vector<double> t{0.5};
    const auto run = [&](const Schedule& s, const Matrix& v, std::span<const double> times, const Matrix& mean) {
        convert(v, two, s, times, Prediction::noise, Prediction::data, mean, out);
    };
    CHECK_THROWS_WITH(run(VP(), three, t, {}), "convert: value must have the shape of x, (2, 3), got (3, 3)");
    CHECK_THROWS_WITH(run(VP(), two, std::vector{0.1, 0.2, 0.3}, {}), "convert: t must hold 1 or n = 2 times, got 3");
    CHECK_THROWS_WITH(run(VP(), two, t, two), "convert: mean belongs to a mean-reverting schedule");
    CHECK_THROWS_WITH(run(MeanReverting(1.0), two, t, three), "convert: mean must have shape (1, 3) or that of x, got (3, 3)");
    const auto at = [](double alpha, double sigma, double scale) {
        return conversion(Prediction::data, Prediction::noise, alpha, sigma, scale);
    };
    CHECK_THROWS_WITH(at(1.0, 0.0, 1.0), "conversion: sigma must be positive from data and to a score, got 0");
    CHECK_THROWS_WITH(at(0.0, 1.0, 1.0), "conversion: alpha must be positive and finite, got 0");
    CHECK_THROWS_WITH(at(1.0, 1.0, -1.0), "conversion: scale must be positive and finite, got -1");
    CHECK_THROWS_WITH(at(1.0, -1.0, 1.0), "conversion: sigma must be at least 0 and finite, got -1");
}
