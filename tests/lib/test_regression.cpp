#include <buffon/regression.hpp>

#include <buffon/parallel.hpp>
#include <buffon/stream.hpp>

#include <Eigen/QR>
#include <Eigen/SVD>
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

using namespace buffon;

namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Matrix uniforms(std::int64_t n, std::int64_t d, std::uint32_t id) {
    Matrix u(n, d);
    Stream{6, id}.uniform(0, u);
    return u;
}

Eigen::Map<const RowMajor> eigen(const Matrix& m) { return {m.data.data(), m.rows, m.cols}; }

CrossProducts sums_of(const Matrix& x, const Matrix& t) {
    CrossProducts sums(x.cols, t.cols);
    sums.add(x, t);
    return sums;
}

RowMajor centred(const Matrix& m) { return eigen(m).rowwise() - eigen(m).colwise().mean(); }

bool same_bits(const CrossProducts& a, const CrossProducts& b) {
    return a.n == b.n && a.x == b.x && a.t == b.t && a.xx.data == b.xx.data && a.xt.data == b.xt.data;
}

double distance(const CrossProducts& a, const CrossProducts& b) {
    return std::max((eigen(a.xx) - eigen(b.xx)).cwiseAbs().maxCoeff(), (eigen(a.xt) - eigen(b.xt)).cwiseAbs().maxCoeff());
}

/// b on [1, x] by truncated SVD of the scaled columns: the definition in the header, from the data instead of the sums.
RowMajor oracle(const Matrix& x, const Matrix& t, double cut) {
    const RowMajor c = centred(x);
    const Eigen::VectorXd norm = c.colwise().norm();
    const Eigen::MatrixXd scaled = c * norm.cwiseInverse().asDiagonal();
    Eigen::JacobiSVD<Eigen::MatrixXd> svd(scaled, Eigen::ComputeThinU | Eigen::ComputeThinV);
    svd.setThreshold(cut);
    return norm.cwiseInverse().asDiagonal() * svd.solve(Eigen::MatrixXd(centred(t)));
}

double largest_difference(const Matrix& a, const RowMajor& b) { return (eigen(a) - b).cwiseAbs().maxCoeff(); }

}  // namespace

TEST_CASE("CrossProducts: sums equal Eigen's products, for widths around the tile") {
    for (const std::int64_t k : {0, 1, 2, 3, 4, 5, 7, 8, 13})
        for (const std::int64_t j : {0, 1, 3, 4, 6}) {
            const Matrix x = uniforms(517, k, 1), t = uniforms(517, j, 2);
            const CrossProducts s = sums_of(x, t);
            const RowMajor xx = eigen(x).transpose() * eigen(x), xt = eigen(x).transpose() * eigen(t);
            CHECK(s.n == 517.0);
            CHECK(eigen(s.xx).isApprox(xx, 1e-14));
            CHECK(eigen(s.xt).isApprox(xt, 1e-14));
            for (std::int64_t a = 0; a < k; ++a)
                CHECK(s.x[static_cast<std::size_t>(a)] == doctest::Approx(eigen(x).col(a).sum()).epsilon(1e-14));
            for (std::int64_t b = 0; b < j; ++b)
                CHECK(s.t[static_cast<std::size_t>(b)] == doctest::Approx(eigen(t).col(b).sum()).epsilon(1e-14));
        }
}

TEST_CASE("CrossProducts: bits do not depend on how whole blocks are batched, added or merged") {
    const std::int64_t block = parallel::block_size, n = 3 * block + 77;
    const Matrix x = uniforms(n, 5, 3), t = uniforms(n, 3, 4);
    const CrossProducts at_once = sums_of(x, t);
    CrossProducts added(5, 3), merged;
    for (std::int64_t first = 0; first < n; first += block) {
        const std::int64_t rows = std::min(block, n - first);
        added.add(x.view().slice(first, rows), t.view().slice(first, rows));
        CrossProducts part(5, 3);
        part.add(x.view().slice(first, rows), t.view().slice(first, rows));
        merged.merge(part);
    }
    CHECK(same_bits(at_once, added));
    CHECK(same_bits(at_once, merged));
}

