/// Every solver makes the errors that it made elsewhere: tests/data/solver_errors.txt.
#include <doctest/doctest.h>

#include <cmath>

#include <fstream>
#include <sstream>
#include <string>

#include "named_table.hpp"
#include "problems.hpp"
#include "test_paths.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

namespace {

struct Problem {
    GaussianMixture model;
    Matrix starts, ends;
    bool median;

    double error(const Table& table) const {
        const Matrix x = problems::solve(model, table, starts);
        return median ? problems::median_error(x, ends) : problems::rms_error(x, ends);
    }
};

/// 2,000 Runge-Kutta steps differ from the flow by 3e-9 at most.
Problem numerical(const GaussianMixture& model) {
    const Matrix starts = problems::starts(128, model.dim());
    return {model, starts, problems::flow(model, VP(), starts, 1.0, 1e-3, 2000), true};
}

const Problem& problem(const std::string& name) {
    static const Matrix line = problems::starts(64, 1);
    static const Problem g1{problems::g1(), line, problems::flow_of_g1(VP(), line, 1.0, 1e-3), false};
    static const Problem g2 = numerical(problems::g2()), g16 = numerical(problems::g16());
    return name == "g1" ? g1 : name == "g2" ? g2 : g16;
}

}  // namespace

TEST_CASE("solvers: errors on exact problems within 1 percent of an independent implementation") {
    std::ifstream file(BUFFON_TEST_DATA "/solver_errors.txt");
    REQUIRE(file.good());
    int compared = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line[0] == '#') continue;
        std::istringstream words(line);
        std::string on, spacing, solver, entry;
        words >> on >> spacing >> solver;
        GridKind kind{};
        named::read(kind, spacing);
        while (words >> entry) {
            const std::size_t colon = entry.find(':');
            const double known = std::stod(entry.substr(colon + 1));
            const Table table = named::table(solver, VP(), {.steps = std::stoll(entry), .grid = kind});
            CAPTURE(on);
            INFO(table.text());
            CHECK(std::abs(problem(on).error(table) / known - 1) <= 0.01);
            ++compared;
        }
    }
    CHECK(compared >= 480);
}

TEST_CASE(
    "solvers: a plain root mean square is ruled by the starts beside a basin's boundary, and shows no order") {   // why medians
    const GaussianMixture model = problems::g2();
    const Matrix x = problems::starts(256, 2), exact = problems::flow(model, VP(), x, 1.0, 1e-3, 2000);
    int steps = 5;
    for (const double known : {0.465, 0.270, 0.190, 0.140, 0.120, 0.103}) {
        CHECK(std::abs(problems::rms_error(problems::solve(model, named::table("ddim()", VP(), {.steps = steps}), x),
                                           exact) /
                           known -
                       1) <= 0.01);
        steps *= 2;
    }
}
