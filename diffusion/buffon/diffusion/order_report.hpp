/// How fast a solver converges, measured: its error on Gaussian data over numbers of steps, where result and exact flow are
/// both affine, so nothing is drawn and nothing else errs.
#pragma once

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>

namespace buffon::diffusion {

struct OrderReportOptions {
    std::vector<std::int64_t> steps = {40, 80, 160, 320};
    double mean = 1.2;
    double sd = 0.3;
    double level = 0.95;

    static constexpr auto fields() {
        return std::tuple{
            Field{"steps", &OrderReportOptions::steps, "numbers of steps, increasing, at least 3; small ones are not asymptotic yet"},
            Field{"mean", &OrderReportOptions::mean, "mean of the data, which are normal"},
            Field{"sd", &OrderReportOptions::sd, "standard deviation of the data"},
            Field{"level", &OrderReportOptions::level, "of the order's interval, which says how straight the errors are in logarithms"}};
    }
};

struct OrderReport {
    std::string solver;
    std::vector<std::int64_t> steps;
    std::vector<double> errors;      // root mean square over the starts; of a random solver the Wasserstein distance of the laws
    std::vector<double> orders;      // between neighbours: log(error ratio) / log(steps ratio)
    double order = 0.0;              // least-squares slope through all
    double low = 0.0, high = 0.0;    // its interval, Student's with two degrees of freedom fewer than points
    double declared = 0.0;           // by the solver, from the noise end
    bool random = false;

    std::string text() const;
};

/// Of the table's solver, options, schedule and kind of grid with other numbers of steps.
/// @throw std::invalid_argument for fewer than 3 numbers of steps, a grid that is an array, an adaptive solver, or errors that
///     are rounding alone.
OrderReport order_report(const Table& table, const OrderReportOptions& options = {});

}  // namespace buffon::diffusion
