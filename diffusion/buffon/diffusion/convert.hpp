/// What a network predicts of x = alpha x0 + sigma eps, and any of it from any other, all of them affine in x:
/// data D = E[x0 | x], noise (x - alpha D) / sigma, score -noise / sigma, and the velocity
/// v = (alpha S noise - sigma / S D) / r with r^2 = alpha^2 + (sigma / S)^2.
/// S = 1 makes v that of the variance-preserving process with the same lambda: alpha noise - sigma D where r = 1. A
/// mean-reverting process has S = sinf, hence r = 1, and x - mu, D - mu in place of x, D.
/// Source: Salimans, Ho, "Progressive distillation for fast sampling of diffusion models", ICLR 2022 (v); the mean-reverting
/// form: arXiv:2502.07856.
#pragma once

#include <span>

#include <buffon/diffusion/prediction.hpp>
#include <buffon/diffusion/schedule.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

/// wanted = of_value * value + of_x * x.
struct Conversion {
    double of_value;
    double of_x;
};

/// @throw std::invalid_argument unless alpha > 0, sigma >= 0 and scale > 0 are finite, and where sigma = 0 makes it infinite:
///     from data to anything else, and the score.
Conversion conversion(Prediction from, Prediction to, double alpha, double sigma, double scale = 1.0);

/// At the time t; scale is the schedule's own.
Conversion conversion(Prediction from, Prediction to, const Schedule& schedule, double t);

/// Of n rows of d numbers at one time or one per row. `mean` is mu of a mean-reverting schedule, with no rows (0 then),
/// one, or n.
/// @throw std::invalid_argument if a shape is wrong, or a mean is given of a schedule that has none.
void convert(ConstView value, ConstView x, const Schedule& schedule, std::span<const double> t, Prediction from, Prediction to,
             ConstView mean, View out);

}  // namespace buffon::diffusion
