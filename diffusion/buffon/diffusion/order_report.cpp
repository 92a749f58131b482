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
    require(table.grid.grid.times.empty(), "order_report: the table was made from an array of times, give its grid by kind");
    require(options.steps.size() >= 3, "order_report: steps must hold at least 3 numbers, got ", options.steps.size());
    require(options.steps.front() >= 1 && std::ranges::is_sorted(options.steps, std::less_equal<>()), "order_report: steps must be positive and increase");
    require(options.sd > 0, "order_report: sd must be positive, got ", options.sd);
    require(options.level > 0 && options.level < 1, "order_report: level must lie between 0 and 1, got ", options.level);
}

/// Slope of log(error) against -log(steps), and its interval.
void fit(OrderReport& report, double level) {
    const auto n = static_cast<double>(report.steps.size());
    double x = 0.0, y = 0.0, xx = 0.0, xy = 0.0, rest = 0.0;
    const auto at = [&](std::size_t k) { return std::pair{-std::log(static_cast<double>(report.steps[k])), std::log(report.errors[k])}; };
    for (std::size_t k = 0; k < report.steps.size(); ++k) x += at(k).first / n, y += at(k).second / n;
    for (std::size_t k = 0; k < report.steps.size(); ++k) {
        xx += (at(k).first - x) * (at(k).first - x);
        xy += (at(k).first - x) * (at(k).second - y);
    }
    report.order = xy / xx;
    for (std::size_t k = 0; k < report.steps.size(); ++k) rest += std::pow(at(k).second - y - report.order * (at(k).first - x), 2);
    const double quantile = boost::math::quantile(boost::math::students_t(n - 2), 0.5 + level / 2);
    const double half = quantile * std::sqrt(rest / (n - 2) / xx);
    report.low = report.order - half;
    report.high = report.order + half;
}

}  // namespace

OrderReport order_report(const Table& table, const OrderReportOptions& options) {
    check(table, options);
    OrderReport report{.solver = table.name, .steps = options.steps, .errors = {}, .orders = {}, .declared = table.orders.from_noise, .random = table.has_noise()};
    for (const std::int64_t steps : options.steps) {
        Grid grid = table.grid;
        grid.steps = steps;
        report.errors.push_back(error_of(table.remake(grid), options.mean, options.sd));
        require(report.errors.back() > 1e-13, "order_report: with ", steps, " steps ", table.name, " errs by rounding alone, give smaller numbers of steps");
    }
    for (std::size_t k = 1; k < report.errors.size(); ++k)
        report.orders.push_back(std::log(report.errors[k - 1] / report.errors[k]) /
                                std::log(static_cast<double>(report.steps[k]) / static_cast<double>(report.steps[k - 1])));
    fit(report, options.level);
    return report;
}

std::string OrderReport::text() const {
    std::ostringstream out;
    out.precision(3);
    out << solver << ": " << (random ? "weak " : "") << "order " << order << " [" << low << ", " << high << "], declared " << declared << "; errors";
    for (std::size_t k = 0; k < steps.size(); ++k) out << (k == 0 ? " " : ", ") << errors[k] << " (" << steps[k] << ")";
    return out.str();
}

}  // namespace buffon::diffusion
