#include <buffon/kernel_list.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace kernel {
namespace {

/// A fixed number of operands stays in registers: each number is read once and written once.
template <int K, class T>
void combine_terms(T* out, const T* const* in, const double* weights, double offset, const double* noise, double noise_weight,
                   std::int64_t n) {
    const T* from[K];
    double w[K];
    for (int k = 0; k < K; ++k) {
        from[k] = in[k];
        w[k] = weights[k];
    }
    if (noise != nullptr) {
#pragma GCC ivdep
        for (std::int64_t i = 0; i < n; ++i) {
            double sum = offset;
            for (int k = 0; k < K; ++k) sum += w[k] * static_cast<double>(from[k][i]);
            out[i] = static_cast<T>(sum + noise_weight * noise[i]);
        }
        return;
    }
#pragma GCC ivdep
    for (std::int64_t i = 0; i < n; ++i) {
        double sum = offset;
        for (int k = 0; k < K; ++k) sum += w[k] * static_cast<double>(from[k][i]);
        out[i] = static_cast<T>(sum);
    }
}

constexpr std::int64_t piece = 512;

/// Any number of operands, through partial sums of a piece.
template <class T>
void combine_many(T* out, const T* const* in, std::int64_t count, const double* weights, double offset, const double* noise,
                  double noise_weight, std::int64_t n) {
    double sum[piece];
    for (std::int64_t first = 0; first < n; first += piece) {
        const std::int64_t m = n - first < piece ? n - first : piece;
        for (std::int64_t i = 0; i < m; ++i) sum[i] = offset;
        for (std::int64_t k = 0; k < count; ++k) {
            const T* from = in[k] + first;
            for (std::int64_t i = 0; i < m; ++i) sum[i] += weights[k] * static_cast<double>(from[i]);
        }
        if (noise != nullptr)
            for (std::int64_t i = 0; i < m; ++i) sum[i] += noise_weight * noise[first + i];
        for (std::int64_t i = 0; i < m; ++i) out[first + i] = static_cast<T>(sum[i]);
    }
}

template <class T>
void combine_any(T* out, const T* const* in, std::int64_t count, const double* weights, double offset, const double* noise,
                 double noise_weight, std::int64_t n) {
    switch (count) {
        case 1: return combine_terms<1>(out, in, weights, offset, noise, noise_weight, n);
        case 2: return combine_terms<2>(out, in, weights, offset, noise, noise_weight, n);
        case 3: return combine_terms<3>(out, in, weights, offset, noise, noise_weight, n);
        case 4: return combine_terms<4>(out, in, weights, offset, noise, noise_weight, n);
        case 5: return combine_terms<5>(out, in, weights, offset, noise, noise_weight, n);
        case 6: return combine_terms<6>(out, in, weights, offset, noise, noise_weight, n);
        case 7: return combine_terms<7>(out, in, weights, offset, noise, noise_weight, n);
        case 8: return combine_terms<8>(out, in, weights, offset, noise, noise_weight, n);
        case 9: return combine_terms<9>(out, in, weights, offset, noise, noise_weight, n);
        default: return combine_many(out, in, count, weights, offset, noise, noise_weight, n);
    }
}

template <class T>
void combine_columns_any(T* out, const T* const* in, std::int64_t count, const double* weights, const double* offset,
                         const double* noise, const double* noise_weight, std::int64_t rows, std::int64_t cols) {
    double sum[piece];
    for (std::int64_t first = 0; first < cols; first += piece) {
        const std::int64_t m = cols - first < piece ? cols - first : piece;
        for (std::int64_t r = 0; r < rows; ++r) {
            const std::int64_t at = r * cols + first;
            for (std::int64_t j = 0; j < m; ++j) sum[j] = offset[first + j];
            for (std::int64_t k = 0; k < count; ++k) {
                const T* from = in[k] + at;
                const double* w = weights + k * cols + first;
                for (std::int64_t j = 0; j < m; ++j) sum[j] += w[j] * static_cast<double>(from[j]);
            }
            if (noise != nullptr)
                for (std::int64_t j = 0; j < m; ++j) sum[j] += noise_weight[first + j] * noise[at + j];
            for (std::int64_t j = 0; j < m; ++j) out[at + j] = static_cast<T>(sum[j]);
        }
    }
}

}  // namespace

void combine(double* out, const double* const* in, std::int64_t count, const double* weights, double offset, const double* noise,
             double noise_weight, std::int64_t n) {
    combine_any(out, in, count, weights, offset, noise, noise_weight, n);
}

void combine_single(float* out, const float* const* in, std::int64_t count, const double* weights, double offset,
                    const double* noise, double noise_weight, std::int64_t n) {
    combine_any(out, in, count, weights, offset, noise, noise_weight, n);
}

void combine_columns(double* out, const double* const* in, std::int64_t count, const double* weights, const double* offset,
                     const double* noise, const double* noise_weight, std::int64_t rows, std::int64_t cols) {
    combine_columns_any(out, in, count, weights, offset, noise, noise_weight, rows, cols);
}

void combine_columns_single(float* out, const float* const* in, std::int64_t count, const double* weights, const double* offset,
                            const double* noise, const double* noise_weight, std::int64_t rows, std::int64_t cols) {
    combine_columns_any(out, in, count, weights, offset, noise, noise_weight, rows, cols);
}

}  // namespace kernel
}  // namespace BUFFON_ISA
}  // namespace buffon
