#include <buffon/kernels.hpp>

#include <buffon/check.hpp>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <string_view>

namespace buffon {

#ifdef BUFFON_X86_64
namespace v2 {
extern const Kernels table;
}
namespace v3 {
extern const Kernels table;
}
namespace v4 {
extern const Kernels table;
}
#else
inline namespace baseline {
extern const Kernels table;
}
#endif

std::vector<const Kernels*> available_kernels() {
#ifdef BUFFON_X86_64
    std::vector<const Kernels*> all{&v2::table};
    if (__builtin_cpu_supports("x86-64-v3")) all.push_back(&v3::table);
    if (__builtin_cpu_supports("x86-64-v4")) all.push_back(&v4::table);
    return all;
#else
    return {&table};
#endif
}

namespace {

const Kernels& choose() {
    const auto all = available_kernels();
    const char* asked = std::getenv("BUFFON_ISA");
    if (asked == nullptr || *asked == '\0') return *all.back();
    const std::string_view levels[] = {"v2", "v3", "v4"};
    const auto* found = std::ranges::find(levels, asked);
    require(found != std::end(levels), "BUFFON_ISA must be v2, v3 or v4, got ", asked);
    return *all[std::min(static_cast<std::size_t>(found - levels), all.size() - 1)];
}

constexpr double infinity = std::numeric_limits<double>::infinity();

}  // namespace

const Kernels& kernels() {
    static const Kernels& chosen = choose();
    return chosen;
}

const char* isa_level() { return kernels().level; }

void subtract_products(ConstView x, ConstView b, View r, const Kernels& use) {
    assert(x.rows == r.rows && x.cols == b.rows && b.cols == r.cols);
    std::vector<double> panels(static_cast<std::size_t>((b.cols + 7) / 8 * 8 * b.rows));
    for (std::int64_t k = 0; k < b.rows; ++k)
        for (std::int64_t e = 0; e < b.cols; ++e) panels[static_cast<std::size_t>((e / 8 * b.rows + k) * 8 + e % 8)] = b(k, e);
    use.subtract_products(x.data, panels.data(), r.data, x.rows, x.cols, r.cols);
}

void exp_rows(View x, std::span<const double> shift, const Kernels& use) {
    assert(static_cast<std::int64_t>(shift.size()) == x.rows);
    use.exp_rows(x.data, shift.data(), x.rows, x.cols);
}

std::vector<double> mixture_ratios(View log_g, std::span<const double> alpha, const Kernels& use) {
    assert(static_cast<std::int64_t>(alpha.size()) == log_g.cols);
    std::vector<double> offset, log_q(static_cast<std::size_t>(log_g.rows)), sum(log_q.size());
    for (const double share : alpha) offset.push_back(share > 0 ? 0.0 : -infinity);
    use.mixture_rows(log_g.data, log_g.rows, log_g.cols, alpha.data(), offset.data(), log_q.data(), sum.data());
    for (std::size_t i = 0; i < log_q.size(); ++i) log_q[i] += sum[i] > 0 ? std::log(sum[i]) : -infinity;
    return log_q;
}

}  // namespace buffon
