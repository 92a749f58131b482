#include <buffon/kernel_list.hpp>
#include <buffon/lanes.hpp>
#include <buffon/vecmath.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace {

constexpr double infinity = __builtin_huge_val();

/// Largest of x + offset; NaN does not count.
double largest(const double* x, const double* offset, std::int64_t n) {
    Lanes top = Lanes::all(-infinity);
    std::int64_t j = 0;
    for (; j + 8 <= n; j += 8) {
        Lanes v = Lanes::load(x + j);
        v += Lanes::load(offset + j);
        top = larger(v, top);
    }
    double t[8];
    top.store(t);
    for (int l = 0; j < n; ++j, ++l) t[l] = x[j] + offset[j] > t[l] ? x[j] + offset[j] : t[l];
    for (int half = 4; half > 0; half /= 2)
        for (int l = 0; l < half; ++l) t[l] = t[l + half] > t[l] ? t[l + half] : t[l];
    return t[0];
}

double dot(const double* a, const double* b, std::int64_t n) {
    Lanes total = Lanes::all(0.0);
    std::int64_t j = 0;
    for (; j + 8 <= n; j += 8) total += Lanes::load(a + j) * Lanes::load(b + j);
    total += load_part(a + j, n - j) * load_part(b + j, n - j);
    return sum(total);
}

}  // namespace

void kernel::exp_rows(double* x, const double* shift, std::int64_t rows, std::int64_t cols) {
    if (cols == 1) {
        for (std::int64_t i = 0; i < rows; ++i) x[i] = vecmath::exp(x[i] - shift[i]);
        return;
    }
    for (std::int64_t i = 0; i < rows; ++i, x += cols) {
        const double s = shift[i];
        for (std::int64_t j = 0; j < cols; ++j) x[j] = vecmath::exp(x[j] - s);
    }
}

void kernel::mixture_rows(double* log_g, std::int64_t n, std::int64_t k, const double* alpha, const double* offset, double* top,
                          double* sum) {
    for (std::int64_t i = 0; i < n; ++i, log_g += k) {
        const double t = top[i] = largest(log_g, offset, k);
        if (t == -infinity) {
            sum[i] = 0.0;
            for (std::int64_t j = 0; j < k; ++j) log_g[j] = 0.0;
            continue;
        }
        for (std::int64_t j = 0; j < k; ++j) {
            const double gap = log_g[j] - t;
            log_g[j] = vecmath::exp(gap > 700.0 ? 700.0 : gap);   // only where alpha = 0, and 0 * inf is NaN
        }
        sum[i] = dot(alpha, log_g, k);
        const double inverse = 1.0 / sum[i];
        for (std::int64_t j = 0; j < k; ++j) log_g[j] *= inverse;
    }
}

void kernel::power_sums(const double* x, std::int64_t n, double scale, double* result) {
    constexpr std::int64_t block = 4096;
    result[0] = result[1] = 0.0;
    for (std::int64_t first = 0; first < n; first += block) {
        const std::int64_t count = n - first < block ? n - first : block;
        double once[8] = {}, square[8] = {};
        for (std::int64_t i = 0; i + 8 <= count; i += 8)
            for (int l = 0; l < 8; ++l) {
                const double v = x[first + i + l] / scale;
                once[l] += v;
                square[l] += v * v;
            }
        for (std::int64_t i = count - count % 8; i < count; ++i) {
            const double v = x[first + i] / scale;
            once[i % 8] += v;
            square[i % 8] += v * v;
        }
        result[0] += sum(Lanes::load(once));
        result[1] += sum(Lanes::load(square));
    }
}

}  // namespace BUFFON_ISA
}  // namespace buffon