TEST_CASE("CrossProducts: a column's sums do not depend on the columns beside it") {
    const Matrix x = uniforms(5000, 7, 5), t = uniforms(5000, 6, 6);
    const CrossProducts all = sums_of(x, t);
    for (std::int64_t a = 0; a < 7; ++a) {
        Matrix column(5000, 1);
        for (std::int64_t i = 0; i < 5000; ++i) column(i, 0) = x(i, a);
        const CrossProducts one = sums_of(column, t);
        CHECK(one.xx(0, 0) == all.xx(a, a));
        for (std::int64_t b = 0; b < 6; ++b) CHECK(one.xt(0, b) == all.xt(a, b));
    }
}

TEST_CASE("CrossProducts: merging undoes subtracting up to rounding") {
    const Matrix x1 = uniforms(3000, 4, 7), t1 = uniforms(3000, 2, 8), x2 = uniforms(2000, 4, 9), t2 = uniforms(2000, 2, 10);
    const CrossProducts first = sums_of(x1, t1), second = sums_of(x2, t2);
    CrossProducts both = first;
    both.merge(second);
    CHECK(both.n == 5000.0);
    both.subtract(second);
    CHECK(both.n == 3000.0);
    CHECK(distance(both, first) < 1e-11);   // sums are near 1000
}

TEST_CASE("regress: exact linear data return their coefficients, whatever the offsets and scales") {
    Matrix x = uniforms(500, 3, 11), t(500, 2);
    for (std::int64_t i = 0; i < 500; ++i) {
        x(i, 1) = 1e6 * x(i, 1);
        x(i, 2) = 1e-6 * (x(i, 2) + 10.0);
        t(i, 0) = 4.0 + 2.0 * x(i, 0) - 3e-6 * x(i, 1) + 5e6 * x(i, 2);
        t(i, 1) = -7.0;
    }
    const Matrix b = regress(sums_of(x, t));
    CHECK(b(0, 0) == doctest::Approx(2.0).epsilon(1e-10));
    CHECK(b(1, 0) == doctest::Approx(-3e-6).epsilon(1e-10).scale(0));
    CHECK(b(2, 0) == doctest::Approx(5e6).epsilon(1e-10));
    for (std::int64_t a = 0; a < 3; ++a) CHECK(std::abs(b(a, 1) * (a == 1 ? 1e6 : 1.0) * (a == 2 ? 1e-6 : 1.0)) < 1e-12);
}

TEST_CASE("regress: equals a pivoted QR with intercept on data of full rank") {
    for (const std::int64_t k : {1, 4, 30}) {
        const Matrix x = uniforms(2000, k, 12), t = uniforms(2000, 5, 13);
        Eigen::MatrixXd design(2000, k + 1);
        design << Eigen::VectorXd::Ones(2000), eigen(x);
        const Eigen::MatrixXd b = design.colPivHouseholderQr().solve(Eigen::MatrixXd(eigen(t)));
        CHECK(largest_difference(regress(sums_of(x, t)), b.bottomRows(k)) < 1e-10);
    }
}

TEST_CASE("regress: equals a truncated SVD of the data on nearly collinear columns") {
    Matrix x = uniforms(1000, 6, 14), t = uniforms(1000, 3, 15);
    for (std::int64_t i = 0; i < 1000; ++i) {
        x(i, 4) = x(i, 0) + x(i, 1) + 1e-4 * x(i, 4);   // a direction far below the cut 1e-2
        x(i, 5) = x(i, 2) + 0.1 * x(i, 5);              // a direction above it
    }
    const CrossProducts sums = sums_of(x, t);
    CHECK(largest_difference(regress(sums), oracle(x, t, 1e-2)) < 1e-10);
    // kept at a small cut; sums square the condition number, 3e4, of the data: 2e-16 * 1e9 is lost
    const RowMajor kept = oracle(x, t, 1e-6);
    CHECK(largest_difference(regress(sums, 1e-6), kept) < 1e-6 * kept.cwiseAbs().maxCoeff());
    CHECK(kept.cwiseAbs().maxCoeff() > 10 * oracle(x, t, 1e-2).cwiseAbs().maxCoeff());
}

