#include <buffon/frame.hpp>

#include <cmath>
#include <numeric>

#include <doctest/doctest.h>

#include <buffon/linalg.hpp>
#include <buffon/stream.hpp>

using namespace buffon;

namespace {

/// n points N(shift u, I + (variance - 1) u u') with u = (1, ..., 1) / sqrt d.
Matrix along_diagonal(std::int64_t n, std::int64_t d, double shift, double variance, std::uint64_t key) {
    Matrix z(n, d);
    Stream{key, 1}.normal(0, z);
    const double u = 1 / std::sqrt(static_cast<double>(d));
    for (std::int64_t i = 0; i < n; ++i) {
        const auto row = z.view().row(i);
        const double along = std::accumulate(row.begin(), row.end(), 0.0) * u;
        for (double& v : row) v += (shift + (std::sqrt(variance) - 1) * along) * u;
    }
    return z;
}

WeightedMoments moments_of(const Matrix& z) { return weighted_moments(z, Matrix(z.rows, 1, 1.0)).front(); }

/// Share of u = (1, ..., 1) / sqrt d that lies in the leading directions.
double covered(const Frame& f) {
    double sum = 0;
    for (std::int64_t k = 0; k < f.leading; ++k) {
        double along = 0;
        for (std::int64_t j = 0; j < f.basis.rows; ++j) along += f.basis(j, k);
        sum += along * along / static_cast<double>(f.basis.rows);
    }
    return sum;
}

double error(const Matrix& s, double variance) {
    double sum = 0;
    for (std::int64_t a = 0; a < s.rows; ++a)
        for (std::int64_t b = 0; b < s.cols; ++b) {
            const double exact = (a == b ? 1.0 : 0.0) + (variance - 1) / static_cast<double>(s.rows);
            sum += (s(a, b) - exact) * (s(a, b) - exact);
        }
    return std::sqrt(sum);
}

void check_orthonormal(const Matrix& q) {
    for (std::int64_t a = 0; a < q.cols; ++a)
        for (std::int64_t b = 0; b < q.cols; ++b) {
            double sum = 0;
            for (std::int64_t j = 0; j < q.rows; ++j) sum += q(j, a) * q(j, b);
            CHECK(std::abs(sum - (a == b ? 1.0 : 0.0)) < 1e-12);
        }
}

}  // namespace

TEST_CASE("frame_of: pure noise in 40 dimensions has no direction, or one in a hundred") {
    int directions = 0;
    for (std::uint64_t key = 1; key <= 50; ++key) {
        const Frame f = frame_of(moments_of(along_diagonal(400, 40, 0, 1, key)), 400, 5);
        check_orthonormal(f.basis);
        directions += static_cast<int>(f.leading);
    }
    CHECK(directions <= 5);
}

TEST_CASE("frame_of: a shifted mean, a wide and a narrow direction are found in 40 dimensions") {
    for (const auto& [shift, variance] : {std::pair{3.0, 1.0}, std::pair{0.0, 8.0}, std::pair{0.0, 0.01}})
        for (std::uint64_t key = 1; key <= 10; ++key) {
            const Frame f = frame_of(moments_of(along_diagonal(400, 40, shift, variance, key)), 400, 3);
            CAPTURE(shift);
            CAPTURE(variance);
            CHECK(f.leading >= 1);
            CHECK(covered(f) > 0.7);
        }
}

TEST_CASE("frame_of: where every coordinate can be afforded they are the directions") {
    const Frame f = frame_of(moments_of(along_diagonal(400, 3, 1, 1, 1)), 400, 3);
    CHECK(f.leading == 3);
    const Matrix z = along_diagonal(5, 3, 1, 1, 2);
    CHECK(f.project(z).data == z.data);
}

TEST_CASE("within: the covariance of 200 points in 40 dimensions is several times closer to the truth, and so is the mean") {
    for (std::uint64_t key = 1; key <= 5; ++key) {
        const WeightedMoments m = moments_of(along_diagonal(200, 40, 4, 0.05, key));
        const WeightedMoments seen = within(frame_of(m, 200, 3), m, 200, m.covariance);
        CHECK(error(seen.covariance, 0.05) < 0.5 * error(m.covariance, 0.05));
        CHECK_NOTHROW(cholesky(seen.covariance, "test", "covariance"));
        double before = 0, after = 0;
        for (std::size_t j = 0; j < 40; ++j) {
            before += std::pow(m.mean[j] - 4 / std::sqrt(40.0), 2);
            after += std::pow(seen.mean[j] - 4 / std::sqrt(40.0), 2);
        }
        CHECK(after < before * 1.01);
    }
}

TEST_CASE("widened: no direction is narrower than asked for, wider ones stay") {
    Matrix s(2, 2);
    s.data = {2.5, 2.4, 2.4, 2.5};   // eigenvalues 4.9 and 0.1
    const Matrix w = widened(s, 1.0);
    CHECK(w(0, 0) == doctest::Approx(2.95));
    CHECK(w(0, 1) == doctest::Approx(1.95));
    CHECK(widened(s, 0.05).data == s.data);
}
