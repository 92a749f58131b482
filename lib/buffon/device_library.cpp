#include <buffon/device_library.hpp>

#include <dlfcn.h>

namespace buffon {
namespace {

/// The file name of libbuffon_cuda, in the folder of the library or program that this function is in.
std::string beside_this() {
    Dl_info here;
    if (dladdr(reinterpret_cast<const void*>(&beside_this), &here) == 0) return "libbuffon_cuda.so";
    const std::string file = here.dli_fname;
    const auto slash = file.rfind('/');
    return (slash == std::string::npos ? "." : file.substr(0, slash)) + "/libbuffon_cuda.so";
}

/// What dlopen or dlsym says after a failure.
std::string complaint() {
    const char* text = dlerror();
    return text != nullptr ? text : "unknown failure";
}

}  // namespace

/// Never closed: the CUDA runtime in it must outlive whatever it started.
DeviceLibrary DeviceLibrary::open(const std::string& path) {
    void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return {nullptr, "no CUDA library (it is built where nvcc is found): " + complaint()};
    void* symbol = dlsym(library, device_table_function);
    if (symbol == nullptr) return {nullptr, "not a CUDA library of Buffon: " + complaint()};
    const DeviceTable* table = reinterpret_cast<const DeviceTable* (*)()>(symbol)();
    if (table->version != DeviceTable::this_version || table->size != sizeof(DeviceTable))
        return {nullptr, path + " has version " + std::to_string(table->version) + ", libbuffon needs version " +
                             std::to_string(DeviceTable::this_version) + ": install the two together"};
    return {table, ""};
}

const DeviceLibrary& device_library() {
    static const DeviceLibrary opened = DeviceLibrary::open(beside_this());
    return opened;
}

}  // namespace buffon
