/// The extension module buffon._buffon.
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <buffon/config.hpp>
#include <buffon/device.hpp>
#include <buffon/kernels.hpp>
#include <buffon/parallel.hpp>
#include <buffon/text.hpp>

namespace py = pybind11;

void bind_errors(py::module_& m);
void bind_univariates(py::module_& m);
void bind_copulas(py::module_& m);
void bind_multivariates(py::module_& m);
void bind_fits(py::module_& m);
void bind_assign(py::module_& m);
void bind_sinkhorn(py::module_& m);
void bind_points(py::module_& m);
void bind_problem(py::module_& m);
void bind_sample(py::module_& m);
void bind_estimate(py::module_& m);
void bind_indices(py::module_& m);
void bind_estimators(py::module_& m);
void bind_diffusion(py::module_& m);
void bind_testing(py::module_& m);

PYBIND11_MODULE(_buffon, m) {
    m.attr("__version__") = BUFFON_VERSION;
    m.attr("registry") = py::dict();   // name -> (positional arguments, [(keyword, type, default, help), ...])
    m.def("_suggestion", &buffon::suggestion, py::arg("word"), py::arg("known"));
    m.def("_keyword_suggestion", &buffon::keyword_suggestion, py::arg("word"), py::arg("known"));
    m.def("isa_level", &buffon::isa_level, "Instruction set of the hot loops: 'v2', 'v3', 'v4' (of x86-64), or 'baseline'.");
    m.def("cuda_status", &buffon::cuda_status, py::call_guard<py::gil_scoped_release>(), R"doc(
The CUDA devices that were found, or why there is none, in words.

The CUDA side is a library of its own beside libbuffon, opened when it is first asked for.

Returns
-------
str
)doc");
    m.def("_isa_levels", [] {
        std::vector<std::string> levels;
        for (const auto* kernels : buffon::available_kernels()) levels.emplace_back(kernels->level);
        return levels;
    });
    m.def("_threads", &buffon::parallel::default_threads);
    bind_errors(m);
    bind_univariates(m);
    bind_copulas(m);
    bind_multivariates(m);
    bind_fits(m);
    bind_assign(m);
    bind_sinkhorn(m);
    bind_points(m);
    bind_problem(m);
    bind_sample(m);
    bind_estimate(m);
    bind_indices(m);
    bind_estimators(m);
    py::module_ diffusion = m.def_submodule("diffusion");
    diffusion.attr("registry") = py::dict();
    bind_diffusion(diffusion);
    py::module_ testing = m.def_submodule("testing");
    bind_testing(testing);
}
