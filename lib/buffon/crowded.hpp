/// Why a table of costs has no assignment. Not installed.
#pragma once

#include <string>

#include <buffon/cost_lines.hpp>

namespace buffon {

/// Lines that have fewer allowed places together than they are (Hall's theorem), in words, of costs for which `match` finds nothing:
/// "rows 0, 1 have 1 allowed column together".
std::string why_none(const CostLines& costs);

}  // namespace buffon
