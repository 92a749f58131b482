/// Work that is handed to a device by its name, one of available_devices(): the same bits on each. Not installed.
#pragma once

#include <cstdint>
#include <string>

#include <buffon/device_terms.hpp>
#include <buffon/moments.hpp>
#include <buffon/view.hpp>

namespace buffon::on_device {

/// Rows `first`, `first + 1`, ... of the table stream.uniform(index, component).
/// @throw std::invalid_argument for a device that is not there; std::runtime_error when it fails.
void uniforms(const std::string& device, const Stream& stream, std::int64_t first, View out);

/// Moments of term(0), ..., term(n - 1).   @throw as above.
Moments moments(const std::string& device, const GFunctionAt& term, std::int64_t n);

}  // namespace buffon::on_device
