#include <buffon/kernel_list.hpp>
#include <buffon/lanes.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace kernel {

double centre(double* x, std::int64_t n, double* square) {
    const std::int64_t whole = n - n % 8;
    Lanes total = Lanes::all(0.0);
    for (std::int64_t i = 0; i < whole; i += 8) total += Lanes::load(x + i);
    if (whole < n) total += load_part(x + whole, n - whole);
    const double mean = sum(total) / static_cast<double>(n);
    const Lanes shift = Lanes::all(mean);
    Lanes squares = Lanes::all(0.0);
    for (std::int64_t i = 0; i < whole; i += 8) {
        Lanes gap = Lanes::load(x + i);
        gap -= shift;
        gap.store(x + i);
        squares += gap * gap;
    }
    for (std::int64_t i = whole; i < n; ++i) x[i] -= mean;
    if (whole < n) {
        const Lanes gap = load_part(x + whole, n - whole);
        squares += gap * gap;
    }
    *square = sum(squares);
    return mean;
}

double dot_product(const double* a, const double* b, std::int64_t n) {
    const std::int64_t whole = n - n % 8;
    Lanes total = Lanes::all(0.0);
    for (std::int64_t i = 0; i < whole; i += 8) total += Lanes::load(a + i) * Lanes::load(b + i);
    if (whole < n) total += load_part(a + whole, n - whole) * load_part(b + whole, n - whole);
    return sum(total);
}

}  // namespace kernel
}  // namespace BUFFON_ISA
}  // namespace buffon
