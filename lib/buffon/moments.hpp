/// Mean and covariance of the rows of tables that arrive in blocks; blocks merge without loss.
/// Source: Chan, Golub, LeVeque (1983), pairwise update of centred sums.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/columns.hpp>
#include <buffon/view.hpp>

namespace buffon {

struct Moments {
    std::int64_t n = 0;
    std::vector<double> mean;   // (m)
    Matrix scatter;             // (m, m): sum over rows of (y - mean)(y - mean)'

    Moments() = default;
    /// Of one block of rows y (n, m), in two passes.
    explicit Moments(ConstView y);
    /// The same by columns, y (n, m), whose means are subtracted there.
    static Moments of_columns(Columns y);

    void merge(const Moments& other);

    /// Sample covariance of a row (divisor n - 1). @throw std::invalid_argument for n < 2.
    Matrix covariance() const;
};

/// (m) excess kurtosis of each column of y (n, m), Fisher's unbiased ratio of cumulants; 0 for fewer than four rows or a
/// constant column. The sample variance of n such numbers has relative variance 2 / (n - 1) + kurtosis / n.
/// Source: Joanes & Gill (1998), G2.
std::vector<double> excess_kurtosis(ConstView y);

}  // namespace buffon
