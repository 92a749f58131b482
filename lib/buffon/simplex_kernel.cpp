#include <buffon/kernel_list.hpp>
#include <buffon/lanes.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace {

Lanes load_up_to(const double* from, std::int64_t count) { return count >= 8 ? Lanes::load(from) : load_part(from, count); }

/// q a of `count` rows.
template <std::int64_t count>
void mixtures(const double* q, std::int64_t k, const double* a, double* out) {
    Lanes total[count];
    for (auto& lanes : total) lanes = Lanes::all(0.0);
    for (std::int64_t j = 0; j < k; j += 8) {
        const Lanes share = Lanes::load(a + j);
        for (std::int64_t i = 0; i < count; ++i) total[i] += load_up_to(q + i * k + j, k - j) * share;
    }
    for (std::int64_t i = 0; i < count; ++i) out[i] = sum(total[i]);
}

/// Adds `count` rows to F and to g, row after row.
template <std::int64_t count>
void add_rows(const double* q, const double* c, std::int64_t k, const double* a, double& f, double* g) {
    double factor[count];
    mixtures<count>(q, k, a, factor);
    for (std::int64_t i = 0; i < count; ++i) {
        const double inverse = 1.0 / factor[i];
        const double term = c[i] * inverse;   // never 1 / (q a)^2 by itself: it overflows
        f += term;
        factor[i] = term * inverse;
    }
    for (std::int64_t j = 0; j < k; j += 8) {
        Lanes slope = Lanes::load(g + j);
        for (std::int64_t i = 0; i < count; ++i) slope += Lanes::all(factor[i]) * load_up_to(q + i * k + j, k - j);
        slope.store(g + j);
    }
}

}  // namespace

double kernel::simplex_pass(const double* q, const double* c, std::int64_t n, std::int64_t k, const double* a, double* g) {
    constexpr std::int64_t together = 4;
    for (std::int64_t j = 0; j < k; j += 8) Lanes::all(0.0).store(g + j);
    double f = 0.0;
    std::int64_t i = 0;
    for (; i + together <= n; i += together) add_rows<together>(q + i * k, c + i, k, a, f, g);
    for (; i < n; ++i) add_rows<1>(q + i * k, c + i, k, a, f, g);
    return f;
}

}  // namespace BUFFON_ISA
}  // namespace buffon
