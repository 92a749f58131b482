#include <buffon/sobol_sequence.hpp>

#include <boost/random/sobol.hpp>
#include <doctest/doctest.h>

#include <cmath>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "test_paths.hpp"

using namespace buffon;

namespace {

/// Left end of the cell of width 2^-bits that holds u.
double cell(double u, int bits) { return std::ldexp(std::floor(std::ldexp(u, bits)), -bits); }

Matrix points_of(const SobolSequence& sequence, std::int64_t n) {
    Matrix u(n, sequence.dim());
    sequence.uniform(0, u);
    return u;
}

/// Whether each of the 2^bits boxes of 2^a x 2^(bits - a) equal sides holds one point in coordinates i and j.
bool one_point_each(const Matrix& u, int bits, int a, std::int64_t i, std::int64_t j) {
    std::set<std::int64_t> boxes;
    for (std::int64_t r = 0; r < u.rows; ++r) {
        const auto x = static_cast<std::int64_t>(std::ldexp(u(r, i), a));
        const auto y = static_cast<std::int64_t>(std::ldexp(u(r, j), bits - a));
        boxes.insert(x << (bits - a) | y);
    }
    return static_cast<std::int64_t>(boxes.size()) == u.rows;
}

/// Smooth, with mean 1.
double smooth(std::span<const double> u) {
    double product = 1.0;
    for (const double v : u) product *= v * std::exp(v);
    return product;
}

const Scramble kinds[] = {Scramble::linear, Scramble::owen};

double net_mean(std::int64_t n, std::uint32_t id, Scramble kind) {
    const Matrix u = points_of(SobolSequence(3, n, Stream{5, id}, kind), n);
    double sum = 0.0;
    for (std::int64_t i = 0; i < n; ++i) sum += smooth(u.view().row(i));
    return sum / static_cast<double>(n);
}

double root_mean_square_error(std::int64_t n, int replicates, Scramble kind) {
    double sum = 0.0;
    for (int r = 0; r < replicates; ++r) sum += std::pow(net_mean(n, static_cast<std::uint32_t>(r), kind) - 1.0, 2);
    return std::sqrt(sum / replicates);
}

}  // namespace

TEST_CASE("SobolSequence: unscrambled points equal those of Boost in every dimension") {
    const auto d = SobolSequence::max_dim();
    const auto ours = SobolSequence::unscrambled(d, 1024);
    boost::random::sobol engine(static_cast<std::size_t>(d));   // begins at the second point
    for (std::int64_t i = 1; i < 300; ++i)
        for (std::int64_t j = 0; j < d; ++j) REQUIRE(ours.uniform(i, j) == to_unit(engine()));
}

TEST_CASE("SobolSequence: far unscrambled points equal those of Boost") {
    const auto ours = SobolSequence::unscrambled(40, std::int64_t{1} << 52);
    for (const std::int64_t first : {std::int64_t{1} << 20, (std::int64_t{1} << 33) - 3, (std::int64_t{1} << 52) - 9}) {
        boost::random::sobol engine(40);
        engine.seed(static_cast<std::uint64_t>(first - 1));   // Boost counts from our second point
        for (std::int64_t i = first; i < first + 8; ++i)
            for (std::int64_t j = 0; j < 40; ++j) REQUIRE(ours.uniform(i, j) == to_unit(engine()));
    }
}

TEST_CASE("SobolSequence: unscrambled points equal those of SciPy") {
    std::ifstream file(BUFFON_TEST_DATA "/sobol_points.txt");
    const auto ours = SobolSequence::unscrambled(SobolSequence::max_dim(), 1 << 24);
    int checked = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.starts_with('#')) continue;
        std::istringstream words(line);
        std::int64_t index = 0, component = 0;
        double value = 0.0;
        words >> index >> component >> value;
        REQUIRE(words);
        CHECK(cell(ours.uniform(index, component), 30) == value);
        ++checked;
    }
    CHECK(checked > 200);
}

