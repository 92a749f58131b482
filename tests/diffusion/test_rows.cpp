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
        over_rows(1000, threads, [] { return 1; }, [&](std::int64_t i, int& worker) { seen[static_cast<std::size_t>(i)] += worker; });
        CHECK(seen == std::vector<int>(1000, 1));
    }
}
