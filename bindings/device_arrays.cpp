#include "device_arrays.hpp"

#include <cmath>
#include <cstdint>
#include <variant>
#include <vector>

#include <pybind11/stl.h>

#include <buffon/check.hpp>
#include <buffon/device_buffer.hpp>
#include <buffon/diffusion/device_denoiser.hpp>
#include <buffon/gaussians.hpp>

#include "convert.hpp"
#include "denoisers.hpp"

using namespace buffon;
using namespace buffon::diffusion;

namespace binder {
namespace {

py::module_ array_helper() { return py::module_::import("buffon._device_arrays"); }

struct Place {
    void* data;
    std::int64_t rows, cols;
    Number number;
    DeviceQueue queue;
};

Number number_of(int bytes) { return bytes == 8 ? Number::float64 : bytes == 4 ? Number::float32 : Number::float16; }

Place look(py::handle x, const std::string& what, const py::object& dim, bool halves = false) {
    const py::tuple found = array_helper().attr("look")(x, what, dim, halves);
    return {reinterpret_cast<void*>(found[0].cast<std::uintptr_t>()),
            found[1].cast<std::int64_t>(),
            found[2].cast<std::int64_t>(),
            number_of(found[3].cast<int>()),
            {.device = found[4].cast<int>(), .stream = reinterpret_cast<void*>(found[5].cast<std::uintptr_t>())}};
}
Place look(py::handle x, const std::string& what, std::int64_t dim) { return look(x, what, py::int_(dim)); }

/// Components and the logarithms of their shares.
std::vector<Gaussian> gaussians_of(const Distribution& law, std::vector<double>& log_share) {
    const auto of = [](const MultivariateNormal& normal) { return Gaussian{normal.mean(), normal.factor()}; };
    if (const auto* one = std::get_if<MultivariateNormal>(&law.law())) {
        log_share = {0.0};
        return {of(*one)};
    }
    const auto* mixture = std::get_if<Mixture>(&law.law());
    require(mixture != nullptr, "log_density: of arrays on a device only MultivariateNormal and Mixture compute there");
    std::vector<Gaussian> all;
    for (const MultivariateNormal& component : mixture->components()) all.push_back(of(component));
    for (const double w : mixture->weights()) log_share.push_back(std::log(w));
    return all;
}

}  // namespace

bool on_device(py::handle x) {
    PyObject* const where = PyObject_GetAttrString(x.ptr(), "__cuda_array_interface__");
    Py_XDECREF(where);
    if (where != nullptr) return true;
    const bool refused = !PyErr_ExceptionMatches(PyExc_AttributeError);   // by torch, of what has a gradient: `look` says so
    PyErr_Clear();
    return refused && py::hasattr(x, "device");
}

DeviceArray device_array(py::handle x, const std::string& what) {
    const Place at = look(x, what, py::none());
    return {at.queue, at.data, at.number == Number::float32, at.rows, at.cols};
}

py::object denoise_on_device(const std::string& function, const Denoiser& model, py::handle x, py::handle sigma,
                             py::handle condition) {
    const Place from = look(x, function + ": x", model.dim());
    require(device_library().table != nullptr, function, ": x lies on a device; CUDA: ", device_library().problem);
    require(static_cast<bool>(model.traits().on_device), function, ": ", model.traits().name,
            " computes on the CPU only, x lies on a device");
    const Array levels = to_noise_levels(function, sigma, from.rows);
    const std::vector<std::int64_t> labels = to_labels(function, condition, from.rows);
    const std::span<const double> given(levels.data(), static_cast<std::size_t>(levels.size()));
    model.check(given, labels, from.rows);
    const py::object result = array_helper().attr("like")(x, function + ": x");
    if (from.rows == 0) return result;
    const Place to = look(result, function, model.dim());
    const py::gil_scoped_release release;
    const DeviceBuffer sigmas = given.size() > 1 ? DeviceBuffer::of(from.queue, given) : DeviceBuffer();
    const DeviceBuffer classes = DeviceBuffer::of(from.queue, std::span<const std::int64_t>(labels));
    model.traits().on_device(from.queue)({from.queue,
                                          {.x = from.data,
                                           .out = to.data,
                                           .number = from.number,
                                           .rows = from.rows,
                                           .sigma = given[0],
                                           .sigmas = sigmas.as<double>(),
                                           .labels = classes.as<std::int64_t>()},
                                          given,
                                          labels});
    return result;
}

py::object log_density_on_device(const Distribution& law, py::handle x, bool each) {
    const Place from = look(x, "log_density: x", law.dim());
    require(device_library().table != nullptr, "log_density: x lies on a device; CUDA: ", device_library().problem);
    if (from.number != Number::float64) throw py::type_error("log_density: x must be float64 on a device, got float32");
    std::vector<double> log_share;
    const Gaussians gaussians(gaussians_of(law, log_share));
    const py::object columns = each ? py::object(py::int_(gaussians.size())) : py::none();
    const py::object result = array_helper().attr("table")(x, columns, "log_density: x");
    if (from.rows == 0) return result;
    const auto out = reinterpret_cast<double*>(array_helper().attr("address")(result).cast<std::uintptr_t>());
    const py::gil_scoped_release release;
    const DeviceBuffer groups = DeviceBuffer::of(from.queue, std::span<const double>(gaussians.groups())),
                       shares = DeviceBuffer::of(from.queue, std::span<const double>(log_share));
    const DeviceLogDensities what{.of = {law.dim(), gaussians.size(), groups.as<double>()},
                                  .z = static_cast<const double*>(from.data),
                                  .rows = from.rows,
                                  .log_share = each ? nullptr : shares.as<double>(),
                                  .out = out};
    device_check(from.queue, device_library().table->log_densities(&from.queue, &what));
    return result;
}

void combine_on_device(py::handle out, const py::list& in, const std::vector<double>& weights) {
    require(in.size() == weights.size() && in.size() <= DeviceCombine::max_terms, "combine: one weight for each operand");
    const auto cols = out.attr("shape").cast<std::vector<std::int64_t>>().at(1);
    const Place to = look(out, "combine: out", py::int_(cols), true);
    DeviceCombine c;
    c.out = to.data;
    c.out_number = c.in_number = to.number;
    c.terms = static_cast<std::int32_t>(in.size());
    c.rows = to.rows;
    c.cols = cols;
    for (std::size_t k = 0; k < in.size(); ++k) {
        const Place from = look(in[k], "combine: in", py::int_(cols), true);
        require(from.rows == to.rows && from.number == to.number && from.queue.device == to.queue.device,
                "combine: operands must be alike");
        c.in[k] = from.data;
        c.weight[k] = weights[k];
    }
    device_check(to.queue, device_library().table->combine(&to.queue, &c));
}

}  // namespace binder
