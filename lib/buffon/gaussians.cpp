#include <buffon/gaussians.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/linalg.hpp>
#include <buffon/normal_functions.hpp>

namespace buffon {
namespace {

/// Points that are whitened together: their coordinates lie side by side, so that the compiler works on several at once.
constexpr std::int64_t lanes = 64;

/// One component at `lanes` points, coordinate-major in z (d, lanes).
void distances(const double* whiten, const double* centre, std::int64_t d, const double* z, double* out) {
    std::fill(out, out + lanes, 0.0);
    for (std::int64_t r = 0; r < d; ++r) {
        double y[lanes];
        std::fill(y, y + lanes, -centre[r]);
        for (std::int64_t s = 0; s <= r; ++s) {
            const double a = *whiten++;
            const double* column = z + s * lanes;
            for (std::int64_t l = 0; l < lanes; ++l) y[l] += a * column[l];
        }
        for (std::int64_t l = 0; l < lanes; ++l) out[l] += y[l] * y[l];
    }
}

}  // namespace

void Gaussian::place(double* z) const {
    multiply_lower(factor, z);
    for (std::size_t j = 0; j < mean.size(); ++j) z[j] += mean[j];
}

Gaussians::Gaussians(const std::vector<Gaussian>& components) : d_(components.empty() ? 0 : components.front().dim()) {
    for (const auto& g : components) {
        Matrix inverse(d_, d_);
        std::vector<double> unit(static_cast<std::size_t>(d_));
        for (std::int64_t c = 0; c < d_; ++c) {
            std::ranges::fill(unit, 0.0);
            unit[static_cast<std::size_t>(c)] = 1.0;
            solve_lower(g.factor, unit.data());
            for (std::int64_t r = 0; r < d_; ++r) inverse(r, c) = unit[static_cast<std::size_t>(r)];
        }
        for (std::int64_t r = 0; r < d_; ++r) {
            double centre = 0.0;
            for (std::int64_t s = 0; s <= r; ++s) {
                whiten_.push_back(inverse(r, s));
                centre += inverse(r, s) * g.mean[static_cast<std::size_t>(s)];
            }
            centres_.push_back(centre);
        }
        constants_.push_back(-0.5 * log_determinant(g.factor) - static_cast<double>(d_) * half_log_two_pi);
    }
}

void Gaussians::log_density(ConstView z, View out, std::int64_t first) const {
    std::vector<double> columns(static_cast<std::size_t>(d_ * lanes));
    double distance[lanes];
    for (std::int64_t start = 0; start < z.rows; start += lanes) {
        const std::int64_t count = std::min(lanes, z.rows - start);
        for (std::int64_t l = 0; l < count; ++l)
            for (std::int64_t j = 0; j < d_; ++j) columns[static_cast<std::size_t>(j * lanes + l)] = z(start + l, j);
        for (std::int64_t k = 0; k < size(); ++k) {
            const auto triangle = static_cast<std::size_t>(k * d_ * (d_ + 1) / 2);
            distances(whiten_.data() + triangle, centres_.data() + k * d_, d_, columns.data(), distance);
            const double constant = constants_[static_cast<std::size_t>(k)];
            for (std::int64_t l = 0; l < count; ++l) out(start + l, first + k) = constant - 0.5 * distance[l];
        }
    }
}

}  // namespace buffon
