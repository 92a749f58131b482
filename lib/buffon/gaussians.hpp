/// K Gaussian densities at n points at once: the hot loop of adaptive importance sampling. Not installed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <buffon/view.hpp>

namespace buffon {

/// N(mean, factor factor') with a lower triangular factor.
struct Gaussian {
    std::vector<double> mean;
    Matrix factor;

    std::int64_t dim() const { return static_cast<std::int64_t>(mean.size()); }
    /// z <- mean + factor z for one row of standard normal coordinates.
    void place(double* z) const;
};

class Gaussians {
public:
    explicit Gaussians(const std::vector<Gaussian>& components);

    std::int64_t size() const { return size_; }
    /// log density of component k at row i of z (n, d) into out(i, first + k).
    void log_density(ConstView z, View out, std::int64_t first = 0) const;

private:
    std::int64_t size_;
    std::int64_t d_;
    std::vector<double> groups_;   // see kernel::gaussian_log_density
};

}  // namespace buffon
