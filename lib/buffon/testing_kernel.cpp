#include <buffon/kernel_list.hpp>
#include <buffon/vecmath_sine.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace {

/// sin x1 + a sin^2 x2 + b x3^4 sin x1, from the two sines.
inline double value(double s, double r, double x3, double a, double b) {
    const double square = x3 * x3;
    return s + a * r * r + b * square * square * s;
}

}  // namespace

/// Angles are almost never huge: the branch-free loop looks whether one was, by the sign of what is left to the limit.
void kernel::ishigami(const double* x, std::int64_t stride, std::int64_t n, double a, double b, double* y) {
    const double* x2 = x + stride;
    const double* x3 = x2 + stride;
    double* __restrict out = y;
    std::uint64_t signs = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        signs |= vecmath::bits_of(vecmath::moderate_angle - vecmath::absolute(x[i])) |
                 vecmath::bits_of(vecmath::moderate_angle - vecmath::absolute(x2[i]));
        out[i] = value(vecmath::moderate_sin(x[i]), vecmath::moderate_sin(x2[i]), x3[i], a, b);
    }
    if (signs >> 63 == 0) return;
    for (std::int64_t i = 0; i < n; ++i) out[i] = value(vecmath::sin(x[i]), vecmath::sin(x2[i]), x3[i], a, b);
}

}  // namespace BUFFON_ISA
}  // namespace buffon
