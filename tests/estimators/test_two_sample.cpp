#include <algorithm>
#include <cmath>
#include <functional>
#include <string>

#include <doctest/doctest.h>

#include <buffon/stream.hpp>
#include <buffon/two_sample.hpp>

using namespace buffon;

namespace {

Matrix normal(std::int64_t n, std::int64_t d, std::uint64_t key, double mean = 0.0, double sd = 1.0) {
    Matrix x(n, d);
    Stream{key, 3}.normal(0, x.view());
    for (double& v : x.data) v = mean + sd * v;
    return x;
}

PointSets one(Matrix x) { return {{std::move(x)}, {}}; }

/// E exp(-|X - Y|^2 / (2 h^2)) of normal X - Y with mean m and variance v in each of d coordinates.
double smoothed(double d, double m, double v, double h) {
    return std::pow(h * h / (h * h + v), d / 2) * std::exp(-d * m * m / (2 * (h * h + v)));
}

/// Repeated: mean and standard deviation of the values, mean claimed variance, mean floor, share of intervals that hold `exact` and
/// of value +- 1.96 standard errors, their lowest end, and the mean of their widths over those of the latter.
struct Repeated {
    double mean = 0, sd = 0, claimed = 0, floor = 0, covered = 0, symmetric = 0, lowest = 1, width = 0;
};

template <class F>
Repeated repeat(int times, double exact, const F& run) {
    double sum = 0, square = 0;
    Repeated out;
    for (int r = 0; r < times; ++r) {
        const Estimate e = run(static_cast<std::uint64_t>(r));
        sum += e.value[0];
        square += e.value[0] * e.value[0];
        out.claimed += e.covariance(0, 0) / times;
        const auto [low, high] = e.confidence_interval(0.95);
        const double half = 1.96 * e.std_error()[0];
        out.covered += (low[0] <= exact && exact <= high[0]) / static_cast<double>(times);
        out.symmetric += (std::abs(e.value[0] - exact) <= half) / static_cast<double>(times);
        out.lowest = std::min(out.lowest, low[0]);
        out.width += (high[0] - low[0]) / (2 * half) / times;
        out.floor += std::get<std::vector<double>>(e.diagnostics.at("floor"))[0] / times;
    }
    out.mean = sum / times;
    out.sd = std::sqrt((square - sum * out.mean) / (times - 1));
    return out;
}

}  // namespace

TEST_CASE("mmd: unbiased, with the error that runs have, near and far") {
    constexpr int times = 600;
    for (const auto& [mean, sd] : {std::pair{0.0, 1.0}, {0.3, 1.0}, {0.0, 1.5}, {1.5, 1.0}}) {
        CAPTURE(mean);
        const double h = 1.2, exact = smoothed(2, 0, 2, h) + smoothed(2, 0, 2 * sd * sd, h) -
                                      2 * smoothed(2, mean, 1 + sd * sd, h);
        const Repeated found = repeat(times, exact, [&](std::uint64_t r) {
            return mmd(one(normal(90, 2, 2 * r, mean, sd)), {normal(60, 2, 2 * r + 1)}, {.bandwidth = h, .threads = 1});
        });
        CHECK(std::abs(found.mean - exact) < 3.5 * found.sd / std::sqrt(times));
        CHECK(std::sqrt(found.claimed) / found.sd > 0.9);
        CHECK(std::sqrt(found.claimed) / found.sd < (mean == 0.0 && sd == 1.0 ? 1.55 : 1.2));   // sqrt(2) between equal laws
        CHECK(found.covered > 0.93);   // 94.5 to 99 % in long runs
        CHECK(found.lowest >= 0);
    }
}

TEST_CASE("energy and kid: unbiased; the floor is the error between equal laws") {
    constexpr int times = 400;
    for (const bool cubic : {false, true}) {
        const auto run = [&](std::uint64_t r) {
            const PointSets x = one(normal(80, 3, 2 * r));
            const ReferencePoints y{normal(120, 3, 2 * r + 1)};
            return cubic ? kid(x, y, {.threads = 1}) : energy(x, y, {.threads = 1});
        };
        const Repeated found = repeat(times, 0.0, run);
        CHECK(std::abs(found.mean) < 3.5 * found.sd / std::sqrt(times));
        CHECK(std::sqrt(found.claimed) / found.sd > 1.1);
        CHECK(std::sqrt(found.claimed) / found.sd < 1.6);
        const auto floor = std::get<std::vector<double>>(run(1).diagnostics.at("floor"));
        CHECK(floor[0] / found.sd == doctest::Approx(1).epsilon(0.15));
    }
    // normal laws with means 2 apart in one dimension: E|X - Y| of a normal number with mean 2 and variance 2
    const double pi = std::acos(-1.0), away = 2 * std::exp(-1.0) / std::sqrt(pi) + 2 * std::erf(1.0), near = 2 / std::sqrt(pi);
    const Estimate e = energy(one(normal(4000, 1, 1, 2.0)), {normal(4000, 1, 2)});
    CHECK(std::abs(e.value[0] - 2 * (away - near)) < 3.5 * e.std_error()[0]);
    // third moments: E (xy + 1)^3 = 1 + 3 m m' + 3 s s' + t t' of first, second, third moments m, s, t
    const Estimate k = kid(one(normal(4000, 1, 1, 0.5)), {normal(4000, 1, 2)});
    CHECK(std::abs(k.value[0] - (3 * 0.25 + 3 * 0.0625 + 1.625 * 1.625)) < 3.5 * k.std_error()[0]);
}

