#include <buffon/kernel_list.hpp>
#include <buffon/vecmath_sine.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace {

/// y = sin x1 + a sin^2 x2 + b x3^4 sin x1, for one of the two sines of vecmath.
template <class Sine>
void ishigami(const double* x, std::int64_t stride, std::int64_t n, double a, double b, double* __restrict y, const Sine& sine) {
    for (std::int64_t i = 0; i < n; ++i) {
        const double s = sine(x[i]), r = sine(x[stride + i]), square = x[2 * stride + i] * x[2 * stride + i];
        y[i] = s + a * r * r + b * square * square * s;
    }
}

bool moderate(const double* x, std::int64_t n) {
    bool all = true;
    for (std::int64_t i = 0; i < n; ++i) all &= vecmath::absolute(x[i]) <= vecmath::moderate_angle;
    return all;
}

}  // namespace

namespace kernel {

void ishigami(const double* x, std::int64_t stride, std::int64_t n, double a, double b, double* y) {
    if (moderate(x, n) && moderate(x + stride, n))
        BUFFON_ISA::ishigami(x, stride, n, a, b, y, [](double angle) { return vecmath::moderate_sin(angle); });
    else
        BUFFON_ISA::ishigami(x, stride, n, a, b, y, [](double angle) { return vecmath::sin(angle); });
}

}  // namespace kernel
}  // namespace BUFFON_ISA
}  // namespace buffon