TEST_CASE("SobolSequence: any slice equals the pointwise numbers, bit for bit") {
    for (const Scramble kind : kinds)
        for (const std::int64_t d : {1, 3, 16, 32, 33, 70}) {
            const SobolSequence sequence(d, 5000, Stream{11, 2}, kind);
            for (const std::int64_t first : {0, 1, 7, 1023, 1024, 4090})
                for (const std::int64_t rows : {1, 2, 9, 100}) {
                    Matrix u(rows, d);
                    sequence.uniform(first, u);
                    for (std::int64_t i = 0; i < rows; ++i)
                        for (std::int64_t j = 0; j < d; ++j) REQUIRE(u(i, j) == sequence.uniform(first + i, j));
                }
        }
    for (const std::int64_t points : {1, 2, 4, 5}) {   // fewer than a group of rows
        const SobolSequence few(2, points, Stream{11, 3});
        const Matrix u = points_of(few, points);
        for (std::int64_t i = 0; i < points; ++i) CHECK(u(i, 1) == few.uniform(i, 1));
    }
}

TEST_CASE("SobolSequence: more points or coordinates of the same stream continue the same sequence") {
    for (const Scramble kind : kinds) {
        const SobolSequence small(4, 100, Stream{1, 9}, kind), large(60, 1 << 20, Stream{1, 9}, kind);
        for (std::int64_t i = 0; i < 100; ++i)
            for (std::int64_t j = 0; j < 4; ++j) CHECK(small.uniform(i, j) == large.uniform(i, j));
    }
}

TEST_CASE("SobolSequence: another id, key or coordinate has another scramble") {
    for (const Scramble kind : kinds) {
        const SobolSequence a(2, 16, Stream{1, 0}, kind), b(2, 16, Stream{1, 1}, kind), c(2, 16, Stream{2, 0}, kind);
        CHECK(a.uniform(0, 0) != b.uniform(0, 0));
        CHECK(a.uniform(0, 0) != c.uniform(0, 0));
        CHECK(a.uniform(0, 0) != a.uniform(0, 1));
        CHECK(a.uniform(3, 1) == SobolSequence(2, 16, Stream{1, 0}, kind).uniform(3, 1));
    }
    CHECK(SobolSequence(2, 16, Stream{1, 0}, Scramble::owen).uniform(3, 1) != SobolSequence(2, 16, Stream{1, 0}).uniform(3, 1));
}

TEST_CASE("SobolSequence: after scrambling each binary interval of each coordinate holds one point") {
    constexpr int bits = 10;
    REQUIRE(SobolSequence::max_dim() >= 1000);
    for (const Scramble kind : kinds) {
        const Matrix u = points_of(SobolSequence(SobolSequence::max_dim(), 1 << bits, Stream{3, 1}, kind), 1 << bits);
        for (std::int64_t j = 0; j < u.cols; ++j) REQUIRE(one_point_each(u, bits, bits, j, j));
    }
}

TEST_CASE("SobolSequence: after scrambling the first two coordinates are a (0, m, 2)-net") {
    for (const Scramble kind : kinds)
        for (const int bits : {1, 4, 9, 12})
            for (std::uint32_t id = 0; id < 4; ++id) {
                const Matrix u =
                    points_of(SobolSequence(2, std::int64_t{1} << bits, Stream{3, id}, kind), std::int64_t{1} << bits);
                for (int a = 0; a <= bits; ++a) CHECK(one_point_each(u, bits, a, 0, 1));
            }
}

TEST_CASE("SobolSequence: later aligned stretches of the scrambled sequence are nets, too") {
    for (const Scramble kind : kinds) {
        const SobolSequence sequence(2, 4096, Stream{8, 0}, kind);
        Matrix u(256, 2);
        sequence.uniform(5 * 256, u);
        for (int a = 0; a <= 8; ++a) CHECK(one_point_each(u, 8, a, 0, 1));
    }
}

TEST_CASE("SobolSequence: each point is uniform over scrambles") {
    constexpr int replicates = 4096, cells = 16;
    for (const Scramble kind : kinds)
        for (const std::int64_t index : {0, 1, 37}) {
            std::vector<int> count(cells * cells);
            for (int r = 0; r < replicates; ++r) {
                const SobolSequence s(2, 64, Stream{77, static_cast<std::uint32_t>(r)}, kind);
                const int x = static_cast<int>(s.uniform(index, 0) * cells), y = static_cast<int>(s.uniform(index, 1) * cells);
                ++count[static_cast<std::size_t>(x * cells + y)];
            }
            const double expected = static_cast<double>(replicates) / (cells * cells);
            double chi_square = 0.0;
            for (const int c : count) chi_square += (c - expected) * (c - expected) / expected;
            // mean 255, standard deviation sqrt(2 * 255) = 22.6; 5 of them
            CHECK(std::abs(chi_square - 255.0) < 5.0 * 22.6);
        }
}

