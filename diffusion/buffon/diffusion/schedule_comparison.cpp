#include <buffon/diffusion/schedule_comparison.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <sstream>
#include <utility>
#include <vector>

namespace buffon::diffusion {
namespace {

constexpr std::int64_t steps = 1000;
constexpr double rounding = 1e-9;   // far above that of any schedule, far below any difference that is meant

std::optional<Range> overlap(Range a, Range b) {
    const Range both{std::max(a.low, b.low), std::min(a.high, b.high)};
    if (both.low < both.high) return both;
    return std::nullopt;
}

Range lambdas(const Schedule& s) { return {s.lambda(s.t_start()) + 0.0, s.lambda(s.t_end()) + 0.0}; }   // no -0 in words

void compare_laws(ScheduleComparison& c) {
    c.lambda = overlap(lambdas(c.a), lambdas(c.b));
    if (!c.lambda) return;
    double worst = 0;
    for (std::int64_t i = 0; i <= steps; ++i) {
        const double u = static_cast<double>(i) / steps;
        const double lambda = (1 - u) * c.lambda->low + u * c.lambda->high;
        worst = std::max(worst, std::abs(c.a.log_alpha(c.a.t_of_lambda(lambda)) - c.b.log_alpha(c.b.t_of_lambda(lambda))));
    }
    c.log_alpha_difference = worst;
}

/// Equidistant ones and the grids of both: lambda changes fast near the ends.
std::vector<double> times(const ScheduleComparison& c) {
    std::vector<double> t{c.t->low, c.t->high};
    for (const auto& [schedule, kind] : {std::pair{&c.a, GridKind::time}, {&c.a, GridKind::logsnr}, {&c.b, GridKind::time},
                                         {&c.b, GridKind::logsnr}})
        for (const double s : schedule->grid(steps, kind))
            if (s > c.t->low && s < c.t->high) t.push_back(s);
    return t;
}

void compare_times(ScheduleComparison& c) {
    c.t = overlap({c.a.t_end(), c.a.t_start()}, {c.b.t_end(), c.b.t_start()});
    if (!c.t) return;
    c.lambda_difference = -1.0;
    for (const double t : times(c)) {
        const double difference = std::abs(c.a.lambda(t) - c.b.lambda(t));
        if (difference <= *c.lambda_difference) continue;
        c.lambda_difference = difference;
        c.t_of_difference = t;
    }
}

void say_law(std::ostream& out, const ScheduleComparison& c) {
    if (!c.lambda) out << "no lambda in common";
    else if (c.same_time()) out << "the same schedule";
    else if (c.same_law()) out << "the same law in another time: alpha and sigma are the same functions of lambda";
    else
        out << "two laws: at equal lambda alpha differs by a factor of up to " << std::exp(*c.log_alpha_difference)
            << "; x / alpha = x0 + exp(-lambda) eps is the same";
}

}  // namespace

bool ScheduleComparison::same_law() const { return log_alpha_difference && *log_alpha_difference < rounding; }

bool ScheduleComparison::same_time() const {
    return same_law() && lambda_difference && *lambda_difference < rounding && a.t_start() == b.t_start() &&
           a.t_end() == b.t_end();
}

std::string ScheduleComparison::text() const {
    std::ostringstream out;
    out.precision(4);
    say_law(out, *this);
    const Range first = lambdas(a), second = lambdas(b);
    out << "\nlambda of their grids: " << first.low << " to " << first.high;
    out << ", and " << second.low << " to " << second.high << "\n";
    if (t) out << "at equal times lambda differs by up to " << *lambda_difference << ", at t = " << *t_of_difference;
    else out << "no time in common";
    return out.str();
}

ScheduleComparison compare_schedules(const Schedule& a, const Schedule& b) {
    ScheduleComparison c{a, b, {}, {}, {}, {}, {}};
    compare_laws(c);
    compare_times(c);
    return c;
}

}  // namespace buffon::diffusion
