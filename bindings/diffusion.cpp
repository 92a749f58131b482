// The diffusion layer in Python, file by file.
#include <pybind11/pybind11.h>

namespace py = pybind11;

void bind_gaussian_mixture(py::module_& m);
void bind_samplers(py::module_& m);
void bind_search(py::module_& m);
void bind_compensation(py::module_& m);
void bind_schedules(py::module_& m);
void bind_denoisers(py::module_& m);
void bind_transport(py::module_& m);
void bind_transport_step(py::module_& m);

void bind_diffusion(py::module_& m) {
    bind_schedules(m);
    bind_gaussian_mixture(m);
    bind_samplers(m);
    bind_search(m);
    bind_compensation(m);
    bind_denoisers(m);
    bind_transport(m);
    bind_transport_step(m);
}