TEST_CASE("SobolSequence: a scramble separates points within an elementary interval") {
    // points 0 and 1 of one scramble differ in the first digit; all lower digits of the difference are random
    constexpr int replicates = 4096;
    for (const Scramble kind : kinds) {
        double sum = 0.0;
        for (int r = 0; r < replicates; ++r) {
            const SobolSequence s(1, 2, Stream{78, static_cast<std::uint32_t>(r)}, kind);
            const double distance = std::abs(s.uniform(0, 0) - s.uniform(1, 0));
            REQUIRE(std::floor(2 * s.uniform(0, 0)) != std::floor(2 * s.uniform(1, 0)));
            sum += distance;
        }
        // distance = 1/2 + (v - w) / 2 with v, w uniform: mean 1/2, variance 1/24
        CHECK(std::abs(sum / replicates - 0.5) < 5.0 * std::sqrt(1.0 / 24.0 / replicates));
        CHECK(sum != 0.5 * replicates);
    }
}

TEST_CASE("SobolSequence: means over scrambled nets are unbiased") {
    constexpr int replicates = 2000;
    for (const Scramble kind : kinds) {
        double sum = 0.0, squares = 0.0;
        for (int r = 0; r < replicates; ++r) {
            const double error = net_mean(16, static_cast<std::uint32_t>(r), kind) - 1.0;
            sum += error;
            squares += error * error;
        }
        CHECK(std::abs(sum / std::sqrt(squares)) < 5.0);
    }
}

TEST_CASE("SobolSequence: the variance on a smooth integrand falls faster than N^-2.5") {
    // N^-3 but for logarithms (Owen 1997): over 2^6 -> 2^12 points an error ratio of 512; N^-2.5 would be 181
    for (const Scramble kind : kinds) {
        const double ratio = root_mean_square_error(64, 200, kind) / root_mean_square_error(4096, 200, kind);
        CAPTURE(ratio);
        CHECK(ratio > 181.0);
    }
}

TEST_CASE("SobolSequence: bad sizes and points out of range are refused") {
    const Stream s{1, 1};
    CHECK_THROWS_AS(SobolSequence(0, 16, s), std::invalid_argument);
    CHECK_THROWS_AS(SobolSequence(SobolSequence::max_dim() + 1, 16, s), std::invalid_argument);
    CHECK_THROWS_AS(SobolSequence(2, 0, s), std::invalid_argument);
    CHECK_THROWS_AS(SobolSequence(2, (std::int64_t{1} << 52) + 1, s), std::invalid_argument);
    const SobolSequence sequence(2, 16, s);
    Matrix u(17, 2), wrong(4, 3);
    CHECK_THROWS_AS(sequence.uniform(0, u), std::invalid_argument);
    CHECK_THROWS_AS(sequence.uniform(-1, wrong), std::invalid_argument);
    CHECK_THROWS_AS(sequence.uniform(0, wrong), std::invalid_argument);
    CHECK_NOTHROW(sequence.uniform(16, View{u.data.data(), 0, 2}));
    CHECK_NOTHROW(sequence.uniform(10, View{u.data.data(), 6, 2}));
}

TEST_CASE("SobolSequence: one point is a uniform draw") {
    const SobolSequence one(3, 1, Stream{4, 4});
    const Matrix u = points_of(one, 1);
    for (std::int64_t j = 0; j < 3; ++j) CHECK(u(0, j) == to_unit(Stream{4, 4}.word(j, 0)));
}

TEST_CASE("SobolSequence: a thousand dimensions are drawn by index, and Owen's scramble estimates a sum of all") {
    constexpr std::int64_t d = 1000, n = 256;
    for (const Scramble kind : kinds) {
        const SobolSequence sequence(d, n, Stream{12, 0}, kind);
        const Matrix u = points_of(sequence, n);
        double mean = 0.0;
        for (std::int64_t i = 0; i < n; ++i)
            for (std::int64_t j = 0; j < d; ++j) {
                if (i % 50 == 0) REQUIRE(u(i, j) == sequence.uniform(i, j));
                mean += (u(i, j) - 0.5) / n;
            }
        // one point in each of the n cells of every coordinate: variance d / (12 n^3); independent points: d / (12 n)
        CHECK(std::abs(mean) < 5.0 * std::sqrt(static_cast<double>(d) / 12.0 / (n * n * n)));
    }
}
