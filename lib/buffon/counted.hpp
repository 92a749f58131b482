/// Numbers of things in words. Not installed.
#pragma once

#include <cstdint>
#include <string>

#include <buffon/text.hpp>

namespace buffon {

/// "1 row", "20,000 rows".
inline std::string counted(std::int64_t n, const std::string& noun) { return with_commas(n) + " " + noun + (n == 1 ? "" : "s"); }

}  // namespace buffon
