/// The devices that Buffon can compute on: the processor always, CUDA devices where libbuffon_cuda lies beside libbuffon.
/// That library is opened when it is first asked for; everything works without it, without a driver and without a device.
#pragma once

#include <string>
#include <vector>

namespace buffon {

/// What was found, in words: the names of the CUDA devices, or why there is none.
std::string cuda_status();

/// "cpu", then "cuda:0", "cuda:1", ...
std::vector<std::string> available_devices();

}  // namespace buffon
