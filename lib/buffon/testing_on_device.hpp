/// The device form of a testing model: the library of devices has it compiled. Not installed.
#pragma once

#include <memory>

#include <buffon/device_library.hpp>
#include <buffon/device_model.hpp>

namespace buffon::testing {

/// `name`: that of the type F, as device_models.cu has it. The library is opened when a run first names a device.
template <class F>
std::shared_ptr<const DeviceModel> on_device(F f, const char* name) {
    const auto functions = [name]() -> const DeviceFunctions* {
        const DeviceLibrary& library = device_library();
        return library.table != nullptr ? library.table->model(name) : nullptr;
    };
    return std::make_shared<const DeviceModel>(DeviceModel{F::inputs, 1, functions, std::make_shared<const F>(f), {}});
}

}  // namespace buffon::testing
