#include <buffon/bootstrap_t.hpp>

#include <cmath>

#include <doctest/doctest.h>

using namespace buffon;

namespace {

Matrix exponentials(std::int64_t n, std::uint64_t key, double power) {
    Matrix out(n, 1);
    const Stream stream{key, 0};
    for (std::int64_t i = 0; i < n; ++i) out(i, 0) = std::pow(-std::log(stream.uniform(i, 0)), power);
    return out;
}

}  // namespace

TEST_CASE("bootstrap_t: intervals for the mean of 60 skewed terms cover where Student's do not") {
    // Squares of exponential variables: mean 2, skewness 6.6.
    int covered = 0, symmetric = 0;
    const int runs = 600;
    for (int r = 0; r < runs; ++r) {
        const Matrix rows = exponentials(60, static_cast<std::uint64_t>(r), 2);
        Stratum stratum;
        stratum.rows.add(rows);
        const Bounds b = bootstrap_t({stratum}, {0}, {99, 0}, false, 1);
        covered += b.low(0, 3) <= 2 && 2 <= b.high(0, 3);
        double mean = 0, square = 0;
        for (const double v : rows.data) mean += v / 60, square += v * v / 60;
        symmetric += std::abs(mean - 2) < 2.0 * std::sqrt((square - mean * mean) / 59);
    }
    CHECK(covered > 0.91 * runs);
    CHECK(covered > symmetric + 0.04 * runs);
}

TEST_CASE("bootstrap_t: of many normal terms in two strata it is the normal interval of the weighted mean") {
    std::vector<Stratum> strata(2);
    strata[0].weight = 0.9;
    strata[1].weight = 0.1;
    double mean = 0, variance = 0;
    for (std::size_t h = 0; h < 2; ++h) {
        Matrix rows(1'000, 1);
        Stream{7, static_cast<std::uint32_t>(h)}.normal(0, rows);
        for (double& v : rows.data) v = 3 + v * (h == 0 ? 1 : 5);
        strata[h].rows.add(rows);
        double own = 0, square = 0;
        for (const double v : rows.data) own += v / 1'000, square += v * v / 1'000;
        mean += strata[h].weight * own;
        variance += strata[h].weight * strata[h].weight * (square - own * own) / 999;
    }
    const Bounds b = bootstrap_t(strata, {0}, {1, 0}, false, 1);
    const double error = std::sqrt(variance);
    CHECK(b.levels[3] == 0.95);
    // quantiles of 2,000 resamples: 0.1 standard errors are 4 of theirs
    CHECK(b.low(0, 3) == doctest::Approx(mean - 1.96 * error).epsilon(0.1 * error / mean));
    CHECK(b.high(0, 3) == doctest::Approx(mean + 1.96 * error).epsilon(0.1 * error / mean));
    CHECK(bootstrap_t(strata, {0}, {1, 0}, false, 2).low.data == b.low.data);
}

TEST_CASE("bootstrap_t: a share is between 0 and 1, one that was never seen is 0, and few hits leave the upper end open") {
    Stratum stratum;
    Matrix rows(50, 2);
    rows(3, 1) = 1e-3;
    stratum.rows.add(rows);
    const Bounds b = bootstrap_t({stratum}, {0, 1}, {1, 0}, true, 1);
    CHECK(b.low(0, 3) == 0);
    CHECK(b.high(0, 3) == 0);
    CHECK(b.low(1, 3) == 0);
    CHECK(b.high(1, 3) == 1);
}

TEST_CASE("bootstrap_t: a million rows take two thousand bins at most, and their mean stays") {
    Stratum stratum;
    double sum = 0;
    for (std::uint64_t piece = 0; piece < 40; ++piece) {
        const Matrix rows = exponentials(25'600, piece, 1);
        for (const double v : rows.data) sum += v;
        stratum.rows.add(rows);
    }
    const Matrix& bins = stratum.rows.bins();
    CHECK(bins.rows <= 2'048);
    CHECK(bins.rows >= 1'000);
    double mean = 0;
    for (const double v : bins.data) mean += v / static_cast<double>(bins.rows);
    CHECK(mean == doctest::Approx(sum / 1'024'000).epsilon(1e-12));
}

TEST_CASE("bootstrap_t: shares with a tail s^-2 up to 1 are covered with their tail, and not without") {
    // s = 0.003 / sqrt(v), cut at 1: mean 0.006 / (1 + 0.003)
    const double exact = 0.006 / 1.003, rest = 0.003 * 0.003;
    int with = 0, without = 0;
    const int runs = 400;
    for (int r = 0; r < runs; ++r) {
        Matrix rows(150, 1);
        for (std::int64_t i = 0; i < 150; ++i)
            rows(i, 0) = 0.003 / std::sqrt(rest + (1 - rest) * Stream{static_cast<std::uint64_t>(r), 5}.uniform(i, 0));
        Stratum stratum;
        stratum.rows.add(rows);
        for (const bool shares : {false, true}) {
            stratum.shares = shares;
            const Bounds b = bootstrap_t({stratum}, {0}, {99, 0}, true, 1);
            (shares ? with : without) += b.low(0, 3) <= exact && exact <= b.high(0, 3);
        }
    }
    MESSAGE("with " << with << ", without " << without);
    CHECK(with > 0.91 * runs);
    CHECK(with > without + 0.02 * runs);
}

TEST_CASE("bootstrap_t: strata of a dozen such shares each are covered, too") {
    const double exact = 0.006 / 1.003, rest = 0.003 * 0.003;
    int covered = 0;
    const int runs = 120;
    for (int r = 0; r < runs; ++r) {
        std::vector<Stratum> strata(6);
        for (std::size_t h = 0; h < strata.size(); ++h) {
            Matrix rows(12, 1);
            for (std::int64_t i = 0; i < 12; ++i)
                rows(i, 0) = 0.003 / std::sqrt(rest + (1 - rest) * Stream{static_cast<std::uint64_t>(r),
                                                                          static_cast<std::uint32_t>(10 + h)}
                                                                       .uniform(i, 0));
            strata[h].weight = 1.0 / 6;
            strata[h].shares = true;
            strata[h].rows.add(rows);
        }
        const Bounds b = bootstrap_t(strata, {0}, {99, 0}, true, 1);
        covered += b.low(0, 3) <= exact && exact <= b.high(0, 3);
    }
    MESSAGE("covered " << covered);
    CHECK(covered > 0.88 * runs);
}

TEST_CASE("bootstrap_t: forty shares, a quarter of which are taken for a tail, have a flat one: few means lie above their bounds") {
    // s = 0.003 v^(-2 / 3), cut at 1: local index 1.5, as that of sampler's shares in their upper third
    const double begin = 0.003, rest = std::pow(begin, 1.5), exact = 3 * begin * (1 - std::sqrt(begin)) / (1 - rest);
    int above = 0, covered = 0;
    const int runs = 600;
    for (int r = 0; r < runs; ++r) {
        Matrix rows(40, 1);
        for (std::int64_t i = 0; i < 40; ++i)
            rows(i, 0) = begin * std::pow(rest + (1 - rest) * Stream{static_cast<std::uint64_t>(r), 6}.uniform(i, 0), -2.0 / 3);
        Stratum stratum{1, true, {}};
        stratum.rows.add(rows);
        const Bounds b = bootstrap_t({stratum}, {0}, {99, 0}, true, 1);
        above += b.high(0, 3) < exact;
        covered += b.low(0, 3) <= exact && exact <= b.high(0, 3);
    }
    MESSAGE("covered " << covered << ", above " << above);
    CHECK(above < 0.045 * runs);
    CHECK(covered > 0.92 * runs);
}
