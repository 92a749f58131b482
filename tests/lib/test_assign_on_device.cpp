#include <buffon/assign_on_device.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <buffon/device.hpp>
#include <buffon/device_buffer.hpp>
#include <buffon/matching.hpp>
#include <buffon/stream.hpp>
#include <buffon/view.hpp>

using namespace buffon;

namespace {

constexpr double forbidden = std::numeric_limits<double>::infinity();

/// The devices, without the processor.
std::vector<std::string> devices() {
    std::vector<std::string> all = available_devices();
    all.erase(all.begin());
    return all;
}

std::vector<double> costs_of(std::int64_t rows, std::int64_t cols, std::uint32_t id, bool whole) {
    Matrix c(rows, cols);
    Stream{5, id}.uniform(0, c);
    for (double& x : c.data) x = whole ? std::floor(8 * x) - 3 : x - 0.4;
    return c.data;
}

void check_same(const Assignment& there, const Assignment& here) {
    CHECK(there.columns == here.columns);
    CHECK(there.rows == here.rows);
    CHECK(there.cost == here.cost);
    CHECK(there.u == here.u);
    CHECK(there.v == here.v);
    CHECK(std::isnan(there.gap));
}

}  // namespace

TEST_CASE(
    "assign on a device: pairs, costs and duals are the processor's, to the bit, for every shape, order and kind of "
    "number") {
    constexpr std::pair<std::int64_t, std::int64_t> shapes[] = {
        {20, 300},  {300, 20},  {1, 1},     {1, 40},    {32, 32}, {33, 31},
        {100, 100}, {120, 128}, {200, 210}, {60, 1000}, {0, 5},   {700, 1024}};
    for (const std::string& device : devices())
        for (const bool whole : {false, true}) {   // whole numbers: ties
            std::vector<std::vector<double>> tables;
            std::vector<std::vector<float>> singles;
            std::vector<Costs> problems;
            for (const auto& [rows, cols] : shapes) {
                const auto id = static_cast<std::uint32_t>(tables.size());
                const std::vector<double>& table = tables.emplace_back(costs_of(rows, cols, id, whole));
                singles.emplace_back(table.begin(), table.end());
                problems.push_back(Costs::of(table.data(), rows, cols));
                problems.push_back(Costs::of(singles.back().data(), rows, cols));
                problems.push_back({table.data(), nullptr, cols, rows, 1, cols});   // transposed
            }
            const std::vector<Assignment> here = assign(problems), there = assign(problems, {.device = device});
            for (std::size_t b = 0; b < problems.size(); ++b) {
                CAPTURE(b);
                check_same(there[b], here[b]);
            }
            check_same(assign(problems[0], {.device = device}), here[0]);
        }
}

TEST_CASE("assign on a device: problems of one shape are sent by the shorter side, and the longer one is made of it") {
    constexpr std::int64_t count = 2, lines = 2, columns = 3;
    std::vector<double> numbers{1.0, 2.0, 3.0, 4.0, -1.0, -2.0, -3.0, -4.0, 10.0, 20.0, 0.0, 0.0, 0.0};   // u, v, costs, integers
    const std::int32_t column_of[] = {2, 0, 1, 2};
    std::memcpy(numbers.data() + 10, column_of, sizeof column_of);
    const AlikeAssignments sent(numbers, count, lines, columns);
    std::vector<std::int64_t> partner(count * lines, 7), of_columns(count * columns, 7);
    std::vector<double> dual(count * lines, 7.0), column_dual(count * columns, 7.0);
    sent.shorter_side(partner.data(), dual.data());
    sent.longer_side(of_columns.data(), column_dual.data());
    CHECK(partner == std::vector<std::int64_t>{2, 0, 1, 2});
    CHECK(dual == std::vector<double>{1.0, 2.0, 3.0, 4.0});
    CHECK(of_columns == std::vector<std::int64_t>{1, -1, 0, -1, 0, 1});
    CHECK(column_dual == std::vector<double>{-2.0, 0.0, -1.0, 0.0, -3.0, -4.0});
    CHECK(sent.cost()[1] == 20.0);

    for (const std::string& device : devices()) {
        const DeviceQueue queue{.device = device_number(device)};
        const std::vector<double> a = costs_of(40, 90, 1, false), b = costs_of(40, 90, 2, true);
        const std::vector<Costs> problems{Costs::of(a.data(), 40, 90), Costs::of(b.data(), 40, 90)};
        const std::vector<Assignment> here = assign(problems);
        const std::optional<AlikeAssignments> found = assign_alike_on_device(queue, problems, false);
        REQUIRE(found.has_value());
        std::vector<std::int64_t> rows(180);
        std::vector<double> v(180);
        found->longer_side(rows.data(), v.data());
        CHECK(std::equal(here[1].rows.begin(), here[1].rows.end(), rows.begin() + 90));
        CHECK(std::equal(here[1].v.begin(), here[1].v.end(), v.begin() + 90));
        CHECK(found->cost()[0] == here[0].cost);
        CHECK_FALSE(assign_alike_on_device(queue, {}, false).has_value());
    }
}

TEST_CASE("assign on a device: forbidden pairs are avoided; what the processor refuses is refused in its words") {
    for (const std::string& device : devices()) {
        std::vector<double> c = costs_of(10, 12, 77, false);
        for (std::size_t i = 0; i < c.size(); i += 5) c[i] = forbidden;
        const std::vector<Costs> good(3, Costs::of(c.data(), 10, 12));
        for (const Assignment& there : assign(good, {.device = device})) check_same(there, assign(good[0]));
        std::vector<double> blocked(c), wrong(c);
        std::fill_n(blocked.begin() + 12, 12, forbidden);
        wrong[5] = std::nan("");
        CHECK_THROWS_WITH_AS(assign(std::vector{good[0], Costs::of(blocked.data(), 10, 12)}, {.device = device}),
                             "assign: no assignment without a forbidden pair (inf) exists of problem 1: "
                             "row 1 has no column that is allowed",
                             std::invalid_argument);
        CHECK_THROWS_WITH_AS(assign(std::vector{good[0], Costs::of(wrong.data(), 10, 12)}, {.device = device}),
                             doctest::Contains("at row 0, column 5 of problem 1"), std::invalid_argument);
        CHECK_THROWS_WITH_AS(assign(good, {.gap = true, .device = device}),
                             doctest::Contains("the gap is found on the processor only"), std::invalid_argument);
    }
}

TEST_CASE("assign on a device: one that is not there is named, and what paths alone should not solve is known") {
    CHECK_THROWS_WITH_AS(assign(Costs{}, {.device = "gpu"}), doctest::Contains("device 'gpu' is not there"),
                         std::invalid_argument);
    CHECK(most_path_scans(600, 600) == 0);        // the auction first
    CHECK(most_path_scans(20, 300) > 1'000'000);
    CHECK(most_path_scans(300, 300) == 3'000);
}
