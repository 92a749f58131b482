#include <buffon/gaussians.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>

#include <boost/math/special_functions/gamma.hpp>

#include <buffon/elementary.hpp>
#include <buffon/kernels.hpp>
#include <buffon/linalg.hpp>
#include <buffon/normal_functions.hpp>

namespace buffon {
namespace {

Matrix inverse_lower(const Matrix& factor) {
    Matrix inverse(factor.rows, factor.rows);
    std::vector<double> unit(static_cast<std::size_t>(factor.rows));
    for (std::int64_t c = 0; c < factor.rows; ++c) {
        std::ranges::fill(unit, 0.0);
        unit[static_cast<std::size_t>(c)] = 1.0;
        solve_lower(factor, unit.data());
        for (std::int64_t r = 0; r < factor.rows; ++r) inverse(r, c) = unit[static_cast<std::size_t>(r)];
    }
    return inverse;
}

/// Numbers of one component: per row r of factor^-1 minus its product with the mean and its r + 1 entries; then
/// -log |factor| - d/2 log 2 pi, or 0 of a Student law.
std::int64_t packed_length(std::int64_t d) { return d + d * (d + 1) / 2 + 1; }

/// The numbers of g, eight places apart.
void pack(const Gaussian& g, double* to) {
    const Matrix inverse = inverse_lower(g.factor);
    for (std::int64_t r = 0; r < g.dim(); ++r) {
        double& centre = *to;
        double sum = 0.0;
        for (std::int64_t s = 0; s <= r; ++s) {
            *(to += 8) = inverse(r, s);
            sum += inverse(r, s) * g.mean[static_cast<std::size_t>(s)];
        }
        centre = -sum;
        to += 8;
    }
    *to = g.heavy() ? 0.0 : -0.5 * log_determinant(g.factor) - static_cast<double>(g.dim()) * half_log_two_pi;
}

/// log of the density of a Student law at its location.
double student_log_norm(const Gaussian& g) {
    const double half = 0.5 * g.degrees, d = static_cast<double>(g.dim()), log_pi = 2 * half_log_two_pi - elementary::log(2.0);
    return boost::math::lgamma(half + 0.5 * d) - boost::math::lgamma(half) - 0.5 * d * (elementary::log(g.degrees) + log_pi) -
           0.5 * log_determinant(g.factor);
}

}  // namespace

void Gaussian::place(double* z, double v) const {
    multiply_lower(factor, z);
    if (heavy()) {
        const double scale = std::sqrt(0.5 * degrees / boost::math::gamma_p_inv(0.5 * degrees, v));
        for (std::int64_t j = 0; j < dim(); ++j) z[j] *= scale;
    }
    for (std::size_t j = 0; j < mean.size(); ++j) z[j] += mean[j];
}

Gaussians::Gaussians(const std::vector<Gaussian>& components)
    : size_(static_cast<std::int64_t>(components.size())), d_(components.empty() ? 0 : components.front().dim()),
      groups_(static_cast<std::size_t>((size_ + 7) / 8 * 8 * packed_length(d_))) {
    for (std::size_t k = 0; k < components.size(); ++k)
        pack(components[k], groups_.data() + k / 8 * 8 * static_cast<std::size_t>(packed_length(d_)) + k % 8);
    if (std::ranges::none_of(components, &Gaussian::heavy)) return;
    for (const Gaussian& g : components) {
        log_norm_.push_back(g.heavy() ? student_log_norm(g) : 0.0);
        power_.push_back(g.heavy() ? 0.5 * (g.degrees + static_cast<double>(d_)) : 0.0);
        inverse_degrees_.push_back(1 / g.degrees);
    }
}

void Gaussians::log_density(ConstView z, View out, std::int64_t first) const {
    write(0, size_, z, out, first);
}

void Gaussians::log_density_of(std::int64_t from, ConstView z, View out) const {
    assert(from % 8 == 0 && from + out.cols <= size_);
    write(from, out.cols, z, out, 0);
}

void Gaussians::write(std::int64_t from, std::int64_t count, ConstView z, View out, std::int64_t first) const {
    assert(z.rows == out.rows && (count == 0 || z.cols == d_) && first + count <= out.cols);
    kernels().gaussian_log_density(groups_.data() + from * packed_length(d_), count, d_, z.data, z.rows,
                                   out.data + first, out.cols);
    if (!log_norm_.empty())
        kernels().student_log_density(out.data + first, z.rows, out.cols, count, log_norm_.data() + from, power_.data() + from,
                                      inverse_degrees_.data() + from);
}

}  // namespace buffon
