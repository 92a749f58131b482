/// Tables of hot loops besides that of kernels.cpp, each once per instruction set: which one belongs to a level.
#include <string_view>

#include <buffon/assign_kernels.hpp>
#include <buffon/metric_kernels.hpp>

namespace buffon {

#ifdef BUFFON_X86_64
namespace v2 {
extern const AssignKernels assign_table;
extern const MetricKernels metric_table;
}
namespace v3 {
extern const AssignKernels assign_table;
extern const MetricKernels metric_table;
}
namespace v4 {
extern const AssignKernels assign_table;
extern const MetricKernels metric_table;
}

namespace {

template <class Table>
const Table& of_level(std::string_view level, const Table& v2, const Table& v3, const Table& v4) {
    return level == "v4" ? v4 : level == "v3" ? v3 : v2;
}

}  // namespace

const AssignKernels& assign_kernels(const Kernels& level) {
    return of_level(level.level, v2::assign_table, v3::assign_table, v4::assign_table);
}

const MetricKernels& metric_kernels(const Kernels& level) {
    return of_level(level.level, v2::metric_table, v3::metric_table, v4::metric_table);
}
#else
inline namespace baseline {
extern const AssignKernels assign_table;
extern const MetricKernels metric_table;
}

const AssignKernels& assign_kernels(const Kernels&) { return assign_table; }

const MetricKernels& metric_kernels(const Kernels&) { return metric_table; }
#endif

}  // namespace buffon
