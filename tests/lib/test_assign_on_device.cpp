#include <buffon/assign_on_device.hpp>

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <buffon/device.hpp>
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
                             "assign: no assignment without a forbidden pair (inf) exists of problem 1", std::invalid_argument);
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
