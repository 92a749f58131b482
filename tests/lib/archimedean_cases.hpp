/// What is checked of every Archimedean copula.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <doctest/doctest.h>

#include <buffon/normal_functions.hpp>
#include <buffon/stream.hpp>
#include <buffon/view.hpp>

#include "copula_oracle.hpp"

namespace archimedean_cases {

using buffon::Matrix;

template <class C>
double log_density(const C& copula, const std::vector<double>& z) {
    double out = 0.25;
    copula.add_log_density({z.data(), 1, copula.dim()}, {&out, 1});
    return out - 0.25;
}

/// Scores of d coordinates: moderate, together in either tail, apart.
inline std::vector<std::vector<double>> places(std::int64_t d) {
    std::vector<std::vector<double>> out;
    for (const auto& pattern : std::vector<std::vector<double>>{{0.3, -0.7, 1.1, 0.2, -0.4},
                                                                {-8, -7.5, -8.2, -7.9, -8},
                                                                {8, 7.5, 8.2, 7.9, 8},
                                                                {-3, 2, -6, 0.5, 4},
                                                                {5, -0.1, 0.1, 8, 2}})
        out.emplace_back(pattern.begin(), pattern.begin() + d);
    return out;
}

template <class C>
void check_density(const C& copula, const oracle::Cdf& cdf, double tolerance) {
    for (const auto& z : places(copula.dim())) {
        const double want = oracle::log_density(cdf, z), got = log_density(copula, z);
        CAPTURE(copula.theta());
        CAPTURE(copula.dim());
        CAPTURE(z[0]);
        CAPTURE(got);
        CAPTURE(want);
        CHECK(std::abs(got - want) < tolerance * (1 + std::abs(want)));
    }
}

/// The score of the last coordinate given the others, from the nearer tail of the conditional probability.
template <class C>
void check_conditional(const C& copula, const oracle::Cdf& cdf, double tolerance) {
    for (const auto& z : places(copula.dim())) {
        const auto want = oracle::conditional(cdf, z);
        Matrix row(1, copula.dim());
        row.data = z;
        copula.decorrelate(row);
        const double score = row.data.back();
        CAPTURE(copula.theta());
        CAPTURE(copula.dim());
        CAPTURE(z[0]);
        CAPTURE(score);
        const bool low = want.below < want.above;
        const double log_p = static_cast<double>(log(low ? want.below : want.above));
        CHECK(std::abs(buffon::normal_log_cdf(low ? score : -score) - log_p) < tolerance * (1 + std::abs(log_p)));
    }
}

/// decorrelate undoes correlate, in far tails too.
template <class C>
double round_trip_error(const C& copula, double reach) {
    double worst = 0;
    Matrix z(400, copula.dim());
    for (std::int64_t i = 0; i < z.rows; ++i)
        for (std::int64_t j = 0; j < z.cols; ++j)
            z(i, j) = reach * (2 * buffon::Stream{3, 0}.uniform(i, static_cast<std::uint32_t>(j)) - 1);
    const Matrix before = z;
    copula.correlate(z);
    copula.decorrelate(z);
    for (std::size_t i = 0; i < z.data.size(); ++i) worst = std::max(worst, std::abs(z.data[i] - before.data[i]));
    return worst;
}

/// Scores made by `correlate` are normal, and have Kendall's tau; those of another copula are not taken back to independent ones.
template <class C>
void check_sample(const C& copula) {
    const int n = 20'000;
    Matrix z(2 * n, copula.dim());
    for (std::int64_t i = 0; i < z.rows; ++i)
        for (std::int64_t j = 0; j < z.cols; ++j)
            z(i, j) = buffon::normal_quantile(buffon::Stream{8, 0}.uniform(i, static_cast<std::uint32_t>(j)));
    copula.correlate(z);
    const auto last = copula.dim() - 1;
    double first = 0, second = 0, concordance = 0;
    for (int i = 0; i < 2 * n; ++i) first += z(i, last), second += z(i, last) * z(i, last);
    for (int i = 0; i < n; ++i)
        concordance += (z(2 * i, 0) - z(2 * i + 1, 0)) * (z(2 * i, last) - z(2 * i + 1, last)) > 0 ? 1 : -1;
    CAPTURE(copula.theta());
    CHECK(std::abs(first) < 5 * std::sqrt(2.0 * n));
    CHECK(std::abs(second - 2 * n) < 5 * std::sqrt(4.0 * n));
    const double tau = copula.kendall_tau();
    CHECK(std::abs(concordance / n - tau) < 5 * std::sqrt((1 - tau * tau) / n));
}

}  // namespace archimedean_cases
