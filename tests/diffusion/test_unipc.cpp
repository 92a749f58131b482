#include <buffon/diffusion/solvers/unipc.hpp>

#include <buffon/diffusion/solvers/dpm.hpp>
#include <buffon/diffusion/solvers/dpmpp.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <vector>

#include "../refusal.hpp"
#include "declared_orders.hpp"
#include "problems.hpp"

using namespace buffon::diffusion;
using buffon::Matrix;

namespace {

std::vector<UnipcOptions> all(int highest) {
    std::vector<UnipcOptions> options;
    for (int order = 1; order <= highest; ++order)
        for (const UnipcVariant variant : {UnipcVariant::bh1, UnipcVariant::bh2, UnipcVariant::exact})
            for (const Prediction prediction : {Prediction::data, Prediction::noise})
                for (const bool corrector : {false, true})
                    options.push_back({.order = order,
                                       .variant = variant,
                                       .prediction = prediction,
                                       .corrector = corrector,
                                       .lower_order_final = false});
    return options;
}

double difference(const Matrix& a, const Matrix& b) {
    double largest = 0;
    for (std::size_t i = 0; i < a.data.size(); ++i) largest = std::max(largest, std::abs(a.data[i] - b.data[i]));
    return largest;
}

}  // namespace

TEST_CASE("unipc: every form keeps its promise on every grid, to sigma = 0 too, and corrects without an evaluation") {
    for (const UnipcOptions& options : all(5))
        for (const GridKind kind : {GridKind::time, GridKind::logsnr, GridKind::rho})
            for (const bool to_zero : {false, true})
                for (const int steps : {1, 2, 3, 10, 20}) {
                    const Table table = unipc(VP(), {.steps = steps, .grid = kind, .to_zero = to_zero}, options);
                    CAPTURE(table.text());
                    CHECK(table.violation() <= 1e-12);   // weights of five nodes on an uneven grid reach 1e3
                    CHECK(table.evaluations() == steps);
                    CHECK(static_cast<int>(table.rows.size()) == (options.corrector ? 3 * steps - 1 : 2 * steps));
                }
}

TEST_CASE("unipc: the predictor alone is DPM-Solver, of both predictions") {
    const GaussianMixture model = problems::g2();
    const Matrix x = problems::starts(40, 2);
    for (const auto& [prediction, maker] : {std::pair{Prediction::data, &dpmpp}, std::pair{Prediction::noise, &dpm}})
        for (const bool final : {false, true}) {
            const auto same = [&](int order, UnipcVariant variant, const DpmOptions& options) {
                const Table a = unipc(VP(), {.steps = 9},
                                      {.order = order,
                                       .variant = variant,
                                       .prediction = prediction,
                                       .corrector = false,
                                       .lower_order_final = final});
                return difference(problems::solve(model, a, x), problems::solve(model, maker(VP(), {.steps = 9}, options), x));
            };
            CHECK(same(2, UnipcVariant::bh2, {.order = 2, .lower_order_final = final}) < 1e-13);
            CHECK(same(2, UnipcVariant::exact, {.order = 2, .second = SecondOrder::taylor, .lower_order_final = final}) < 1e-13);
            CHECK(same(3, UnipcVariant::bh2, {.order = 3, .lower_order_final = final}) < 1e-12);
            CHECK(same(3, UnipcVariant::bh2, {.order = 3, .third = ThirdOrder::legacy, .lower_order_final = final}) > 1e-4);
        }
}

