#include <buffon/diffusion/order_report.hpp>

#include <algorithm>
#include <cmath>
#include <sstream>

#include <boost/math/distributions/students_t.hpp>

#include <buffon/check.hpp>
#include <buffon/diffusion/gaussian_law.hpp>

namespace buffon::diffusion {
namespace {

double error_of(const Table& table, double mean, double sd) {
    const AffineValue result = result_on_gaussian(table, mean, sd), flow = flow_on_gaussian(table, mean, sd);
    const double spread = table.has_noise() ? std::sqrt(result.variance()) : result.start;
    return std::hypot(result.constant - flow.constant, spread - flow.start);
}

void check(const Table& table, const OrderReportOptions& options) {
    require(
        !table.adaptive, "order_report: ", table.name,
        " chooses its steps by its tolerances, so it has no error over numbers of steps; measure the error over rtol");
    require(table.coordinates.empty(), "order_report: ", table.name,
            " has coefficients for each coordinate of its model's statistics, whose own error bounds its order");
    for (const Row& row : table.rows)
        require(row.langevin == 0, "order_report: ", table.name,
                " has Langevin steps, whose size is random; leave its corrector out");
    require(table.grid.grid.times.empty(), "order_report: the table was made from an array of times, give its grid by kind");
    require(options.steps.size() >= 3, "order_report: steps must hold at least 3 numbers, got ", options.steps.size());
    require(options.steps.front() >= 1 && std::ranges::is_sorted(options.steps, std::less_equal<>()),
            "order_report: steps must be positive and increase");
    require(options.sd > 0, "order_report: sd must be positive, got ", options.sd);
    require(options.level > 0 && options.level < 1, "order_report: level must lie between 0 and 1, got ", options.level);
}

struct Line {
    double slope = 0.0, half_width = 0.0;
};

/// Least squares of log(error) on -log(steps) over the points [first, last), and the half width of the slope's interval.
Line line(const OrderReport& report, std::size_t first, std::size_t last, double level) {
    const auto n = static_cast<double>(last - first);
    double x = 0.0, y = 0.0, xx = 0.0, xy = 0.0, rest = 0.0;
    const auto at = [&](std::size_t k) {
        return std::pair{-std::log(static_cast<double>(report.steps[k])), std::log(report.errors[k])};
    };
    for (std::size_t k = first; k < last; ++k) x += at(k).first / n, y += at(k).second / n;
    for (std::size_t k = first; k < last; ++k) {
        xx += (at(k).first - x) * (at(k).first - x);
        xy += (at(k).first - x) * (at(k).second - y);
    }
    const double slope = xy / xx;
    for (std::size_t k = first; k < last; ++k) rest += std::pow(at(k).second - y - slope * (at(k).first - x), 2);
    const double quantile = boost::math::quantile(boost::math::students_t(n - 2), 0.5 + level / 2);
    return {slope, quantile * std::sqrt(rest / (n - 2) / xx)};
}

/// The last three points beyond rounding, and as many before them as lie on their line.
void fit(OrderReport& report, double scale, double level) {
    const auto rounding = std::ranges::find_if(report.errors, [&](double e) { return !(e > 1e-12 * scale); });
    const auto last = static_cast<std::size_t>(rounding - report.errors.begin());
    require(last >= 3, "order_report: with ", report.steps[std::min(last, report.steps.size() - 1)], " steps ", report.solver,
            " errs by rounding alone, give smaller numbers of steps");
    std::size_t first = last - 3;
    Line found = line(report, first, last, level);
    while (first > 0 && std::abs(report.orders[first - 1] - found.slope) < 0.1) found = line(report, --first, last, level);
    report.asymptotic.assign(report.steps.begin() + static_cast<std::ptrdiff_t>(first),
                             report.steps.begin() + static_cast<std::ptrdiff_t>(last));
    report.order = found.slope;
    report.low = found.slope - found.half_width;
    report.high = found.slope + found.half_width;
}

bool starts_at_noise(const Table& table) {
    const double first = std::exp(-table.schedule.lambda(table.schedule.t_start()));
    return std::abs(table.rho_start() - first) <= 1e-9 * first;
}

}  // namespace

OrderReport order_report(const Table& table, const OrderReportOptions& options) {
    check(table, options);
    OrderReport report{.solver = table.name + "(" + table.options + ")",
                       .steps = options.steps,
                       .errors = {},
                       .orders = {},
                       .asymptotic = {},
                       .declared = table.orders,
                       .from_noise = starts_at_noise(table),
                       .random = table.has_noise()};
    report.lowered = table.grid.to_zero || table.options.find("lower_order_final=True") != std::string::npos;
    for (const std::int64_t steps : options.steps) {
        Grid grid = table.grid;
        grid.steps = steps;
        report.errors.push_back(error_of(table.remake(grid), options.mean, options.sd));
    }
    for (std::size_t k = 1; k < report.errors.size(); ++k)
        report.orders.push_back(std::log(report.errors[k - 1] / report.errors[k]) /
                                std::log(static_cast<double>(report.steps[k]) / static_cast<double>(report.steps[k - 1])));
    fit(report, std::hypot(options.mean, options.sd), options.level);
    return report;
}

std::string OrderReport::advice() const {
    std::ostringstream out;
    out.precision(3);
    out << (random ? "weak " : "") << "order " << order << " [" << low << ", " << high << "] from "
        << (from_noise ? "the noise end" : "a start in the middle") << ", "
        << (ok() ? "as declared: " : "below the declared ") << declared_here();
    if (!ok() && lowered)
        out << ". The last rows of this table are of lower order: lower_order_final=False, and to_zero=False, measure "
               "the solver's own";
    else if (!ok())
        out << ". These numbers of steps may be too small, or the grid unfit: see .orders, or ask for more steps";
    return out.str();
}

std::string OrderReport::text() const {
    std::ostringstream out;
    out.precision(3);
    out << solver << ": " << advice() << "; errors";
    for (std::size_t k = 0; k < steps.size(); ++k) out << (k == 0 ? " " : ", ") << errors[k] << " (" << steps[k] << ")";
    return out.str();
}

}  // namespace buffon::diffusion
