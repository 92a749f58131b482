/// Updates of states that are stored in half precision: sums in double in the order of kernel::combine, rounded to
/// float and then to
/// the half, as a device has it. Not installed.
#pragma once

#include <cstdint>

namespace buffon::diffusion {

/// One number of each for all coordinates (per_column = 0), or one for each of per_column coordinates: weights (terms,
/// per_column).
struct HalfCoefficients {
    const double* weights;
    const double* offset;
    const double* noise;
    std::int64_t terms, per_column;
};

/// out (rows, cols) = offset + sum_k weight_k in_k + noise xi; xi null: no noise.
template <class T>
void update_half(T* out, const T* const* in, const HalfCoefficients& c, const double* xi, std::int64_t rows, std::int64_t cols) {
    const std::int64_t width = c.per_column == 0 ? 1 : c.per_column;
    for (std::int64_t i = 0; i < rows * cols; ++i) {
        const std::int64_t j = c.per_column == 0 ? 0 : i % cols;
        double sum = c.offset[j];
        for (std::int64_t k = 0; k < c.terms; ++k) sum += c.weights[k * width + j] * static_cast<double>(in[k][i]);
        if (xi != nullptr) sum += c.noise[j] * xi[i];
        out[i] = static_cast<T>(sum);
    }
}

}  // namespace buffon::diffusion
