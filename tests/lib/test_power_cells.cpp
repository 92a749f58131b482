#include <buffon/power_cells.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <buffon/normal_functions.hpp>

using namespace buffon;

namespace {

Matrix normal_points(std::int64_t n, std::int64_t d, std::uint32_t id = 0) {
    Matrix y(n, d);
    Stream{3, id}.normal(0, y);
    return y;
}

std::vector<double> some_heights(std::int64_t n) {
    std::vector<double> h;
    for (std::int64_t i = 0; i < n; ++i) h.push_back(0.3 * std::sin(static_cast<double>(3 * i)));
    return h;
}

Distribution standard(std::int64_t d) { return Joint(std::vector<Univariate>(static_cast<std::size_t>(d), Normal())); }
Distribution cube(std::int64_t d) { return Joint(std::vector<Univariate>(static_cast<std::size_t>(d), Uniform(0, 1))); }
std::vector<double> zeros(std::int64_t d) { return std::vector<double>(static_cast<std::size_t>(d), 0.0); }

/// Of the definition in double: where <x, y_i> + h_i is largest.
std::int64_t nearest(std::span<const double> x, const Matrix& y, std::span<const double> h) {
    std::int64_t best = 0;
    double top = -1e300;
    for (std::int64_t i = 0; i < y.rows; ++i) {
        double score = h[static_cast<std::size_t>(i)];
        for (std::int64_t j = 0; j < y.cols; ++j) score += x[static_cast<std::size_t>(j)] * y(i, j);
        if (score > top) {
            top = score;
            best = i;
        }
    }
    return best;
}

/// Sum over the cells of the squared difference in standard deviations of two independent counts, divided by the cells.
double mean_square_difference(const CellCounts& a, const CellCounts& b, double inflation) {
    double sum = 0.0;
    for (std::size_t i = 0; i < a.counts.size(); ++i) {
        const double n = static_cast<double>(a.draws), m = static_cast<double>(b.draws);
        const double p = static_cast<double>(a.counts[i]) / n, q = static_cast<double>(b.counts[i]) / m;
        if (p + q > 0) sum += (p - q) * (p - q) / (inflation * p / n + q / m);
    }
    return sum / static_cast<double>(a.counts.size());
}

}  // namespace

TEST_CASE("power cells: counts of a uniform source are those of the definition in double, draw by draw") {
    for (const std::int64_t n : {1, 2, 15, 16, 17, 100})
        for (const std::int64_t d : {1, 3, 20}) {
            CAPTURE(n);
            CAPTURE(d);
            const Matrix y = normal_points(n, d);
            const std::vector<double> h = some_heights(n), centre(static_cast<std::size_t>(d), 0.1);
            const PowerCells cells(y, centre, cube(d));
            const CellCounts found = cells.count(h, 1600, {7, 2}, 1);
            CHECK(found.draws == 1600);
            Matrix x(1600, d);
            cube(d).sample({7, 2}, 0, x);
            std::vector<std::int64_t> counts(static_cast<std::size_t>(n), 0);
            for (double& v : x.data) v -= 0.5;
            for (std::int64_t i = 0; i < x.rows; ++i)
                ++counts[static_cast<std::size_t>(nearest(ConstView(x).row(i), cells.targets(), h))];
            std::int64_t moved = 0;   // draws within float32 of a facet
            for (std::size_t i = 0; i < counts.size(); ++i) moved += std::abs(counts[i] - found.counts[i]);
            CHECK(moved <= 2);
        }
}

