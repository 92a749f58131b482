#include <buffon/kernel_list.hpp>
#include <buffon/vecmath_normal.hpp>
#include <buffon/vecmath_sine.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace {

template <class F>
inline void map(double* x, std::int64_t n, const F& f) {
    for (std::int64_t i = 0; i < n; ++i) x[i] = f(x[i]);
}

constexpr std::int64_t block = 256;

template <class F>
inline void for_blocks(double* x, std::int64_t n, const F& f) {
    for (std::int64_t first = 0; first < n; first += block) f(x + first, n - first < block ? n - first : block);
}

/// Blocks that hold no huge angle, the rule, need no branch.
template <class Moderate, class Any>
inline void map_angles(double* x, std::int64_t n, const Moderate& moderate, const Any& any) {
    for_blocks(x, n, [&](double* y, std::int64_t count) {
        int huge = 0;
        for (std::int64_t i = 0; i < count; ++i) huge |= !(vecmath::absolute(y[i]) <= vecmath::moderate_angle);
        if (huge != 0) map(y, count, any);
        else map(y, count, moderate);
    });
}

/// The tails, 15 % of uniform numbers, are collected and get their own loop.
inline void quantile_block(double* p, std::int64_t n) {
    std::int32_t where[block];
    double tail[block];
    std::int64_t tails = 0;
    for (std::int64_t i = 0; i < n; ++i) {
        where[tails] = static_cast<std::int32_t>(i);
        tails += !(vecmath::absolute(p[i] - 0.5) <= vecmath::central_width);
    }
    for (std::int64_t k = 0; k < tails; ++k) tail[k] = p[where[k]];
    const std::int64_t filled = (tails + 7) / 8 * 8;   // whole registers
    for (std::int64_t k = tails; k < filled; ++k) tail[k] = 0.0;
    map(p, n, [](double v) { return vecmath::central_quantile(v); });
    map(tail, filled, [](double v) { return vecmath::signed_tail_quantile(v); });
    for (std::int64_t k = 0; k < tails; ++k) p[where[k]] = tail[k];
}

}  // namespace

void kernel::exps(double* x, std::int64_t n) { map(x, n, [](double v) { return vecmath::exp(v); }); }
void kernel::expm1s(double* x, std::int64_t n) { map(x, n, [](double v) { return vecmath::expm1(v); }); }
void kernel::logs(double* x, std::int64_t n) { map(x, n, [](double v) { return vecmath::log(v); }); }
void kernel::log1ps(double* x, std::int64_t n) { map(x, n, [](double v) { return vecmath::log1p(v); }); }
void kernel::erfcs(double* x, std::int64_t n) { map(x, n, [](double v) { return vecmath::erfc(v); }); }
void kernel::normal_cdfs(double* x, std::int64_t n) { map(x, n, [](double v) { return vecmath::normal_cdf(v); }); }

void kernel::sines(double* x, std::int64_t n) {
    map_angles(x, n, [](double v) { return vecmath::moderate_sin(v); }, [](double v) { return vecmath::sin(v); });
}

void kernel::cosines(double* x, std::int64_t n) {
    map_angles(x, n, [](double v) { return vecmath::moderate_cos(v); }, [](double v) { return vecmath::cos(v); });
}

void kernel::normal_quantiles(double* p, std::int64_t n) { for_blocks(p, n, quantile_block); }

}  // namespace BUFFON_ISA
}  // namespace buffon
