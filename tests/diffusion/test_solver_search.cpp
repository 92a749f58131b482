#include <buffon/diffusion/solver_search.hpp>

#include <buffon/diffusion/solvers/dpmpp.hpp>
#include <buffon/diffusion/solvers/unipc.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

namespace {

/// Median and 90 % quantile of the errors at points that the search has not seen.
std::pair<double, double> held_out(const GaussianMixture& model, const Table& table, const Matrix& x, const Matrix& exact) {
    const Matrix y = problems::solve(model, table, x);
    std::vector<double> errors;
    for (std::int64_t i = 0; i < x.rows; ++i) {
        double square = 0;
        for (std::int64_t j = 0; j < x.cols; ++j) square += (y(i, j) - exact(i, j)) * (y(i, j) - exact(i, j));
        errors.push_back(std::sqrt(square / static_cast<double>(x.cols)));
    }
    std::ranges::sort(errors);
    return {errors[errors.size() / 2], errors[errors.size() * 9 / 10]};
}

}  // namespace

TEST_CASE("solver_search: a small search finds what no solver that it began with is, at points it has not seen") {
    const GaussianMixture model = problems::g2();
    const Matrix x = problems::starts(200, 2);
    const Matrix exact = problems::flow(model, VP(), x, 1, 1e-3, 1500);
    double best_known = 1;
    for (const Table& table :
         {dpmpp(VP(), {.steps = 5}, {.order = 2}), dpmpp(VP(), {.steps = 5}, {.order = 3}), unipc(VP(), {.steps = 5})})
        best_known = std::min(best_known, held_out(model, table, x, exact).first);
    const Table found = solver_search(model, VP(), {.budget = 600, .points = 100, .rng = 1});
    CHECK(found.evaluations() == 5);
    CHECK(found.record->size() == 600);
    CHECK(held_out(model, found, x, exact).first < 0.3 * best_known);
    const Table random = solver_search(model, VP(), {.budget = 600, .points = 100, .random = true, .rng = 1});
    const auto best = [](const Table& table) { return std::ranges::min(*table.record, {}, &Trial::score).score; };
    CHECK(best(found) < best(random));
}

TEST_CASE("solver_search: the same for any number of threads, and when it is resumed") {
    const GaussianMixture model = problems::g2();
    SolverSearchOptions options{.evaluations = 4, .budget = 130, .points = 20, .children = 30, .rng = 3, .threads = 1};
    const Table whole = solver_search(model, VP(), options);
    options.threads = 4;
    CHECK(solver_search(model, VP(), options).formula() == whole.formula());
    for (const std::size_t done : {7u, 30u, 100u, 130u}) {
        options.resume.assign(whole.record->begin(), whole.record->begin() + static_cast<std::ptrdiff_t>(done));
        const Table resumed = solver_search(model, VP(), options);
        CHECK(resumed.formula() == whole.formula());
        CHECK(std::ranges::equal(*resumed.record, *whole.record, {}, &Trial::score, &Trial::score));
    }
}

TEST_CASE("solver_search: any objective; a candidate whose score is not finite never wins") {
    const GaussianMixture model = problems::g2();
    const Table table = solver_search(model, VP(),
                                      {.evaluations = 3,
                                       .budget = 80,
                                       .points = 10,
                                       .objective =
                                           [calls = 0](const Draws& draws) mutable {
                                               return ++calls % 2 == 0 ? std::nan("") : std::abs(draws.x(0, 0));
                                           },
                                       .rng = 2});
    CHECK(std::isinf((*table.record)[1].score));
    CHECK(std::isfinite(std::ranges::min(*table.record, {}, &Trial::score).score));
}

TEST_CASE("solver_search: for a class, or for each start's own") {
    const GaussianMixture two({0.5, 0.5}, Matrix(2, 1), {Matrix(1, 1, 0.04), Matrix(1, 1, 1.0)}, {0, 1});
    const GaussianMixture wide({1.0}, Matrix(1, 1), {Matrix(1, 1, 1.0)});
    const SolverSearchOptions options{.evaluations = 3, .budget = 60, .points = 10, .rng = 2};
    const auto best = [&](const GaussianMixture& model, OneOrMany<std::int64_t> condition) {
        SolverSearchOptions asked = options;
        asked.condition = std::move(condition);
        return solver_search(model, VP(), asked).formula();
    };
    CHECK(best(two, 1) == best(wide, {}));
    CHECK(best(two, std::vector<std::int64_t>(10, 1)) == best(two, 1));
    CHECK(best(two, 0) != best(two, 1));
}

TEST_CASE("solver_search: refuses") {
    const GaussianMixture model = problems::g2();
    CHECK_THROWS_WITH(solver_search(model, VP(), {.evaluations = 0}), "solver_search: evaluations must be at least 1, got 0");
    CHECK_THROWS_WITH(solver_search(model, VP(), {.children = 0}), "solver_search: children must be at least 1, got 0");
    CHECK_THROWS_WITH(solver_search(model, VP(), {.budget = 1, .resume = {Trial{}, Trial{}}}),
                      doctest::Contains("budget must not be below the 2"));
    const SolverSearchOptions four{.evaluations = 4, .budget = 4, .points = 10, .rng = 1};
    SolverSearchOptions next{
        .evaluations = 5, .budget = 8, .points = 10, .rng = 1, .resume = *solver_search(model, VP(), four).record};
    CHECK_THROWS_WITH(solver_search(model, VP(), next), doctest::Contains("search with evaluations=5, got a candidate of 4"));
    next.evaluations = 4;
    CHECK(solver_search(model, VP(), next).record->size() == 8);
    next.rng = 2;
    CHECK_THROWS_WITH(solver_search(model, VP(), next), doctest::Contains("first candidate scored"));
}

TEST_CASE(
    "solver_search: 2,000 candidates: the middle one of three keys halves the held-out error of the best fixed table" *
    doctest::skip()) {
    // best of about forty fixed tables on five grids, without statistics of the model: median, 90 % quantile
    const std::vector<std::tuple<std::string, std::int64_t, double, double>> fixed{
        {"g2", 5, .0383, .105}, {"g2", 10, .00735, .0457}, {"g16", 5, .0519, .0934}, {"g16", 10, .00667, .0162}};
    for (const auto& [name, evaluations, median, tail] : fixed) {
        const GaussianMixture model = name == "g2" ? problems::g2() : problems::g16();
        const Matrix all = problems::starts(400, model.dim());
        Matrix x(200, model.dim());
        std::copy(all.data.begin() + 200 * model.dim(), all.data.end(), x.data.begin());
        const Matrix exact = problems::flow(model, VP(), x, 1, 1e-3, 3000);
        std::vector<double> medians, tails;
        for (const std::uint64_t key : {31, 32, 33}) {
            const auto [half, most] =
                held_out(model, solver_search(model, VP(), {.evaluations = evaluations, .rng = key}), x, exact);
            medians.push_back(half);
            tails.push_back(most);
            MESSAGE(name << " " << evaluations << " key " << key << ": " << half << " " << most);
        }
        std::ranges::sort(medians);
        std::ranges::sort(tails);
        CHECK(medians[1] <= 0.5 * median);
        CHECK(tails[1] <= 1.25 * tail);
    }
}
