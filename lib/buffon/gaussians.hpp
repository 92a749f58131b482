/// K Gaussian or Student densities at n points at once: the hot loop of adaptive importance sampling. Not installed.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include <buffon/view.hpp>

namespace buffon {

/// N(mean, factor factor') with a lower triangular factor. With finite `degrees` of freedom the multivariate Student law of
/// that location and scale matrix: the normal law with its deviation divided by sqrt(chi^2 / degrees).
struct Gaussian {
    std::vector<double> mean;
    Matrix factor;
    double degrees = std::numeric_limits<double>::infinity();

    std::int64_t dim() const { return static_cast<std::int64_t>(mean.size()); }
    bool heavy() const { return degrees < std::numeric_limits<double>::infinity(); }
    /// z <- mean + factor z for one row of standard normal coordinates; of a Student law, v in (0, 1) gives its chi^2.
    void place(double* z, double v = 0.5) const;
};

class Gaussians {
public:
    explicit Gaussians(const std::vector<Gaussian>& components);

    std::int64_t size() const { return size_; }
    /// log density of component k at row i of z (n, d) into out(i, first + k).
    void log_density(ConstView z, View out, std::int64_t first = 0) const;
    /// The same of components `from`, `from + 1`, ..., a multiple of 8 and up, as many as out has columns.
    void log_density_of(std::int64_t from, ConstView z, View out) const;

    /// The numbers of all components as kernel::gaussian_log_density takes them; of Student laws they are not all.
    const std::vector<double>& groups() const { return groups_; }

private:
    void write(std::int64_t from, std::int64_t count, ConstView z, View out, std::int64_t first) const;

    std::int64_t size_;
    std::int64_t d_;
    std::vector<double> groups_;   // see kernel::gaussian_log_density
    std::vector<double> log_norm_, power_, inverse_degrees_;   // see kernel::student_log_density; none when all are Gaussian
};

}  // namespace buffon
