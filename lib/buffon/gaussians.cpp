#include <buffon/gaussians.hpp>

#include <algorithm>
#include <cassert>

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
/// -log |factor| - d/2 log 2 pi.
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
    *to = -0.5 * log_determinant(g.factor) - static_cast<double>(g.dim()) * half_log_two_pi;
}

}  // namespace

void Gaussian::place(double* z) const {
    multiply_lower(factor, z);
    for (std::size_t j = 0; j < mean.size(); ++j) z[j] += mean[j];
}

Gaussians::Gaussians(const std::vector<Gaussian>& components)
    : size_(static_cast<std::int64_t>(components.size())), d_(components.empty() ? 0 : components.front().dim()),
      groups_(static_cast<std::size_t>((size_ + 7) / 8 * 8 * packed_length(d_))) {
    for (std::size_t k = 0; k < components.size(); ++k)
        pack(components[k], groups_.data() + k / 8 * 8 * static_cast<std::size_t>(packed_length(d_)) + k % 8);
}

void Gaussians::log_density(ConstView z, View out, std::int64_t first) const {
    assert(z.rows == out.rows && (size_ == 0 || z.cols == d_) && first + size_ <= out.cols);
    kernels().gaussian_log_density(groups_.data(), size_, d_, z.data, z.rows, out.data + first, out.cols);
}

}  // namespace buffon
