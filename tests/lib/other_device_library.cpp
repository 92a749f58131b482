/// A library as libbuffon_cuda would be if it came from another version of Buffon.
#include <buffon/device_library.hpp>

extern "C" const buffon::DeviceTable* buffon_device_table() {
    static const buffon::DeviceTable table{.version = buffon::DeviceTable::this_version + 1};
    return &table;
}
