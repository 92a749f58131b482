#include <buffon/assign.hpp>

#include <doctest/doctest.h>

#include <cstring>
#include <stdexcept>

#include "assignments.hpp"

using namespace buffon;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

Costs look(const Matrix& c) { return Costs::of(c.data.data(), c.rows, c.cols); }

/// The duals prove that no assignment is cheaper.
void check_certificate(const Matrix& c, const Assignment& a) {
    const double scale = assignments::largest(c) * static_cast<double>(std::max<std::int64_t>(1, std::min(c.rows, c.cols)));
    double cost = 0.0, dual = 0.0;
    std::int64_t pairs = 0;
    for (std::int64_t i = 0; i < c.rows; ++i) {
        const std::int64_t j = a.columns[at(i)];
        dual += a.u[at(i)];
        if (j < 0) {
            CHECK(a.u[at(i)] == 0.0);
            continue;
        }
        CHECK(a.rows[at(j)] == i);
        cost += c(i, j);
        ++pairs;
    }
    for (std::int64_t j = 0; j < c.cols; ++j) {
        dual += a.v[at(j)];
        if (a.rows[at(j)] < 0) CHECK(a.v[at(j)] == 0.0);
    }
    CHECK(pairs == std::min(c.rows, c.cols));
    CHECK(a.cost == doctest::Approx(cost).epsilon(1e-12));
    CHECK(std::abs(dual - cost) <= 1e-13 * scale);
    double least = 0.0;
    for (std::int64_t i = 0; i < c.rows; ++i)
        for (std::int64_t j = 0; j < c.cols; ++j) {
            const double u = a.u[at(i)], v = a.v[at(j)];
            least = std::min(least, c.rows > c.cols ? (c(i, j) - u) - v : (c(i, j) - v) - u);
        }
    CHECK(least == 0.0);   // in the order of the shorter side not even rounding makes one negative
    if (c.rows < c.cols)
        for (const double v : a.v) CHECK(v <= 0.0);
    if (c.rows > c.cols)
        for (const double u : a.u) CHECK(u <= 0.0);
}

}  // namespace

TEST_CASE("assign: the cheapest of all assignments, whatever the shape, with ties and forbidden pairs") {
    std::uint32_t id = 1;
    for (const auto& [rows, cols] : {std::pair{1, 1}, {1, 4}, {4, 1}, {3, 3}, {6, 6}, {8, 8}, {3, 7}, {7, 5}})
        for (int repeat = 0; repeat < 10; ++repeat) {
            CAPTURE(rows);
            CAPTURE(cols);
            Matrix c = assignments::uniform(rows, cols, id++);
            CHECK(assign(look(c)).cost == doctest::Approx(assignments::all_costs(c)[0]).epsilon(1e-12));
            check_certificate(c, assign(look(c)));
            c = assignments::integers(rows, cols, id++, 4.0);
            CHECK(assign(look(c)).cost == assignments::all_costs(c)[0]);
            check_certificate(c, assign(look(c)));
            for (std::size_t k = 1; k < c.data.size(); k += 4) c.data[k] = infinity;
            const auto costs = assignments::all_costs(c);
            if (costs.empty()) {
                CHECK_THROWS_WITH_AS(assign(look(c)), doctest::Contains("no assignment without a forbidden pair"),
                                     std::invalid_argument);
            } else {
                CHECK(assign(look(c)).cost == costs[0]);
                check_certificate(c, assign(look(c)));
            }
        }
}

TEST_CASE("assign: the duals certify large problems of every kind") {
    for (const std::int64_t rows : {20, 300, 700, 1000})
        for (const std::int64_t cols : {300, 710}) {
            CAPTURE(rows);
            CAPTURE(cols);
            for (const Matrix& c : {assignments::uniform(rows, cols, 1), assignments::integers(rows, cols, 2, 50.0),
                                    assignments::distances(rows, cols, 2, 3), assignments::distances(rows, cols, 16, 5),
                                    Matrix(rows, cols, -3.0)})
                check_certificate(c, assign(look(c)));
        }
    Matrix products(600, 600);   // long price wars
    for (std::int64_t i = 0; i < 600; ++i)
        for (std::int64_t j = 0; j < 600; ++j) products(i, j) = static_cast<double>((i + 1) * (j + 1));
    const Assignment a = assign(look(products));
    check_certificate(products, a);
    for (std::int64_t i = 0; i < 600; ++i) CHECK(a.columns[at(i)] == 599 - i);
}

