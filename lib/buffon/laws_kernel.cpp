#include <buffon/kernel_list.hpp>

namespace buffon {
inline namespace BUFFON_ISA {
namespace kernel {

/// From the nearer end, as Uniform::quantile.
void uniform_quantiles(double* x, std::int64_t n, double lower, double upper) {
    const double width = upper - lower;
    for (std::int64_t i = 0; i < n; ++i) {
        const double p = x[i], above = lower + width * p, below = upper - width * (1 - p);
        x[i] = p < 0.5 ? above : below;
    }
}

}  // namespace kernel
}  // namespace BUFFON_ISA
}  // namespace buffon
