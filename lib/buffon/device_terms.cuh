/// What device_terms.cu makes of device_terms.hpp, for the table.
#pragma once

#include <buffon/device_terms.hpp>

namespace buffon::device {

const char* uniforms(int device, const UniformAt* term, std::int64_t n, double* out);
const char* g_function_moments(int device, const GFunctionAt* term, std::int64_t n, double* mean, double* scatter);

}  // namespace buffon::device
