#include <buffon/device_library.hpp>

#include <doctest/doctest.h>

#include "test_paths.hpp"

using namespace buffon;

namespace {

bool mentions(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("DeviceLibrary: a file that is not there is named, and how one gets it") {
    const auto library = DeviceLibrary::open("/nowhere/libbuffon_cuda.so");
    CHECK(library.table == nullptr);
    CHECK(mentions(library.problem, "built where nvcc is found"));
    CHECK(mentions(library.problem, "/nowhere/libbuffon_cuda.so"));
}

TEST_CASE("DeviceLibrary: a library without the table is refused") {
    const auto library = DeviceLibrary::open("libc.so.6");
    CHECK(library.table == nullptr);
    CHECK(mentions(library.problem, "buffon_device_table"));
}

TEST_CASE("DeviceLibrary: a table of another version is refused, and both versions are named") {
    const auto library = DeviceLibrary::open(BUFFON_OTHER_DEVICE_LIBRARY);
    CHECK(library.table == nullptr);
    CHECK(mentions(library.problem, "has version " + std::to_string(DeviceTable::this_version + 1)));
    CHECK(mentions(library.problem, "needs version " + std::to_string(DeviceTable::this_version)));
}

TEST_CASE("device_library: opened once; it has a table or says why not") {
    const auto& library = device_library();
    CHECK(&library == &device_library());
    CHECK((library.table == nullptr) == !library.problem.empty());
    if (library.table == nullptr) return;
    CHECK(library.table->version == DeviceTable::this_version);
    int devices = 0;
    const bool found = library.table->count(&devices) == nullptr;
    CHECK(found == (devices > 0));
}
