#include <buffon/diffusion/rows.hpp>

#include <doctest/doctest.h>

#include <vector>

using namespace buffon::diffusion;

TEST_CASE("pick: the first of weight that the share reaches, never one of weight 0") {
    const std::vector<double> weights{0.0, 1.0, 0.0, 3.0, 0.0};
    CHECK(pick(weights, 0.0) == 1);
    CHECK(pick(weights, 0.2499) == 1);
    CHECK(pick(weights, 0.2501) == 3);
    CHECK(pick(weights, 1.0) == 3);
}

TEST_CASE("of_row, label_of: one for all or one per row") {
    const std::vector<double> one{2.0}, many{2.0, 5.0};
    CHECK(of_row(std::span<const double>(one), 7) == 2.0);
    CHECK(of_row(std::span<const double>(many), 1) == 5.0);
    CHECK(label_of({}, 3) == -1);
    CHECK(label_of(std::vector<std::int64_t>{4, 6}, 1) == 6);
}

TEST_CASE("over_rows: every row once, on any number of threads") {
    for (const int threads : {1, 3}) {
        std::vector<int> seen(1000, 0);
        over_rows(
            1000, threads, [] { return 1; },
            [&](std::int64_t i, int& worker) { seen[static_cast<std::size_t>(i)] += worker; });
        CHECK(seen == std::vector<int>(1000, 1));
    }
}

TEST_CASE("by_label: rows of one class together, each with its level, back in their places") {
    buffon::Matrix x(4, 1), out(4, 1);
    x.data = {1, 2, 3, 4};
    const std::vector<double> sigma{0.1, 0.2, 0.3, 0.4};
    const std::vector<std::int64_t> labels{1, -1, 1, 0};
    by_label({x, sigma, labels, 1}, out, [](std::int64_t label, const Query& q, buffon::View to) {
        CHECK(q.labels.empty());
        for (std::int64_t i = 0; i < to.rows; ++i) to(i, 0) = 100.0 * static_cast<double>(label) + q.x(i, 0) + of_row(q.sigma, i);
    });
    CHECK(out.data == std::vector<double>{101.1, -97.8, 103.3, 4.4});
}
