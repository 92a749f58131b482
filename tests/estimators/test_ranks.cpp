#include <buffon/ranks.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <buffon/stream.hpp>

using namespace buffon;

namespace {

Matrix column(const std::vector<double>& values) {
    Matrix m(static_cast<std::int64_t>(values.size()), 1);
    m.data = values;
    return m;
}

/// Mean over all orders of the rows that keep x sorted: what the closed form must be.
double over_all_orders(const std::vector<double>& x, const std::vector<double>& y) {
    std::vector<std::size_t> order(x.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    double total = 0, count = 0;
    do {
        bool sorted = true;
        for (std::size_t k = 0; k + 1 < order.size(); ++k) sorted = sorted && x[order[k]] <= x[order[k + 1]];
        if (!sorted) continue;
        const auto pair = [&](std::size_t k) { return y[order[k]] * y[order[k + 1]]; };
        double sum = 0.5 * (pair(0) + pair(order.size() - 2));
        for (std::size_t k = 0; k + 1 < order.size(); ++k) sum += pair(k);
        total += sum / static_cast<double>(order.size());
        ++count;
    } while (std::next_permutation(order.begin(), order.end()));
    return total / count;
}

}  // namespace

TEST_CASE("ranks: rows come in the order of the input, ties as one group in an order that the table does not give") {
    const RankOrder order = rank_order(column({3, 1, 2, 1, 2, 1, 2, 2, 2, 2}), 0);
    CHECK(order.group == std::vector<std::int64_t>{0, 3, 9, 10});
    CHECK(order.rows.back() == 0);
    std::vector<std::int64_t> ones(order.rows.begin(), order.rows.begin() + 3),
        twos(order.rows.begin() + 3, order.rows.begin() + 9);
    CHECK_FALSE(std::ranges::is_sorted(twos));
    std::ranges::sort(ones);
    CHECK(ones == std::vector<std::int64_t>{1, 3, 5});
}

TEST_CASE("ranks: ties count in the mean over all of their orders") {
    const std::vector<double> y{0.3, -1.2, 2.0, 0.7, -0.4, 1.1, -2.5};
    for (const std::vector<double>& x : {std::vector<double>{4, 1, 3, 2, 7, 6, 5},
                                         {1, 1, 1, 2, 2, 3, 4},
                                         {1, 2, 2, 2, 3, 3, 3},
                                         {1, 1, 1, 1, 1, 1, 1},
                                         {1, 1, 2, 2, 2, 2, 2}}) {
        CAPTURE(x[1]);
        CHECK(neighbour_products(rank_order(column(x), 0), column(y))[0] ==
              doctest::Approx(over_all_orders(x, y)).epsilon(1e-12));
    }
}

TEST_CASE("ranks: the variance of a term is that of the limit, for a noisy line with and without ties") {
    // y = a x + b e, x uniform with variance 1 (ties: on four points), e normal, a^2 = 0.36, b^2 = 0.64: m = a x, v = b^2.
    const double a = 0.6, b = 0.8, s = a * a;
    for (const int levels : {0, 4}) {
        CAPTURE(levels);
        const std::int64_t n = 200'000;
        Matrix x(n, 1), y(n, 1);
        const Stream stream{5, 0};
        double fourth = 0;   // E x^4
        for (std::int64_t i = 0; i < n; ++i) {
            const double u = stream.uniform(i, 0);
            x(i, 0) = levels ? (std::floor(4 * u) - 1.5) / std::sqrt(1.25) : std::sqrt(12.0) * (u - 0.5);
            const double e = std::sqrt(-2 * std::log(stream.uniform(i, 2))) * std::cos(6.283185307179586 * stream.uniform(i, 3));
            y(i, 0) = a * x(i, 0) + b * e;
            fourth += std::pow(x(i, 0), 4) / static_cast<double>(n);
        }
        // phi = m^2 + 2 m e - s (m + e)^2 = (1 - s) m^2 + 2 (1 - s) m e - s e^2
        const double m4 = std::pow(a, 4) * fourth, v = b * b;
        const double phi = (1 - s) * (1 - s) * (m4 - s * s) + 4 * (1 - s) * (1 - s) * s * v + 2 * s * s * v * v;
        const double pairs = levels ? 0.0 : v * v;   // means over 50,000 orders vary no more
        const RankErrors errors = rank_errors(rank_order(x, 0), y, {s}, 4);
        CHECK(errors.block(0, 0) == doctest::Approx(phi + pairs).epsilon(0.03));   // fourth moments of 200,000 rows: 1 %
        CHECK(errors.phi.rows == n / 4);
    }
}