TEST_CASE("regress: a direction fades out about the cut, folds on both sides of it agree") {
    const Matrix noise = uniforms(2000, 2, 28);
    const auto kept =
        [&](double s) {   // of the direction in which two regressors differ, its eigenvalue s^2 / 4 times the largest
            Matrix x(2000, 2), t(2000, 1);
            for (std::int64_t i = 0; i < 2000; ++i) {
                x(i, 0) = noise(i, 0);
                x(i, 1) = noise(i, 0) + s * noise(i, 1);
                t(i, 0) = noise(i, 1);
            }
            return s * regress(sums_of(x, t), 1e-2)(1, 0);
        };
    CHECK(std::abs(kept(0.07) - 1) < 1e-8);   // 12 times the cut
    CHECK(std::abs(kept(0.006)) < 0.01);      // a tenth of it
    CHECK(std::abs(kept(0.02) - 0.5) < 0.05);
    CHECK(std::abs(kept(0.0205) - kept(0.0195)) < 0.05);   // a step: 1
}

TEST_CASE("regress: equal regressors share their coefficient, opposite ones up to sign") {
    Matrix x = uniforms(400, 3, 16), t(400, 1);
    for (std::int64_t i = 0; i < 400; ++i) {
        x(i, 1) = x(i, 0);
        x(i, 2) = -x(i, 0);
        t(i, 0) = 6.0 * x(i, 0);
    }
    const Matrix b = regress(sums_of(x, t));
    CHECK(b(0, 0) == doctest::Approx(2.0).epsilon(1e-12));
    CHECK(b(1, 0) == doctest::Approx(2.0).epsilon(1e-12));
    CHECK(b(2, 0) == doctest::Approx(-2.0).epsilon(1e-12));
}

TEST_CASE("regress: the exact dependence of mixture controls is harmless") {
    Matrix x = uniforms(800, 3, 17), t = uniforms(800, 2, 18);
    for (std::int64_t i = 0; i < 800; ++i) x(i, 2) = 1.0 - 0.3 * x(i, 0) - 0.2 * x(i, 1);
    CHECK(largest_difference(regress(sums_of(x, t)), oracle(x, t, 1e-2)) < 1e-10);
}

TEST_CASE("regress: a regressor without variance gets 0 and changes nothing") {
    Matrix x = uniforms(300, 3, 19), t = uniforms(300, 2, 20), others(300, 2);
    for (std::int64_t i = 0; i < 300; ++i) {
        x(i, 1) = 0.1;   // not a sum of powers of two: its centred norm is rounding error
        others(i, 0) = x(i, 0);
        others(i, 1) = x(i, 2);
    }
    const Matrix b = regress(sums_of(x, t)), without = regress(sums_of(others, t));
    for (std::int64_t j = 0; j < 2; ++j) {
        CHECK(b(1, j) == 0.0);
        CHECK(b(0, j) == doctest::Approx(without(0, j)).epsilon(1e-12));
        CHECK(b(2, j) == doctest::Approx(without(1, j)).epsilon(1e-12));
    }
}

TEST_CASE("regress: constants only, too few rows and empty problems give zeros") {
    const Matrix ones(50, 2, 1.0), t = uniforms(50, 3, 21), zeros(50, 2, 0.0);
    for (const Matrix* x : {&ones, &zeros})
        for (const double b : regress(sums_of(*x, t)).data) CHECK(b == 0.0);
    for (const std::int64_t n : {0, 1})
        for (const double b : regress(sums_of(uniforms(n, 2, 22), uniforms(n, 3, 23))).data) CHECK(b == 0.0);
    CHECK(regress(CrossProducts(0, 3)).cols == 3);
    CHECK(regress(CrossProducts(3, 0)).rows == 3);
    CHECK(regress(CrossProducts()).data.empty());
}

