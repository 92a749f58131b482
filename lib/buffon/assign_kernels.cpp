#include <buffon/assign_kernels.hpp>

#include <string_view>

namespace buffon {

#ifdef BUFFON_X86_64
namespace v2 {
extern const AssignKernels assign_table;
}
namespace v3 {
extern const AssignKernels assign_table;
}
namespace v4 {
extern const AssignKernels assign_table;
}
#else
inline namespace baseline {
extern const AssignKernels assign_table;
}
#endif

const AssignKernels& assign_kernels([[maybe_unused]] const Kernels& level) {
#ifdef BUFFON_X86_64
    const std::string_view name = level.level;
    return name == "v4" ? v4::assign_table : name == "v3" ? v3::assign_table : v2::assign_table;
#else
    return assign_table;
#endif
}

}  // namespace buffon
