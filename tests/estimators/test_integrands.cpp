#include <buffon/integrands.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <span>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>

using namespace buffon;

namespace {

using Column = std::function<double(std::int64_t)>;

/// A pool of n points with these weights f_j / h, outputs and scores.
Pool pool_of(std::int64_t n, const std::vector<Column>& weights, const std::vector<Column>& y,
             const std::vector<Column>& score = {}) {
    const auto table = [&](const std::vector<Column>& columns) {
        Matrix m(columns.empty() ? 0 : n, static_cast<std::int64_t>(columns.size()));
        for (std::int64_t i = 0; i < m.rows; ++i)
            for (std::int64_t j = 0; j < m.cols; ++j) m(i, j) = columns[static_cast<std::size_t>(j)](i);
        return m;
    };
    const std::vector<double> zero(static_cast<std::size_t>(n));   // q_0 = h = 1
    Pool pool;
    pool.add({Matrix(n, 1), table(y), table(score), table(weights), zero, Matrix(n, 1, 1.0), zero}, Proposal::initial(), {});
    return pool;
}

double one(std::int64_t) { return 1.0; }

double size_of(std::span<const double> w) {
    double sum = 0, squares = 0;
    for (const double v : w) sum += v, squares += v * v;
    return sum * sum / squares;
}

std::vector<double> weights_of(const Integrands& seen, std::int64_t part) {
    Matrix room;
    const ConstView all = seen.weights(room);
    std::vector<double> w;
    for (std::int64_t i = 0; i < all.rows; ++i) w.push_back(all(i, part));
    return w;
}

double quantile(std::int64_t i, std::int64_t n) {
    return normal_quantile((static_cast<double>(i) + 0.5) / static_cast<double>(n));
}

/// Log-normal weights: the quantiles of exp(spread N(0, 1)).
Column lognormal(double spread) {
    return [spread](std::int64_t i) { return std::exp(spread * quantile(i, 1000)); };
}

std::vector<double> powers(const Column& w, double tau) {
    std::vector<double> p;
    for (std::int64_t i = 0; i < 1000; ++i) p.push_back(std::pow(w(i), tau));
    return p;
}

}  // namespace

TEST_CASE("too few points: weights are flattened by the largest power that reaches the effective size, the mass is kept") {
    const Column w = lognormal(2.5);
    const double need = 300;
    const Integrands seen = look_at(pool_of(1000, {w}, {one}), 1, need);
    REQUIRE(size_of(powers(w, 1)) < 0.5 * need);
    REQUIRE(seen.parts.size() == 1);
    const Part& part = seen.parts[0];
    const auto weights = weights_of(seen, 0);
    const double tau = std::log(weights[900] / weights[100]) / std::log(w(900) / w(100));
    for (std::int64_t i = 0; i < 1000; ++i)
        REQUIRE(weights[static_cast<std::size_t>(i)] / weights[500] ==
                doctest::Approx(std::pow(w(i) / w(500), tau)).epsilon(1e-9));
    CHECK(size_of(weights) >= need * (1 - 1e-9));
    CHECK(part.size == doctest::Approx(size_of(weights)).epsilon(1e-12));
    CHECK(size_of(powers(w, tau * (1 + 1e-5))) < need);   // bisection to 2^-24
    CHECK(tau < 0.9);
    CHECK(seen.provisional);
    double mass = 0;
    for (std::int64_t i = 0; i < 1000; ++i) mass += w(i);
    CHECK(part.mass == doctest::Approx(mass).epsilon(1e-12));
    CHECK(seen.r(700, 0) == doctest::Approx(w(700)).epsilon(1e-12));
}

TEST_CASE("flattening marks as provisional below the power 0.9 only, and no flattening never does") {
    const Column w = lognormal(1.0);
    for (const double tau : {0.97, 0.91, 0.89, 0.5}) {
        const Integrands seen = look_at(pool_of(1000, {w}, {one}), 1, size_of(powers(w, tau)));
        REQUIRE(seen.parts.size() == 1);
        CHECK_MESSAGE(seen.provisional == (tau < 0.9), tau);
    }
    const Integrands seen = look_at(pool_of(1000, {w}, {one}), 1, 0.999 * size_of(powers(w, 1)));
    CHECK_FALSE(seen.provisional);
    const auto weights = weights_of(seen, 0);
    for (std::int64_t i = 0; i < 1000; ++i) REQUIRE(weights[static_cast<std::size_t>(i)] == doctest::Approx(w(i)).epsilon(1e-12));
}

TEST_CASE("fewer than three points carry no part") {
    for (const int hits : {0, 1, 2, 3, 4}) {
        const Integrands seen = look_at(pool_of(100, {one}, {[&](std::int64_t i) { return i < hits ? 2.0 : 0.0; }}), 1, 60);
        CHECK(seen.parts.size() == (hits < 3 ? 0 : 1));
        CHECK(seen.mean[0] == doctest::Approx(0.02 * hits));
    }
}

