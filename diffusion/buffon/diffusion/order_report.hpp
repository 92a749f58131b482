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
    std::vector<std::int64_t> steps = {40, 80, 160, 320, 640};
    double mean = 1.2;
    double sd = 0.3;
    double level = 0.95;

    static constexpr auto fields() {
        return std::tuple{Field{"steps", &OrderReportOptions::steps,
                                "numbers of steps, increasing, at least 3; small ones are not asymptotic yet"},
                          Field{"mean", &OrderReportOptions::mean, "mean of the data, which are normal"},
                          Field{"sd", &OrderReportOptions::sd, "standard deviation of the data"},
                          Field{"level", &OrderReportOptions::level,
                                "of the order's interval, which says how straight the errors are in logarithms"}};
    }
};

/// A solver declares two orders: which of them is measured follows from where the table starts.
struct OrderReport {
    std::string solver;              // with its options
    std::vector<std::int64_t> steps;
    std::vector<double> errors;      // root mean square over the starts; of a random solver the Wasserstein distance of the laws
    std::vector<double> orders;      // between neighbours: log(error ratio) / log(steps ratio)
    std::vector<std::int64_t> asymptotic;   // the steps that `order` comes from, see below
    double order = 0.0;              // least-squares slope of log(error) on -log(steps) over these
    double low = 0.0, high = 0.0;    // its interval, Student's with two degrees of freedom fewer than points
    Orders declared;
    bool from_noise = true;          // the table starts at its schedule's first level; else in the middle
    bool lowered = false;            // its last rows are of lower order by an option, or it ends at sigma = 0
    bool random = false;

    double declared_here() const { return from_noise ? declared.from_noise : declared.from_middle; }
    /// Whether the order is at least the declared one less a quarter.
    bool ok() const { return order >= declared_here() - 0.25; }
    /// What was measured and whether it is as declared, in a sentence or two.
    std::string advice() const;
    std::string text() const;
};

/// Of the table's solver, options, schedule, ends and kind of grid with other numbers of steps. The asymptotic range
/// are the three
/// largest numbers of steps and those before them from which the order between neighbours differs by less than 0.1; errors
/// below 1e-12 of the data's scale, which are rounding, are left out.
/// @throw std::invalid_argument for fewer than 3 numbers of steps with errors beyond rounding, a grid that is an array,
/// or a solver
///     whose rows are not all known beforehand, or differ by coordinate.
OrderReport order_report(const Table& table, const OrderReportOptions& options = {});

}  // namespace buffon::diffusion
