/// A Python model of arrays of torch, CuPy or JAX as a model on a device.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <pybind11/pybind11.h>

#include <buffon/device_model.hpp>

#include "convert.hpp"

namespace binder {

/// @throw ValueError for another kind of arrays.
void check_arrays(const std::string& kind);
/// The model for NumPy's arrays.
py::object on_processor(const py::object& model, const std::string& kind);
/// The model, or functions of its output, for rows of a device, with the score of its output, if any: the GIL is taken
/// once per batch.
std::shared_ptr<const buffon::DeviceModel> array_model(py::object model, std::vector<Callable> functionals,
                                                       std::vector<Callable> score, const std::string& kind,
                                                       std::int64_t dim);

}  // namespace binder
