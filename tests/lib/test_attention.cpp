#include <buffon/attention.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include <buffon/stream.hpp>

using namespace buffon;

namespace {

struct Setup {
    Matrix points, x;
    std::vector<double> log_weights, variance;
};

/// Points of unequal weights, rows at noise levels from far below the distances between points to far above.
Setup setup(std::int64_t m, std::int64_t n, std::int64_t d) {
    Setup s{Matrix(m, d), Matrix(n, d), {}, {}};
    Stream{1, 0}.normal(0, s.points);
    Stream{1, 1}.normal(0, s.x);
    for (std::int64_t i = 0; i < m; ++i) s.log_weights.push_back(std::sin(static_cast<double>(i)));
    for (std::int64_t i = 0; i < n; ++i) {
        const double sigma = std::pow(10.0, -4.0 + 6.0 * static_cast<double>(i) / static_cast<double>(n));
        s.variance.push_back(sigma * sigma);
        for (std::int64_t j = 0; j < d; ++j) s.x(i, j) = s.points(i % m, j) + sigma * s.x(i, j);
    }
    return s;
}

/// The definition, in long double: the mean of row i over points first ... last - 1.
std::vector<double> mean_of(const Setup& s, std::int64_t i, std::int64_t first, std::int64_t last) {
    const std::int64_t d = s.points.cols;
    std::vector<long double> logit;
    for (std::int64_t k = first; k < last; ++k) {
        long double distance = 0;
        for (std::int64_t j = 0; j < d; ++j) distance += std::pow(static_cast<long double>(s.x(i, j)) - s.points(k, j), 2);
        logit.push_back(s.log_weights[static_cast<std::size_t>(k)] -
                        distance / (2 * static_cast<long double>(s.variance[static_cast<std::size_t>(i)])));
    }
    const long double top = *std::max_element(logit.begin(), logit.end());
    long double total = 0;
    std::vector<long double> sum(static_cast<std::size_t>(d), 0);
    for (std::int64_t k = first; k < last; ++k) {
        const long double w = std::exp(logit[static_cast<std::size_t>(k - first)] - top);
        total += w;
        for (std::int64_t j = 0; j < d; ++j) sum[static_cast<std::size_t>(j)] += w * s.points(k, j);
    }
    std::vector<double> mean;
    for (const long double v : sum) mean.push_back(static_cast<double>(v / total));
    return mean;
}

template <class T>
void check_against_definition(std::int64_t m, std::int64_t d, double tolerance) {
    const Setup s = setup(m, 77, d);
    const std::vector<std::int64_t> sizes{m / 3, m - m / 3};
    const Attention<T> attention(s.points, s.log_weights, sizes);
    Matrix mean(77, d);
    for (const std::int64_t group : {-1, 0, 1}) {
        attention.average(s.x, s.variance, group, mean);
        for (std::int64_t i = 0; i < 77; ++i) {
            const auto of_row = mean_of(s, i, group == 1 ? m / 3 : 0, group == 0 ? m / 3 : m);
            for (std::int64_t j = 0; j < d; ++j) CHECK(std::abs(mean(i, j) - of_row[static_cast<std::size_t>(j)]) <= tolerance);
        }
    }
}

template <class T>
void check_equal_bits() {
    const Setup s = setup(700, 50, 19);
    const Attention<T> attention(s.points, s.log_weights, std::vector<std::int64_t>{700});
    Matrix all(50, 19), one(1, 19);
    attention.average(s.x, s.variance, -1, all);
    for (const Kernels* level : available_kernels()) {
        INFO(level->level);
        for (std::int64_t i = 0; i < 50; ++i) {
            attention.average(s.x.view().slice(i, 1), std::span(s.variance).subspan(static_cast<std::size_t>(i), 1), -1,
                              one, *level);
            CHECK(std::memcmp(one.data.data(), all.view().row(i).data(), 19 * sizeof(double)) == 0);
        }
    }
}

}  // namespace

TEST_CASE("attention: averages are those of the definition, at every noise level, for all points and for each group") {
    check_against_definition<double>(701, 3, 3e-9);
    check_against_definition<double>(300, 20, 3e-9);
    check_against_definition<float>(300, 20, 3e-4);
}

TEST_CASE("attention: every instruction set gives the same bits, a row alone those of the batch") {
    check_equal_bits<double>();
    check_equal_bits<float>();
}

TEST_CASE_TEMPLATE("attention: with variance 0 the nearest point, ties share, far out is no number", T, double, float) {
    Matrix points(3, 1), x(4, 1), mean(4, 1);
    points.data = {0.0, 1.0, 1.0};
    x.data = {0.25, 0.75, 0.5, 1e300};
    const Attention<T> attention(points, std::vector<double>(3, 0.0), std::vector<std::int64_t>{3});
    attention.average(x, std::vector<double>(4, 0.0), -1, mean);
    const double tolerance = 4 * std::numeric_limits<T>::epsilon();
    CHECK(mean(0, 0) == doctest::Approx(0.0).epsilon(tolerance));
    CHECK(mean(1, 0) == doctest::Approx(1.0).epsilon(tolerance));
    CHECK((mean(2, 0) >= -tolerance && mean(2, 0) <= 1 + tolerance));
    CHECK(std::isnan(mean(3, 0)));
}
