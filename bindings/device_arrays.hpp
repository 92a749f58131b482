/// Arrays on a CUDA device, as denoisers, laws and metrics take them: no copy, on the caller's stream.
#pragma once

#include <string>

#include <pybind11/pybind11.h>

#include <buffon/device_array.hpp>
#include <buffon/diffusion/denoiser.hpp>
#include <buffon/distribution.hpp>

namespace binder {

namespace py = pybind11;

/// Whether x says where its numbers lie on a device.
bool on_device(py::handle x);

/// An array (n, d), torch's, CuPy's or JAX's, where it lies; it must outlive the result.
buffon::DeviceArray device_array(py::handle x, const std::string& what);

/// E[x0 | x] as a new array of the kind of x. sigma and condition are numbers or arrays of the host.
/// @param function as messages name it
py::object denoise_on_device(const std::string& function, const buffon::diffusion::Denoiser& model, py::handle x,
                             py::handle sigma, py::handle condition);

/// out = sum_k weights_k in_k, all of one shape and dtype on one device: an update of a solver, for its benchmark.
void combine_on_device(py::handle out, const py::list& in, const std::vector<double>& weights);

/// log density of a Gaussian or a mixture of them at the rows of x (n, d), float64: a new array (n,), or (n, K) of the
/// components.
py::object log_density_on_device(const buffon::Distribution& law, py::handle x, bool each);

}  // namespace binder
