/// Exact problems for tests of samplers, their start points, and the flow that a perfect solver would follow.
#pragma once

#include <buffon/diffusion/gaussian_mixture.hpp>
#include <buffon/diffusion/sample.hpp>
#include <buffon/diffusion/schedule.hpp>
#include <buffon/diffusion/table.hpp>
#include <buffon/normal_functions.hpp>
#include <buffon/view.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string>
#include <utility>
#include <vector>

namespace problems {

using namespace buffon::diffusion;
using buffon::Matrix;

inline GaussianMixture diagonal_mixture(std::vector<double> weights, Matrix means, const Matrix& sds) {
    std::vector<Matrix> covariances;
    for (std::int64_t k = 0; k < means.rows; ++k) {
        covariances.emplace_back(means.cols, means.cols);
        for (std::int64_t j = 0; j < means.cols; ++j) covariances.back()(j, j) = sds(k, j) * sds(k, j);
    }
    return {std::move(weights), std::move(means), std::move(covariances)};
}

/// One Gaussian, mean 1.2 and standard deviation 0.3.
inline GaussianMixture g1() {
    Matrix mean(1, 1, 1.2), sd(1, 1, 0.3);
    return diagonal_mixture({1.0}, mean, sd);
}

/// Five modes on a circle of radius 2.
inline GaussianMixture g2() {
    Matrix means(5, 2), sds(5, 2);
    std::vector<double> weights;
    for (int k = 0; k < 5; ++k) {
        weights.push_back(1 + k);
        means(k, 0) = 2 * std::cos(2 * std::numbers::pi * k / 5);
        means(k, 1) = 2 * std::sin(2 * std::numbers::pi * k / 5);
        sds(k, 0) = sds(k, 1) = 0.15 + 0.05 * k;
    }
    return diagonal_mixture(weights, means, sds);
}

/// Eight modes in 16 dimensions.
inline GaussianMixture g16() {
    Matrix means(8, 16), sds(8, 16);
    std::vector<double> weights;
    for (int k = 0; k < 8; ++k) {
        weights.push_back(1 + k % 3);
        for (int j = 0; j < 16; ++j) {
            means(k, j) = 1.5 * std::sin(1.7 * (k + 1) + 0.9 * (j + 1) * (k + 2));
            sds(k, j) = 0.2 + 0.05 * ((k + j) % 4);
        }
    }
    return diagonal_mixture(weights, means, sds);
}

/// Normal quantiles of the fractions of (i + 1) sqrt(prime_j): a fixed set like draws from N(0, I).
inline Matrix starts(std::int64_t n, std::int64_t d) {
    constexpr int primes[] = {2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53};
    Matrix x(n, d);
    for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < d; ++j) {
            const double v = static_cast<double>(i + 1) * std::sqrt(static_cast<double>(primes[j]));
            x(i, j) = buffon::normal_quantile(v - std::floor(v));
        }
    return x;
}

/// The probability-flow ODE dv/d(log rho) = v - D(v; rho) of v = x / alpha by classical Runge-Kutta, from time t to t_end.
inline Matrix flow(const GaussianMixture& model, const Schedule& schedule, const Matrix& x, double t, double t_end,
                   int steps = 10'000) {
    Matrix v = x;
    for (double& number : v.data) number /= schedule.alpha(t);
    const double u0 = -schedule.lambda(t), u1 = -schedule.lambda(t_end), h = (u1 - u0) / steps;
    const auto slope = [&](const Matrix& at, double u) {
        Matrix k(at.rows, at.cols);
        const double rho[] = {std::exp(u)};
        model.denoise(at, rho, k);
        for (std::size_t i = 0; i < k.data.size(); ++i) k.data[i] = at.data[i] - k.data[i];
        return k;
    };
    const auto moved = [](const Matrix& at, double by, const Matrix& k) {
        Matrix out = at;
        for (std::size_t i = 0; i < k.data.size(); ++i) out.data[i] += by * k.data[i];
        return out;
    };
    for (int s = 0; s < steps; ++s) {
        const double u = u0 + s * h;
        const Matrix k1 = slope(v, u), k2 = slope(moved(v, h / 2, k1), u + h / 2), k3 = slope(moved(v, h / 2, k2), u + h / 2),
                     k4 = slope(moved(v, h, k3), u + h);
        for (std::size_t i = 0; i < v.data.size(); ++i)
            v.data[i] += h / 6 * (k1.data[i] + 2 * k2.data[i] + 2 * k3.data[i] + k4.data[i]);
    }
    for (double& number : v.data) number *= schedule.alpha(t_end);
    return v;
}

/// The exact flow of g1 in closed form.
inline Matrix flow_of_g1(const Schedule& schedule, const Matrix& x, double t, double t_end) {
    const auto spread = [&](double at) { return std::hypot(schedule.alpha(at) * 0.3, schedule.sigma(at)); };
    Matrix out = x;
    for (double& v : out.data) v = schedule.alpha(t_end) * 1.2 + (v - schedule.alpha(t) * 1.2) * spread(t_end) / spread(t);
    return out;
}

/// Root mean square over the coordinates of each row, then the median of the rows.
inline double median_error(const Matrix& a, const Matrix& b) {
    std::vector<double> errors;
    for (std::int64_t i = 0; i < a.rows; ++i) {
        double sum = 0;
        for (std::int64_t j = 0; j < a.cols; ++j) sum += (a(i, j) - b(i, j)) * (a(i, j) - b(i, j));
        errors.push_back(std::sqrt(sum / static_cast<double>(a.cols)));
    }
    std::ranges::sort(errors);
    const std::size_t half = errors.size() / 2;
    return errors.size() % 2 == 1 ? errors[half] : (errors[half - 1] + errors[half]) / 2;
}

inline double rms_error(const Matrix& a, const Matrix& b) {
    double sum = 0;
    for (std::size_t i = 0; i < a.data.size(); ++i) sum += (a.data[i] - b.data[i]) * (a.data[i] - b.data[i]);
    return std::sqrt(sum / static_cast<double>(a.data.size()));
}

/// A solver's result from given starts.
inline Matrix solve(const Denoiser& model, const Table& table, const Matrix& x) {
    SampleOptions options;
    options.x = x;
    options.rng = 1;
    return sample(model, table, options).x;
}

}  // namespace problems