namespace {

/// E|Z| of a normal Z with mean m in each of d = 2 coordinates and variance v: Rice's law.
double mean_length(double m, double v) {
    const double q = m * m / (2 * v);   // |mean|^2 / (4 v)
    return std::sqrt(std::acos(-1.0) * v / 2) * std::exp(-q) *
           ((1 + 2 * q) * std::cyl_bessel_i(0.0, q) + 2 * q * std::cyl_bessel_i(1.0, q));
}

/// E (X . Y / d + 1)^3 of normal X, Y with means a, b and deviations r, s in each of d coordinates, from moments of the products.
double cubed(double d, double a, double r, double b, double s) {
    const double one = a * b, two = (r * r + a * a) * (s * s + b * b), three = (a * a + 3 * r * r) * (b * b + 3 * s * s) * one;
    const double first = d * one, second = d * two + d * (d - 1) * one * one,
                 third = d * three + 3 * d * (d - 1) * two * one + d * (d - 1) * (d - 2) * one * one * one;
    return 1 + 3 * first / d + 3 * second / (d * d) + third / (d * d * d);
}

}  // namespace

TEST_CASE("energy, mmd, kid: intervals hold a distance of few floors, where errors are skew, and none is below 0") {
    constexpr int times = 400;
    const double h = 2.0;
    struct Cell {
        std::string name;
        std::int64_t d;
        double mean, sd, exact;
        std::function<Estimate(const Matrix&, const Matrix&)> distance;
        double symmetric;   // at most this share is covered by standard errors
    };
    const auto by_energy = [](const Matrix& x, const Matrix& y) { return energy(one(x), {y}, {.threads = 1}); };
    const auto by_mmd = [h](const Matrix& x, const Matrix& y) { return mmd(one(x), {y}, {.bandwidth = h, .threads = 1}); };
    const auto by_kid = [](const Matrix& x, const Matrix& y) { return kid(one(x), {y}, {.threads = 1}); };
    const auto of_energy = [](double m, double sd) {
        return 2 * mean_length(m, 1 + sd * sd) - mean_length(0, 2) - mean_length(0, 2 * sd * sd);
    };
    const auto of_mmd = [h](double d, double m, double sd) {
        return smoothed(d, 0, 2, h) + smoothed(d, 0, 2 * sd * sd, h) - 2 * smoothed(d, m, 1 + sd * sd, h);
    };
    const auto of_kid = [](double d, double m, double sd) {
        return cubed(d, 0, 1, 0, 1) + cubed(d, m, sd, m, sd) - 2 * cubed(d, m, sd, 0, 1);
    };
    const Cell cells[] = {{"energy, equal", 2, 0, 1, 0, by_energy, 0.97},
                          {"energy, shift", 2, 0.22, 1, of_energy(0.22, 1), by_energy, 0.92},
                          {"energy, scale", 2, 0, 1.3, of_energy(0, 1.3), by_energy, 1},
                          {"mmd, shift", 2, 0.22, 1, of_mmd(2, 0.22, 1), by_mmd, 0.92},
                          {"mmd, shift, 16", 16, 0.13, 1, of_mmd(16, 0.13, 1), by_mmd, 1},
                          {"kid, shift", 2, 0.22, 1, of_kid(2, 0.22, 1), by_kid, 0.95},
                          {"kid, shift, 16", 16, 0.1, 1, of_kid(16, 0.1, 1), by_kid, 1}};
    for (const Cell& cell : cells) {
        const Repeated found = repeat(times, cell.exact, [&](std::uint64_t r) {
            return cell.distance(normal(100, cell.d, 2 * r, cell.mean, cell.sd), normal(100, cell.d, 2 * r + 1));
        });
        MESSAGE(cell.name << ": " << cell.exact / found.floor << " floors, covered " << found.covered << ", by standard errors "
                          << found.symmetric << ", width " << found.width);
        CAPTURE(cell.name);
        CHECK(std::abs(found.mean - cell.exact) < 4 * found.sd / std::sqrt(times));
        CHECK(cell.exact < 6 * found.floor);
        CHECK(found.covered > 0.93);
        CHECK(found.symmetric < cell.symmetric);
        CHECK(found.lowest >= 0);
        CHECK(found.width < 1.2);
    }
}