TEST_CASE("assign: most pairs forbidden, a large problem, and one that has no solution") {
    const std::int64_t n = 600;
    Matrix c(n, n, infinity);
    const Matrix cost = assignments::uniform(n, n, 1);
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t k = 0; k < 12; ++k) c(i, (i * 7 + k * k) % n) = cost(i, k);
    check_certificate(c, assign(look(c)));
    for (std::int64_t i = 0; i < 30; ++i)
        for (std::int64_t j = 0; j < n; ++j) c(i, j) = j < 29 ? 1 : infinity;   // 30 rows for 29 columns
    const std::string none = "assign: no assignment without a forbidden pair (inf) exists: ";
    CHECK_THROWS_WITH_AS(assign(look(c)), (none + "rows 0, 1, 2, 3, 4, 5, 6, 7 and 22 more have 29 allowed columns together").c_str(),
                         std::invalid_argument);
    Matrix few(2, 3, infinity);
    few(0, 1) = few(1, 1) = 1;
    CHECK_THROWS_WITH_AS(assign(look(few)), (none + "rows 0, 1 have 1 allowed column together").c_str(), std::invalid_argument);
    few(1, 1) = infinity;
    CHECK_THROWS_WITH_AS(assign(look(few)), (none + "row 1 has no column that is allowed").c_str(), std::invalid_argument);
    Matrix tall(4, 2, 1.0);   // columns are what is placed
    for (std::int64_t i = 0; i < 4; ++i) tall(i, 1) = infinity;
    CHECK_THROWS_WITH_AS(assign(look(tall)), (none + "column 1 has no row that is allowed").c_str(), std::invalid_argument);
}

TEST_CASE("assign: a constant added to a row moves its dual and nothing else; order does not matter") {
    const Matrix c = assignments::distances(40, 40, 3, 1);
    Matrix shifted = c, turned = c;
    for (std::int64_t j = 0; j < 40; ++j) shifted(5, j) += 100.0;
    for (std::int64_t i = 0; i < 40; ++i)
        for (std::int64_t j = 0; j < 40; ++j) turned(i, j) = c(39 - i, (j + 3) % 40);
    const Assignment a = assign(look(c)), b = assign(look(shifted)), t = assign(look(turned));
    CHECK(a.columns == b.columns);
    CHECK(b.cost == doctest::Approx(a.cost + 100.0).epsilon(1e-13));
    CHECK(t.cost == doctest::Approx(a.cost).epsilon(1e-13));
}

TEST_CASE("assign: empty problems have an empty solution of cost 0") {
    for (const auto& [rows, cols] : {std::pair{0, 0}, {0, 5}, {5, 0}}) {
        const Matrix c(rows, cols);
        const Assignment a = assign(look(c), {.gap = true});
        CHECK(a.cost == 0.0);
        CHECK(a.gap == infinity);
        CHECK(a.columns == std::vector<std::int64_t>(at(rows), -1));
        CHECK(a.rows == std::vector<std::int64_t>(at(cols), -1));
        CHECK((a.u.size() == at(rows) && a.v.size() == at(cols)));
    }
}

TEST_CASE("assign: what is no cost is named with its place") {
    for (const auto& [rows, cols] : {std::pair{4, 9}, {9, 4}}) {
        Matrix c = assignments::uniform(rows, cols, 1);
        c(3, 2) = std::nan("");
        CHECK_THROWS_WITH_AS(
            assign(look(c)),
            "assign: costs must be numbers up to 1e300, or inf where a pair is forbidden, got nan at row 3, column 2",
            std::invalid_argument);
        c(3, 2) = -infinity;
        const std::vector<Costs> two{look(Matrix(0, 0)), look(c)};
        CHECK_THROWS_WITH_AS(assign(two), doctest::Contains("got -inf at row 3, column 2 of problem 1"), std::invalid_argument);
        c(3, 2) = 1e301;
        CHECK_THROWS_WITH_AS(assign(look(c)), doctest::Contains("1e+301"), std::invalid_argument);
    }
    CHECK_THROWS_WITH_AS(assign(std::vector<Costs>{}, {.threads = -1}), "assign: threads must not be negative, got -1",
                         std::invalid_argument);
    CHECK(std::isnan(assign(look(Matrix(2, 2))).gap));   // not asked for
}

TEST_CASE("assign: a batch of unequal problems has the bits of each alone, on any number of threads") {
    std::vector<Matrix> tables;
    for (std::uint32_t b = 0; b < 40; ++b) tables.push_back(assignments::distances(3 + b % 7, 2 + (b * 5) % 90, 2, 2 * b + 1));
    tables.push_back(assignments::distances(250, 250, 2, 99));
    std::vector<Costs> problems;
    for (const Matrix& c : tables) problems.push_back(look(c));
    const auto one = assign(problems, {.gap = true, .threads = 1}), many = assign(problems, {.gap = true, .threads = 3});
    for (std::size_t b = 0; b < tables.size(); ++b) {
        const Assignment alone = assign(problems[b], {.gap = true});
        for (const Assignment& a : {one[b], many[b]}) {
            CHECK(a.columns == alone.columns);
            CHECK(a.cost == alone.cost);
            CHECK(a.gap == alone.gap);
            CHECK(std::memcmp(a.u.data(), alone.u.data(), a.u.size() * sizeof(double)) == 0);
            CHECK(std::memcmp(a.v.data(), alone.v.data(), a.v.size() * sizeof(double)) == 0);
        }
    }
}

TEST_CASE("assign: float32 costs are solved exactly as the numbers that they are") {
    const Matrix c = assignments::distances(150, 150, 2, 1);
    const std::vector<float> single(c.data.begin(), c.data.end());
    Matrix wide(150, 150);
    wide.data.assign(single.begin(), single.end());
    const Assignment a = assign(Costs::of(single.data(), 150, 150)), b = assign(look(wide));
    CHECK(a.columns == b.columns);
    CHECK(a.cost == b.cost);
    CHECK(a.u == b.u);
}