TEST_CASE("power cells: every instruction set and number of threads counts the same bits") {
    const Matrix y = normal_points(77, 9);
    const std::vector<double> h = some_heights(77);
    for (const Distribution& source : {standard(9), cube(9)}) {
        const PowerCells cells(y, zeros(9), source);
        const CellCounts wanted = cells.count(h, 20'000, {1, 1}, 1);
        for (const Kernels* level : available_kernels())
            for (const int threads : {1, 3}) {
                CAPTURE(level->level);
                const CellCounts found = cells.count(h, 20'000, {1, 1}, threads, *level);
                CHECK(found.counts == wanted.counts);
                CHECK(found.score_sum == wanted.score_sum);
            }
    }
}

TEST_CASE("power cells: turned and mirrored draws have the masses of fresh ones") {
    for (const std::int64_t d : {2, 8, 40}) {
        CAPTURE(d);
        const Matrix y = normal_points(60, d);
        const std::vector<double> h = some_heights(60);
        const PowerCells turned(y, zeros(d), standard(d)), fresh(y, zeros(d), standard(d), 0);
        CHECK(turned.draws_per_block() == 128);
        CHECK(fresh.draws_per_block() == 16);
        const CellCounts a = turned.count(h, 400'000, {11, 1}, 0), b = fresh.count(h, 400'000, {11, 2}, 0);
        // 60 cells: a mean square of 1 +- 0.18; draws of a block depend on each other, which adds a little (1.08 ...
        // 1.2 measured)
        CHECK(mean_square_difference(a, b, 1.2) < 1.9);
    }
}

TEST_CASE("power cells: one facet of a normal source cuts off the mass of the distribution function, each use of a block alone") {
    Matrix y(2, 3);
    y(0, 0) = 1.0;
    y(0, 1) = -0.5;
    y(1, 2) = 2.0;
    const double length = std::sqrt(1.0 + 0.25 + 4.0), wanted = normal_cdf(0.4 / length);
    for (int rotations = 1; rotations <= 8; ++rotations) {
        const PowerCells cells(y, zeros(3), standard(3), rotations);
        const CellCounts found =
            cells.count(std::vector<double>{0.4, 0.0}, 300'000, {5, static_cast<std::uint32_t>(rotations)}, 0);
        const double n = static_cast<double>(found.draws), p = static_cast<double>(found.counts[0]) / n;
        CHECK(std::abs(p - wanted) <
              5 * std::sqrt(wanted * (1 - wanted) / n));   // mirrored pairs only lessen the variance of a half-space
    }
}

TEST_CASE("power cells: a normal source with any mean and covariance meets targets of its own coordinates") {
    Matrix covariance(2, 2);
    covariance(0, 0) = 2.0;
    covariance(1, 1) = 0.5;
    covariance(0, 1) = covariance(1, 0) = 0.6;
    const MultivariateNormal law({0.3, -1.0}, covariance);
    const Matrix y = normal_points(5, 2);
    const std::vector<double> heights = some_heights(5);
    const PowerCells cells(y, {0.2, 0.1}, law);
    std::vector<double> inner = heights;   // of the centred problem
    for (std::size_t i = 0; i < inner.size(); ++i) inner[i] += cells.shift()[i];
    const CellCounts found = cells.count(inner, 200'000, {1, 0}, 0);
    Matrix x(200'000, 2);
    Distribution(law).sample({2, 0}, 0, x);
    CellCounts wanted{std::vector<std::int64_t>(5, 0), x.rows, 0.0};
    for (std::int64_t i = 0; i < x.rows; ++i) ++wanted.counts[static_cast<std::size_t>(nearest(ConstView(x).row(i), y, heights))];
    CHECK(mean_square_difference(found, wanted, 1.2) < 4.0);   // chi-square of 4 over 5
    CHECK(cells.source_scatter() == doctest::Approx(2.5));
    CHECK(cells.source_mean() == std::vector<double>{0.3, -1.0});
}

TEST_CASE("power cells: of equal scores the lowest target wins") {
    Matrix y(40, 2);
    for (std::int64_t i = 0; i < 40; ++i) y(i, 0) = i < 20 ? -1.0 : 1.0;
    const PowerCells cells(y, zeros(2), standard(2));
    const CellCounts found = cells.count(zeros(40), 1280, {1, 0}, 1);
    CHECK(found.counts[0] + found.counts[20] == 1280);
    CHECK(found.counts[0] == 640);   // mirrored
}

TEST_CASE("power cells: the best two of plain draws and their gap are those of the definition") {
    const Matrix y = normal_points(30, 4);
    const std::vector<double> h = some_heights(30);
    const PowerCells cells(y, zeros(4), standard(4));
    const std::vector<TopTwo> found = cells.top_two(h, 160, {9, 0}, 2);
    Matrix x(160, 4);
    Stream{9, 0}.normal(0, x);
    for (std::int64_t i = 0; i < x.rows; ++i) {
        std::vector<double> score = h;
        for (std::int64_t k = 0; k < 30; ++k)
            for (std::int64_t j = 0; j < 4; ++j) score[static_cast<std::size_t>(k)] += x(i, j) * y(k, j);
        const TopTwo& t = found[static_cast<std::size_t>(i)];
        std::vector<double> sorted = score;
        std::ranges::sort(sorted, std::greater{});
        CHECK(score[static_cast<std::size_t>(t.first)] == sorted[0]);
        CHECK(score[static_cast<std::size_t>(t.second)] == sorted[1]);
        CHECK(t.gap == doctest::Approx(sorted[0] - sorted[1]).epsilon(1e-5));
    }
}

TEST_CASE(
    "power cells: few targets are met by draws that are only mirrored, whose counts vary as those of fresh draws; "
    "turned ones vary more") {
    const std::int64_t n = 64, d = 8, blocks = 100;
    const std::uint32_t rounds = 400;
    const Matrix y = normal_points(n, d, 77);
    std::vector<double> h;   // cells of like masses
    for (std::int64_t i = 0; i < n; ++i) {
        const std::span<const double> row = ConstView(y).row(i);
        h.push_back(-0.4 * std::inner_product(row.begin(), row.end(), row.begin(), 0.0));
    }
    const auto inflation = [&](int rotations) {
        const PowerCells cells(y, zeros(d), standard(d), rotations);
        std::vector<double> sum(static_cast<std::size_t>(n)), square(sum.size());
        const auto draws = static_cast<double>(blocks * cells.draws_per_block());
        for (std::uint32_t r = 0; r < rounds; ++r) {
            const CellCounts found = cells.count(h, blocks * cells.draws_per_block(), {11, r}, 0);
            for (std::size_t i = 0; i < sum.size(); ++i) {
                const auto c = static_cast<double>(found.counts[i]);
                sum[i] += c / rounds;
                square[i] += c * c / rounds;
            }
        }
        double variance = 0.0, plain = 0.0;
        for (std::size_t i = 0; i < sum.size(); ++i) {
            variance += square[i] - sum[i] * sum[i];
            plain += sum[i] * (1 - sum[i] / draws);
        }
        return variance / plain;
    };
    CHECK(std::abs(inflation(rotations_that_pay(n)) - 1) < 0.06);   // 64 variances of 400 rounds: a standard error of 0.01
    CHECK(inflation(4) > 1.4);
    CHECK(rotations_that_pay(513) == 4);
}
