#include <cmath>

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

/// Repeated: mean and standard deviation of the values, mean claimed variance, share of intervals that hold `exact`.
struct Repeated {
    double mean = 0, sd = 0, claimed = 0, covered = 0;
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
        out.covered += (low[0] <= exact && exact <= high[0]) / static_cast<double>(times);
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
        CHECK(found.covered > 0.89);   // 91 to 96 % in long runs
        CHECK(found.covered < 0.985);
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
    CHECK_THROWS_WITH(energy(one(normal(3, 2, 1)), {y}), "energy: x must have at least 4 rows, got 3");
    CHECK_THROWS_WITH(kid(one(Matrix(9, 0)), {Matrix(9, 0)}), "kid: y must have at least 1 column, got 0");
    CHECK_THROWS_WITH(kid({{x, normal(9, 3, 1)}, {}}, {y}), "kid: x[1] must have the 2 columns of the reference, got 3");
    CHECK_THROWS_WITH(mmd(one(x), {y}, {.bandwidth = -1}), "mmd: bandwidth must be positive, or 0 for a choice, got -1");
    Matrix hole = x;
    hole(4, 1) = std::nan("");
    CHECK_THROWS_WITH(energy(one(hole), {y}), "energy: x must be finite, got nan in row 4");
}
