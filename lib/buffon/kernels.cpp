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
constexpr std::int64_t panel_rows = 128;   // two panels stay in the first cache

std::int64_t panels(std::int64_t columns) { return (columns + 7) / 8; }

/// At most `panel_rows` rows in panels of eight columns, filled up with zeros.
void put_panels(ConstView rows, std::vector<double>& slab) {
    slab.resize(static_cast<std::size_t>(panels(rows.cols) * 8 *
                                         panel_rows));   // zeros at first, and columns stay where they are
    const std::int64_t whole = rows.cols / 8 * 8;
    for (std::int64_t i = 0; i < rows.rows; ++i) {
        const double* from = rows.data + i * rows.cols;
        for (std::int64_t c = 0; c < whole; c += 8) std::copy_n(from + c, 8, slab.data() + c * panel_rows + i * 8);
        std::copy_n(from + whole, rows.cols - whole, slab.data() + whole * panel_rows + i * 8);
    }
}

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

void add_products(ConstView a, ConstView b, View sums, const Kernels& use) {
    assert(a.rows == b.rows && a.cols == sums.rows && b.cols == sums.cols);
    const std::int64_t left = panels(a.cols), right = panels(b.cols);
    Matrix all(left * 8, right * 8);
    std::vector<double> of_a, of_b;
    for (std::int64_t first = 0; first < a.rows; first += panel_rows) {
        const std::int64_t rows = std::min(panel_rows, a.rows - first);
        put_panels(a.slice(first, rows), of_a);
        put_panels(b.slice(first, rows), of_b);
        use.panel_cross(of_a.data(), of_b.data(), panel_rows, rows, left, right, all.data.data());
    }
    for (std::int64_t k = 0; k < sums.rows; ++k)
        for (std::int64_t e = 0; e < sums.cols; ++e) sums(k, e) += all(k, e);
}

Matrix signed_sums(ConstView r, const Kernels& use) {
    Matrix sums(4, r.cols);
    use.signed_sums(r.data, r.rows, r.cols, sums.data.data());
    return sums;
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
    std::vector<double> log_sum = sum;
    use.logs(log_sum.data(), static_cast<std::int64_t>(log_sum.size()));
    for (std::size_t i = 0; i < log_q.size(); ++i) log_q[i] += sum[i] > 0 ? log_sum[i] : -infinity;
    return log_q;
}

}  // namespace buffon