TEST_CASE("unipc: variants differ where two outputs are used only, by what is known") {   // 12 steps, G2: 1.6e-2 and 2.5e-4
    const GaussianMixture model = problems::g2();
    const Matrix x = problems::starts(64, 2);
    const auto between = [&](bool final) {
        const Table a = unipc(VP(), {.steps = 12}, {.order = 3, .variant = UnipcVariant::bh1, .lower_order_final = final});
        const Table b = unipc(VP(), {.steps = 12}, {.order = 3, .variant = UnipcVariant::bh2, .lower_order_final = final});
        return difference(problems::solve(model, a, x), problems::solve(model, b, x));
    };
    CHECK(std::abs(between(true) / 1.6e-2 - 1) < 0.04);
    CHECK(std::abs(between(false) / 2.5e-4 - 1) < 0.04);
    const auto rows = [](UnipcVariant variant) {
        return unipc(VP(), {.steps = 6}, {.order = 3, .variant = variant, .lower_order_final = false}).rows;
    };
    const auto bh1 = rows(UnipcVariant::bh1), bh2 = rows(UnipcVariant::bh2), exact = rows(UnipcVariant::exact);
    for (std::size_t i = 0; i < bh1.size(); ++i) {
        const bool two = i == 3 || i == 4;   // the corrector of the first step and the predictor of the second
        for (std::size_t k = 0; k < bh1[i].terms.size(); ++k) {
            const bool weighs = two && (bh1[i].terms[k].value == 2 || bh1[i].terms[k].value == 4);   // the outputs at x_0 and x_1
            CHECK((bh1[i].terms[k].weight != bh2[i].terms[k].weight) == weighs);
            CHECK((exact[i].terms[k].weight != bh2[i].terms[k].weight) == weighs);
        }
    }
}

TEST_CASE("unipc: exact weights of order 2 have the errors of an independent implementation") {   // G2, N = 20 ... 160, 64 starts
    const GaussianMixture model = problems::g2();
    const Matrix x = problems::starts(64, 2), ends = problems::flow(model, VP(), x, 1.0, 1e-3, 2000);
    int steps = 20;
    for (const double known : {4.1e-3, 5.7e-4, 7.0e-5, 8.4e-6}) {
        const Table table =
            unipc(VP(), {.steps = steps}, {.order = 2, .variant = UnipcVariant::exact, .lower_order_final = false});
        CHECK(std::abs(problems::median_error(problems::solve(model, table, x), ends) / known - 1) <
              0.01);   // two digits are known
        steps *= 2;
    }
}

TEST_CASE("unipc: uncorrected steps keep their prediction") {
    const Table all = unipc(VP(), {.steps = 8}), without = unipc(VP(), {.steps = 8}, {.uncorrected = {1, 5}}),
                none = unipc(VP(), {.steps = 8}, {.corrector = false});
    CHECK(all.rows.size() == 23);
    CHECK(without.rows.size() == 21);
    CHECK(none.rows.size() == 16);
    CHECK(unipc(VP(), {.steps = 8}, {.uncorrected = {1, 2, 3, 4, 5, 6, 7, 8}}).formula() == none.formula());
    CHECK(without.options.find("uncorrected=[1, 5]") != std::string::npos);
    for (const Table& table : {all, without, none}) {
        int node = 0;
        for (const Row& row : table.rows)
            if (row.node >= 0) CHECK(row.node == ++node);
        CHECK(node == 8);
    }
}

TEST_CASE("unipc: declared orders are reached from the noise end and from the middle") {
    for (const UnipcOptions& options : all(4))
        problems::check_declared_orders(
            [&](const Schedule& schedule, const Grid& grid) { return unipc(schedule, grid, options); });
}

TEST_CASE("unipc: a refusal names the solver, the option, the value and the requirement") {
    CHECK(message([] { unipc(VP(), {.steps = 4}, {.order = 0}); }) == "unipc: order must be at least 1, got 0");
    CHECK(message([] { unipc(VP(), {.steps = 4}, {.uncorrected = {5}}); }) ==
          "unipc: uncorrected must hold steps 1 ... 4, got 5");
    CHECK(message([] { unipc(VP(), {.steps = 4}, {.uncorrected = {0}}); }) ==
          "unipc: uncorrected must hold steps 1 ... 4, got 0");
}