TEST_CASE("regress: a fold's coefficients from total minus own equal those of the other rows") {
    const Matrix x1 = uniforms(900, 3, 24), t1 = uniforms(900, 2, 25), x2 = uniforms(700, 3, 26), t2 = uniforms(700, 2, 27);
    const CrossProducts own = sums_of(x1, t1), other = sums_of(x2, t2);
    CrossProducts total = own;
    total.merge(other);
    total.subtract(own);
    CHECK(largest_difference(regress(total), eigen(regress(other))) < 1e-11);
}

TEST_CASE("regress: a bad cut and sums that are not finite are refused") {
    CrossProducts sums = sums_of(uniforms(30, 2, 28), uniforms(30, 1, 29));
    CHECK_THROWS_AS(regress(sums, -0.1), std::invalid_argument);
    CHECK_THROWS_AS(regress(sums, 1.0), std::invalid_argument);
    sums.xt(1, 0) = std::nan("");
    CHECK_THROWS_AS(regress(sums), std::invalid_argument);
    sums.xt(1, 0) = std::numeric_limits<double>::infinity();
    CHECK_THROWS_AS(regress(sums), std::invalid_argument);
}

// specs: controls coincide, always one exact dependence; the remedy is a cut of singular values
TEST_CASE("regress: without a cut nearly equal controls get opposite coefficients that ruin new rows; with it they share one") {
    const auto rows = [](std::uint32_t id) {   // one control, again with an error of 1e-5, and their exact mean
        Matrix x = uniforms(200, 3, id);
        for (std::int64_t i = 0; i < x.rows; ++i) {
            x(i, 1) = x(i, 0) + 1e-5 * x(i, 1);
            x(i, 2) = 0.5 * (x(i, 0) + x(i, 1));
        }
        return x;
    };
    const auto responses = [](const Matrix& x, std::uint32_t id) {
        Matrix t = uniforms(200, 1, id);
        for (std::int64_t i = 0; i < t.rows; ++i) t(i, 0) += x(i, 0);
        return t;
    };
    const Matrix x = rows(40), t = responses(x, 41);
    const Matrix naive = regress(sums_of(x, t), 0.0), cut = regress(sums_of(x, t));
    const auto largest = [](const Matrix& b) {
        double top = 0;
        for (const double v : b.data) top = std::max(top, std::abs(v));
        return top;
    };
    CHECK(largest(naive) > 100);
    CHECK(largest(cut) < 1);
    // new rows whose controls differ in a tail: one of them, say, is a lighter density
    Matrix far = rows(42);
    for (std::int64_t i = 0; i < 20; ++i) far(i, 1) *= 0.9;
    const Matrix truth = responses(far, 43);
    const auto error = [&](const Matrix& b) {
        double sum = 0;
        for (std::int64_t i = 0; i < far.rows; ++i) {
            double rest = truth(i, 0);
            for (std::int64_t k = 0; k < 3; ++k) rest -= far(i, k) * b(k, 0);
            sum += rest * rest;
        }
        return sum;
    };
    CHECK(error(naive) > 10 * error(cut));
}

// specs: J large; the remedy is that few components stand in for many laws
TEST_CASE("regress: as many controls as a batch has points explain its noise, and nothing of the next batch") {
    const auto unexplained = [](std::int64_t controls) {
        const Matrix x = uniforms(200, controls, 44), t = uniforms(200, 1, 45), new_x = uniforms(200, controls, 46),
                     new_t = uniforms(200, 1, 47);
        const Matrix b = regress(sums_of(x, t));
        const auto variance = [&](const Matrix& at, const Matrix& of) {
            double sum = 0, squares = 0;
            for (std::int64_t i = 0; i < 200; ++i) {
                double rest = of(i, 0);
                for (std::int64_t k = 0; k < controls; ++k) rest -= at(i, k) * b(k, 0);
                sum += rest, squares += rest * rest;
            }
            return 12 * (squares / 200 - sum * sum / 40'000);   // of a uniform number: 1
        };
        return std::pair(variance(x, t), variance(new_x, new_t));
    };
    const auto [seen, fresh] = unexplained(190);
    CHECK(seen < 0.2);
    CHECK(fresh > 5 * seen);
    const auto [seen_of_few, fresh_of_few] = unexplained(20);
    CHECK(seen_of_few > 0.7);
    CHECK(fresh_of_few < 1.4);
}
