#include <buffon/metric_kernels.hpp>

#include <string_view>

namespace buffon {

#ifdef BUFFON_X86_64
namespace v2 {
extern const MetricKernels metric_table;
}
namespace v3 {
extern const MetricKernels metric_table;
}
namespace v4 {
extern const MetricKernels metric_table;
}
#else
inline namespace baseline {
extern const MetricKernels metric_table;
}
#endif

const MetricKernels& metric_kernels([[maybe_unused]] const Kernels& level) {
#ifdef BUFFON_X86_64
    const std::string_view name = level.level;
    return name == "v4" ? v4::metric_table : name == "v3" ? v3::metric_table : v2::metric_table;
#else
    return metric_table;
#endif
}

}  // namespace buffon
