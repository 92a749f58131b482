#include <buffon/device.hpp>

#include <doctest/doctest.h>

#include <buffon/device_library.hpp>

using namespace buffon;

TEST_CASE("available_devices: the processor, then CUDA devices in order; cuda_status names them or says why there are none") {
    const auto devices = available_devices();
    const std::string status = cuda_status();
    MESSAGE(devices.size() << " device(s); CUDA: " << status);
    REQUIRE(!devices.empty());
    CHECK(devices[0] == "cpu");
    CHECK(!status.empty());
    for (std::size_t i = 1; i < devices.size(); ++i) {
        CHECK(devices[i] == "cuda:" + std::to_string(i - 1));
        CHECK(status.find(devices[i] + " ") != std::string::npos);
    }
    CHECK((status.find("cuda:0 ") != std::string::npos) == (devices.size() > 1));
}

TEST_CASE("cuda_status: without a library it says what is missing, with one it does not") {
    CHECK((cuda_status().find("no CUDA library") == 0) == (device_library().table == nullptr));
}
