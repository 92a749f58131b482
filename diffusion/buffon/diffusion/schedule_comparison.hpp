/// Where two schedules differ: whether one is the other in another time, and by how much lambda differs at equal times.
#pragma once

#include <optional>
#include <string>

#include <buffon/diffusion/schedule.hpp>

namespace buffon::diffusion {

struct Range {
    double low;
    double high;
};

struct ScheduleComparison {
    Schedule a, b;
    /// What grids of both pass through, where it is not empty.
    std::optional<Range> lambda;
    std::optional<Range> t;
    /// Largest |log alpha_a - log alpha_b| at an equal lambda, and largest |lambda_a - lambda_b| at an equal t with that t; as
    /// seen at a thousand and more values, the ends among them.
    std::optional<double> log_alpha_difference;
    std::optional<double> lambda_difference;
    std::optional<double> t_of_difference;

    /// alpha, and with it sigma, is the same function of lambda: one schedule is the other in another time, and a network that
    /// was trained with one serves the other at the time of the same lambda.
    bool same_law() const;
    /// lambda is also the same at equal times.
    bool same_time() const;
    std::string text() const;
};

ScheduleComparison compare_schedules(const Schedule& a, const Schedule& b);

}  // namespace buffon::diffusion