TEST_CASE("an event of probability 1e-6 that no point hits is seen through its score, as little smoothed as the fit allows") {
    const Column score = [](std::int64_t i) { return quantile(i, 1000) - 4.75; };
    const Column weight = lognormal(0.3);
    const double need = 80;
    const Integrands seen =
        look_at(pool_of(1000, {weight}, {[&](std::int64_t i) { return score(i) > 0 ? 1.0 : 0.0; }}, {score}), 1, need);
    REQUIRE(seen.parts.size() == 1);
    CHECK(seen.provisional);
    const auto p = weights_of(seen, 0);
    CHECK(size_of(p) >= need * (1 - 1e-9));
    const double sigma = score(999) / normal_quantile(p[999] / weight(999));
    const auto smoothed = [&](double s) {
        std::vector<double> out;
        for (std::int64_t i = 0; i < 1000; ++i) out.push_back(weight(i) * normal_cdf(score(i) / s));
        return out;
    };
    const auto expected = smoothed(sigma);
    double mass = 0;
    for (std::size_t i = 0; i < 1000; ++i) {
        mass += expected[i];
        REQUIRE(p[i] == doctest::Approx(expected[i]).epsilon(1e-8));   // sigma is known to about 1e-13
        REQUIRE(seen.r(static_cast<std::int64_t>(i), 0) == p[i]);
    }
    CHECK(seen.parts[0].mass == doctest::Approx(mass).epsilon(1e-8));
    CHECK(seen.mean[0] == doctest::Approx(mass / 1000).epsilon(1e-8));
    CHECK(size_of(smoothed(0.9999 * sigma)) < need);
}

TEST_CASE("a score is left alone where the event is seen well enough, and each output has its own") {
    const Column seen_score = [](std::int64_t i) { return quantile(i, 1000); },
                 rare_score = [](std::int64_t i) { return quantile(i, 1000) - 4.75; };
    const Column hit = [&](std::int64_t i) { return seen_score(i) > 0 ? 1.0 : 0.0; }, none = [](std::int64_t) { return 0.0; };
    const Integrands clear = look_at(pool_of(1000, {one}, {hit}, {seen_score}), 1, 60);
    CHECK_FALSE(clear.provisional);
    for (std::int64_t i = 0; i < 1000; ++i) REQUIRE(clear.r(i, 0) == hit(i));
    const Integrands both = look_at(pool_of(1000, {one}, {hit, none}, {seen_score, rare_score}), 2, 60);
    CHECK(both.provisional);
    REQUIRE(both.parts.size() == 2);
    for (std::int64_t i = 0; i < 1000; ++i) REQUIRE(both.r(i, 0) == hit(i));
    CHECK(both.r(999, 1) > both.r(0, 1));
    CHECK(both.parts[1].expectation == 1);
}

TEST_CASE("a negative part appears above one hundredth of the absolute mass only") {
    for (const double share : {0.0, 0.009, 0.011, 0.5}) {
        const double a = 9 * share / (1 - share);   // 100 points of -a against 900 of 1
        const Integrands seen = look_at(pool_of(1000, {one}, {[&](std::int64_t i) { return i % 10 == 0 ? -a : 1.0; }}), 1, 60);
        REQUIRE(seen.parts.size() == (share > 0.01 ? 2 : 1));
        CHECK(seen.parts[0].sign == 1.0);
        CHECK(seen.parts[0].mass == doctest::Approx(900));
        CHECK(weights_of(seen, 0)[0] == 0.0);
        if (share < 0.01) continue;
        CHECK(seen.parts[1].sign == -1.0);
        CHECK(seen.parts[1].expectation == 0);
        CHECK(seen.parts[1].mass == doctest::Approx(100 * a));
        CHECK(weights_of(seen, 1)[0] == doctest::Approx(a));
        CHECK(weights_of(seen, 1)[1] == 0.0);
    }
    const Integrands negative = look_at(pool_of(1000, {one}, {[](std::int64_t) { return -2.0; }}), 1, 60);
    REQUIRE(negative.parts.size() == 1);
    CHECK(negative.parts[0].sign == -1.0);
    CHECK(negative.mean[0] == doctest::Approx(-2));
}

TEST_CASE("expectations go law by law over the columns looked at, with mean and standard error of weight times output") {
    const std::vector<Column> laws{lognormal(0.2), lognormal(0.5)};
    const std::vector<Column> y{one, [](std::int64_t i) { return 1.0 + static_cast<double>(i % 3); },
                                [](std::int64_t) { return 1e9; }};
    const Integrands seen = look_at(pool_of(1000, laws, y), 2, 60);
    REQUIRE(seen.r.cols == 4);
    REQUIRE(seen.mean.size() == 4);
    for (std::size_t e = 0; e < 4; ++e) {
        double sum = 0, squares = 0;
        for (std::int64_t i = 0; i < 1000; ++i) {
            const double r = laws[e / 2](i) * y[e % 2](i);
            REQUIRE(seen.r(i, static_cast<std::int64_t>(e)) == doctest::Approx(r).epsilon(1e-12));
            sum += r;
            squares += r * r;
        }
        const double mean = sum / 1000;
        CHECK(seen.mean[e] == doctest::Approx(mean).epsilon(1e-12));
        CHECK(seen.error[e] == doctest::Approx(std::sqrt((squares / 1000 - mean * mean) / 1000)).epsilon(1e-3));   // n or n - 1
        CHECK(seen.parts[e].expectation == static_cast<std::int64_t>(e));
    }
}

TEST_CASE("the criterion weights an expectation by 1 / (mean^2 + error^2), one without a trace by 0, or as the caller says") {
    Integrands seen;
    seen.mean = {2.0, 0.0, -3.0, 0.0};
    seen.error = {0.5, 0.1, 4.0, 0.0};
    const auto w = criterion_weights(seen, {});
    REQUIRE(w.size() == 4);
    CHECK(w[0] == doctest::Approx(1 / 4.25));
    CHECK(w[1] == doctest::Approx(100.0));
    CHECK(w[2] == doctest::Approx(0.04));
    CHECK(w[3] == 0.0);
    const std::vector<double> given{1, 0, 7, 2};
    CHECK(criterion_weights(seen, given) == given);
}
