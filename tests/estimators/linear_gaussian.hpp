/// b . x of normal x with any covariance: the model whose shares of variance are known in closed form.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <buffon/problem.hpp>
#include <buffon/view.hpp>

namespace buffon::testing {

struct LinearGaussian {
    std::vector<double> b;
    Matrix covariance;

    std::int64_t dim() const { return covariance.rows; }
    Problem problem() const {
        return {[b = b](std::span<const double> x) {
                    double y = 0;
                    for (std::size_t i = 0; i < b.size(); ++i) y += b[i] * x[i];
                    return y;
                },
                MultivariateNormal(std::vector<double>(b.size()), covariance)};
    }
    /// Var(E[y | x_u]) of the coordinates in the mask: c' S_uu^-1 c with c the covariances of x_u and y.
    double explained(std::uint64_t mask) const {
        std::vector<std::int64_t> u;
        for (std::int64_t i = 0; i < dim(); ++i)
            if (mask >> i & 1) u.push_back(i);
        const auto k = static_cast<std::int64_t>(u.size());
        Matrix a(k, k + 1);
        for (std::int64_t i = 0; i < k; ++i) {
            for (std::int64_t j = 0; j < k; ++j)
                a(i, j) = covariance(u[static_cast<std::size_t>(i)], u[static_cast<std::size_t>(j)]);
            for (std::int64_t j = 0; j < dim(); ++j)
                a(i, k) += covariance(u[static_cast<std::size_t>(i)], j) * b[static_cast<std::size_t>(j)];
        }
        double value = 0;   // elimination: the sum of squared pivotal right sides
        for (std::int64_t p = 0; p < k; ++p) {
            value += a(p, k) * a(p, k) / a(p, p);
            for (std::int64_t i = p + 1; i < k; ++i)
                for (std::int64_t j = k; j >= p; --j) a(i, j) -= a(i, p) / a(p, p) * a(p, j);
        }
        return value;
    }
    /// Shapley effects by all subsets.
    std::vector<double> effects() const {
        const std::int64_t d = dim();
        const std::uint64_t all = (std::uint64_t{1} << d) - 1;
        std::vector<double> phi(static_cast<std::size_t>(d)), weight(static_cast<std::size_t>(d));
        for (std::int64_t k = 0; k < d; ++k) {   // 1 / (d binomial(d - 1, k))
            double binomial = 1;
            for (std::int64_t j = 1; j <= k; ++j) binomial = binomial * static_cast<double>(d - j) / static_cast<double>(j);
            weight[static_cast<std::size_t>(k)] = 1 / (static_cast<double>(d) * binomial);
        }
        for (std::uint64_t u = 0; u <= all; ++u)
            for (std::int64_t i = 0; i < d; ++i)
                if (!(u >> i & 1))
                    phi[static_cast<std::size_t>(i)] += weight[static_cast<std::size_t>(__builtin_popcountll(u))] *
                                                        (explained(u | std::uint64_t{1} << i) - explained(u)) / explained(all);
        return phi;
    }
};

}  // namespace buffon::testing
