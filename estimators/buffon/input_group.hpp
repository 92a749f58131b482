/// Inputs that sensitivity indices take together.
#pragma once

#include <string>
#include <vector>

namespace buffon {

/// Inputs that are varied together.
struct InputGroup {
    std::string name;
    std::vector<std::string> inputs;
};

}  // namespace buffon
