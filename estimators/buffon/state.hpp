/// What a finished run leaves behind for `extend` to go on from: plain numbers, so that files can hold it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include <buffon/view.hpp>

namespace buffon {

struct State {
    std::string estimator;                // the word; "control/quasi" of quasi under control
    std::vector<std::string> inputs;      // (d) names
    std::vector<std::string> outputs;     // (m) names, with those of known functions
    std::vector<std::uint64_t> laws;      // fingerprints: of the inputs, then of the laws in the options
    std::map<std::string, Matrix> tables; // sums and settings, as the estimator has it
};

}  // namespace buffon
