#include <buffon/diffusion/convert.hpp>

#include <cmath>
#include <cstdint>

#include <buffon/check.hpp>

namespace buffon::diffusion {
namespace {

/// The three that stay finite at sigma = 0, each from each in closed form: through a common one digits would be lost.
Conversion regular(Prediction from, Prediction to, double alpha, double sigma, double scale) {
    const double s = sigma / scale;
    const double r = std::hypot(alpha, s);
    if (from == to) return {1, 0};
    if (from == Prediction::data && to == Prediction::noise) return {-alpha / sigma, 1 / sigma};
    if (from == Prediction::data) return {-r / s, alpha / (s * r)};
    if (from == Prediction::noise && to == Prediction::data) return {-sigma / alpha, 1 / alpha};
    if (from == Prediction::noise) return {scale * r / alpha, -s / (alpha * r)};
    if (to == Prediction::data) return {-s / r, alpha / (r * r)};
    return {alpha / (scale * r), s / (scale * r * r)};
}

Prediction of_score(Prediction p) { return p == Prediction::score ? Prediction::noise : p; }

const MeanReverting* mean_reverting(const Schedule& schedule) { return std::get_if<MeanReverting>(&schedule.law()); }

void check_rows(const char* name, ConstView rows, ConstView x) {
    require(rows.rows == x.rows && rows.cols == x.cols, "convert: ", name, " must have the shape of x, (", x.rows, ", ", x.cols,
            "), got (", rows.rows, ", ", rows.cols, ")");
}

}  // namespace

Conversion conversion(Prediction from, Prediction to, double alpha, double sigma, double scale) {
    require(alpha > 0 && std::isfinite(alpha), "conversion: alpha must be positive and finite, got ", alpha);
    require(sigma >= 0 && std::isfinite(sigma), "conversion: sigma must be at least 0 and finite, got ", sigma);
    require(scale > 0 && std::isfinite(scale), "conversion: scale must be positive and finite, got ", scale);
    if (from == to) return {1, 0};
    const bool singular = from == Prediction::data || to == Prediction::score;
    require(sigma > 0 || !singular, "conversion: sigma must be positive from data and to a score, got 0");
    Conversion c = regular(of_score(from), of_score(to), alpha, sigma, scale);
    if (from == Prediction::score) c.of_value *= -sigma;
    if (to == Prediction::score) c = {-c.of_value / sigma, -c.of_x / sigma};
    return c;
}

Conversion conversion(Prediction from, Prediction to, const Schedule& schedule, double t) {
    const auto* law = mean_reverting(schedule);
    return conversion(from, to, schedule.alpha(t), schedule.sigma(t), law ? law->sinf() : 1.0);
}

void convert(ConstView value, ConstView x, const Schedule& schedule, std::span<const double> t, Prediction from, Prediction to,
             ConstView mean, View out) {
    check_rows("value", value, x);
    check_rows("out", {out.data, out.rows, out.cols}, x);
    const auto times = static_cast<std::int64_t>(t.size());
    require(times == 1 || times == x.rows, "convert: t must hold 1 or n = ", x.rows, " times, got ", times);
    require(mean.rows == 0 || mean_reverting(schedule), "convert: mean belongs to a mean-reverting schedule");
    const bool fits = mean.rows == 0 || ((mean.rows == 1 || mean.rows == x.rows) && mean.cols == x.cols);
    require(fits, "convert: mean must have shape (1, ", x.cols, ") or that of x, got (", mean.rows, ", ", mean.cols, ")");
    Conversion c{};
    for (std::int64_t i = 0; i < x.rows; ++i) {
        if (i < times) c = conversion(from, to, schedule, t[static_cast<std::size_t>(i)]);
        for (std::int64_t j = 0; j < x.cols; ++j) {
            const double mu = mean.rows == 0 ? 0.0 : mean(mean.rows == 1 ? 0 : i, j);
            const double given = value(i, j) - (from == Prediction::data ? mu : 0.0);
            out(i, j) = c.of_value * given + c.of_x * (x(i, j) - mu) + (to == Prediction::data ? mu : 0.0);
        }
    }
}

}  // namespace buffon::diffusion