TEST_CASE("energy: contrasts know the common reference and coupled rows") {
    constexpr int times = 300;
    for (const bool coupled : {false, true}) {
        double square = 0, sum = 0, claimed = 0, apart = 0;
        for (std::uint64_t r = 0; r < times; ++r) {
            const Matrix noise = normal(100, 2, 3 * r), other = coupled ? noise : normal(100, 2, 3 * r + 1);
            PointSets x{{noise, other}, {"near", "far"}};
            for (double& v : x.sets[0].data) v += 0.4;
            for (double& v : x.sets[1].data) v = 0.5 + 1.1 * v;
            const Estimate e = energy(x, {normal(100, 2, 3 * r + 2)}, {.threads = 1}), c = e.contrast(1, 0);
            sum += c.value[0];
            square += c.value[0] * c.value[0];
            claimed += c.covariance(0, 0) / times;
            apart += (e.covariance(0, 0) + e.covariance(1, 1)) / times;
        }
        const double variance = (square - sum * sum / times) / (times - 1);
        CHECK(std::sqrt(claimed / variance) == doctest::Approx(1.07).epsilon(0.15));
        CHECK(claimed < (coupled ? 0.3 : 0.8) * apart);
    }
}

TEST_CASE("mmd: the bandwidth of a reference that is sorted is that of all of it") {
    Matrix y = normal(4000, 2, 1, 0.0);
    for (std::int64_t i = 0; i < 4000; ++i) y(i, 0) += i < 2000 ? 0.0 : 20.0;
    const double h = std::get<double>(mmd(one(normal(9, 2, 3)), {y}).diagnostics.at("bandwidth"));
    CHECK(h > 15);   // half of the pairs are 20 apart; the first thousand rows are all within a few
}

TEST_CASE("mmd: values are those of two loops, names and refusals") {
    const Matrix x = normal(7, 2, 1), y = normal(5, 2, 2, 0.5);
    double own = 0, theirs = 0, cross = 0;
    const auto k = [](const Matrix& a, std::int64_t i, const Matrix& b, std::int64_t j) {
        return std::exp(-(std::pow(a(i, 0) - b(j, 0), 2) + std::pow(a(i, 1) - b(j, 1), 2)) / (2 * 0.49));
    };
    for (std::int64_t i = 0; i < 7; ++i) {
        for (std::int64_t j = 0; j < 7; ++j) own += i == j ? 0 : k(x, i, x, j) / 42;
        for (std::int64_t j = 0; j < 5; ++j) cross += k(x, i, y, j) / 35;
    }
    for (std::int64_t i = 0; i < 5; ++i)
        for (std::int64_t j = 0; j < 5; ++j) theirs += i == j ? 0 : k(y, i, y, j) / 20;
    const Estimate e = mmd({{x, y}, {}}, {y}, {.bandwidth = 0.7});
    CHECK(e.value[0] == doctest::Approx(own + theirs - 2 * cross).epsilon(1e-12));
    CHECK(e.names == std::vector<std::string>{"0", "1"});
    CHECK(e.n == 17);
    CHECK(std::get<double>(mmd(one(x), {y}).diagnostics.at("bandwidth")) > 0);
    Matrix far = x;
    far(0, 0) = 1e200;
    const Estimate overflow = energy({{x, far}, {"near", "far"}}, {y});
    REQUIRE(overflow.warnings.size() == 1);
    CHECK(overflow.warnings[0].starts_with("'far': rows are so far apart"));
    CHECK(std::isnan(overflow.confidence_interval().second[1]));
    CHECK(overflow.confidence_interval().second[0] > 0);
    CHECK(mmd(one(x), {x}, {.bandwidth = 0.7}).confidence_interval().second[0] < 0.5);   // equal points: m is 0, and so is the variance along it
    const Estimate still = energy(one(Matrix(6, 2, 1.0)), {Matrix(5, 2, 1.0)});   // one point: no noise at all
    CHECK(still.confidence_interval().second[0] == 0);
    CHECK_THROWS_WITH(energy(one(normal(3, 2, 1)), {y}), "energy: x must have at least 4 rows, got 3");
    CHECK_THROWS_WITH(kid(one(Matrix(9, 0)), {Matrix(9, 0)}), "kid: y must have at least 1 column, got 0");
    CHECK_THROWS_WITH(kid({{x, normal(9, 3, 1)}, {}}, {y}), "kid: x[1] must have the 2 columns of the reference, got 3");
    CHECK_THROWS_WITH(mmd(one(x), {y}, {.bandwidth = -1}), "mmd: bandwidth must be positive, or 0 for a choice, got -1");
    Matrix hole = x;
    hole(4, 1) = std::nan("");
    CHECK_THROWS_WITH(energy(one(hole), {y}), "energy: x must be finite, got nan in row 4");
}
