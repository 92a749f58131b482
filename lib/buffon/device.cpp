#include <buffon/device.hpp>

#include <buffon/device_library.hpp>

namespace buffon {
namespace {

struct Devices {
    int count = 0;
    std::string problem;   // empty where there are devices
};

Devices cuda_devices() {
    const DeviceLibrary& library = device_library();
    if (library.table == nullptr) return {0, library.problem};
    Devices found;
    if (const char* problem = library.table->count(&found.count)) return {0, problem};
    return found;
}

std::string description(int device) {
    const char* text = nullptr;
    const char* problem = device_library().table->describe(device, &text);
    return problem != nullptr ? problem : text;
}

std::string name(int device) { return "cuda:" + std::to_string(device); }

}  // namespace

std::string cuda_status() {
    const Devices found = cuda_devices();
    std::string text = found.problem;
    for (int i = 0; i < found.count; ++i) text += (i > 0 ? ", " : "") + name(i) + " " + description(i);
    return text;
}

std::vector<std::string> available_devices() {
    std::vector<std::string> names{"cpu"};
    const int count = cuda_devices().count;
    for (int i = 0; i < count; ++i) names.push_back(name(i));
    return names;
}

}  // namespace buffon
