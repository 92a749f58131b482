/// Least squares of many responses on common regressors from their sums: one pass over the data, then a K x K problem.
#pragma once

#include <cstdint>

#include <buffon/view.hpp>

namespace buffon {

/// Sums over rows of regressors x (n, K) and responses t (n, J): mergeable and subtractable.
struct CrossProducts {
    double n = 0;
    std::vector<double> x;   // (K)    sum of x
    std::vector<double> t;   // (J)    sum of t
    Matrix xx;               // (K, K) sum of x x'
    Matrix xt;               // (K, J) sum of x t'

    CrossProducts() = default;
    CrossProducts(std::int64_t regressors, std::int64_t responses);
    /// Adds rows; x (n, K), t (n, J).
    void add(ConstView x, ConstView t, int threads = 1);
    void merge(const CrossProducts& other);
    void subtract(const CrossProducts& other);
};

/// Coefficients b (K, J) of t on [1, x]. Regressors are centred and scaled to unit norm; directions of their
/// correlation matrix fade
/// out about an eigenvalue of cut^2 times the largest (whole from ten times that on, dropped below a tenth), so
/// collinear regressors
/// share their coefficient and a few rows more change none of them much. A regressor without variance gets 0.
Matrix regress(const CrossProducts& sums, double cut = 1e-2);

}  // namespace buffon
