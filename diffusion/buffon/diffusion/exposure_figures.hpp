/// What tells a sampler's states from noised data, each from n independent rows: a value, and what every row adds to
/// it, from which
/// the errors follow, those of comparisons too. Not installed.
#pragma once

#include <span>
#include <vector>

#include <buffon/view.hpp>

namespace buffon::diffusion {

/// value - expectation is the mean of `rows`, up to terms of order 1 / n.
struct Figure {
    double value = 0.0;
    std::vector<double> rows;      // (n), of mean 0
    bool squared = false;          // a squared distance: `value` is `raw` less its bias, and may be negative
    double raw = 0.0, bias = 0.0;

    double variance() const;       // of the value
};

/// Mean over the rows.
Figure mean_figure(std::vector<double> values);
/// mean(a) / mean(b), of independent a and b, n numbers each.
Figure ratio_figure(const std::vector<double>& a, const std::vector<double>& b);

/// tr Cov(x) / variance, x (n, d).
Figure variance_ratio(ConstView x, double variance);
/// E|x|^2 / moment.
Figure moment_ratio(ConstView x, double moment);
/// |E x - mean|^2; `raw` and `bias` as the mean's own noise has them.
Figure mean_shift(ConstView x, std::span<const double> mean);
/// (s - sigma)^2 with s the mean over the coordinates of the standard deviation of the errors e (n, d).
/// Source: Ning, Li, Su, Salah, Onal Ertugrul, ICLR 2024, arXiv:2308.15321: delta_t.
Figure spread_gap(ConstView e, double sigma);
/// Energy distance 2 E|X - Y| - E|X - X'| - E|Y - Y'| to as many rows y of the other law. own_y (n): sums of |y_j - y_k| over k.
Figure energy_gap(ConstView x, ConstView y, const std::vector<double>& own_y, int threads);
/// Sums of the distances of each row to the others.
std::vector<double> own_distances(ConstView y, int threads);

}  // namespace buffon::diffusion
