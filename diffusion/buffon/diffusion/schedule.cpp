#include <buffon/diffusion/schedule.hpp>

#include <cmath>

#include <buffon/check.hpp>

namespace buffon::diffusion {

double Schedule::log_alpha(double t) const {
    return std::visit([=](const auto& s) { return s.log_alpha(t); }, law_);
}
double Schedule::alpha(double t) const {
    return std::visit([=](const auto& s) { return s.alpha(t); }, law_);
}
double Schedule::sigma(double t) const {
    return std::visit([=](const auto& s) { return s.sigma(t); }, law_);
}
double Schedule::lambda(double t) const {
    return std::visit([=](const auto& s) { return s.lambda(t); }, law_);
}
double Schedule::t_of_lambda(double lambda) const {
    return std::visit([=](const auto& s) { return s.t_of_lambda(lambda); }, law_);
}
double Schedule::t_start() const {
    return std::visit([](const auto& s) { return s.t_start(); }, law_);
}
double Schedule::t_end() const {
    return std::visit([](const auto& s) { return s.t_end(); }, law_);
}
double Schedule::prior_scale() const {
    return std::visit([](const auto& s) { return s.prior_scale(); }, law_);
}
std::string Schedule::formula() const {
    return std::visit([](const auto& s) { return s.formula(); }, law_);
}

namespace {

/// The coordinate in which a grid of this kind is equidistant, and the way back.
struct Coordinate {
    const Schedule& schedule;
    GridKind kind;
    double power;   // 2 of quadratic

    double at(double t) const {
        switch (kind) {
            case GridKind::time: return t;
            case GridKind::logsnr: return schedule.lambda(t);
            case GridKind::rho: return std::exp(-schedule.lambda(t) / power);
            default: return std::pow(t, 1 / power);
        }
    }

    double time(double u) const {
        switch (kind) {
            case GridKind::time: return u;
            case GridKind::logsnr: return schedule.t_of_lambda(u);
            case GridKind::rho: return schedule.t_of_lambda(-power * std::log(u));
            default: return std::pow(u, power);
        }
    }
};

/// Equidistant levels, a half rounded to even.
std::vector<double> levels(const Schedule::Law& law, std::int64_t steps, double first, double last) {
    const auto* schedule = std::get_if<Discrete>(&law);
    require(schedule, "Schedule.grid: kind must not be 'index' for a schedule without levels");
    const double n = static_cast<double>(schedule->levels());
    const double low = std::nearbyint(last * n - 1);
    const double width = std::nearbyint(first * n - 1) - low;
    require(static_cast<double>(steps) <= width, "Schedule.grid: steps must be at most ", width,
            " for as many levels below the first, got ", steps);
    std::vector<double> t;
    for (std::int64_t left = steps; left >= 0; --left) {
        const double level = low + std::nearbyint(static_cast<double>(left) * (width / static_cast<double>(steps)));
        t.push_back(schedule->time(static_cast<std::int64_t>(level)));
    }
    return t;
}

std::vector<double> equidistant(const Coordinate& coordinate, std::int64_t steps, double first, double last) {
    const double begin = coordinate.at(first);
    const double width = coordinate.at(last) - begin;
    std::vector<double> t;
    for (std::int64_t i = 0; i <= steps; ++i)
        t.push_back(coordinate.time(begin + width * (static_cast<double>(i) / static_cast<double>(steps))));
    return t;
}

}  // namespace

std::vector<double> Schedule::grid(std::int64_t steps, GridKind kind, double power) const {
    return grid(steps, kind, t_start(), t_end(), power);
}

std::vector<double> Schedule::grid(std::int64_t steps, GridKind kind, double first, double last, double power) const {
    require(steps >= 1, "Schedule.grid: steps must be at least 1, got ", steps);
    require(power > 0 && std::isfinite(power), "Schedule.grid: power must be positive and finite, got ", power);
    std::vector<double> t = kind == GridKind::index
                                ? levels(law_, steps, first, last)
                                : equidistant({*this, kind, kind == GridKind::quadratic ? 2.0 : power}, steps, first, last);
    t.front() = first;   // to the bit
    t.back() = last;
    return t;
}

}  // namespace buffon::diffusion
