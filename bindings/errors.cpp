/// Errors and interruptions of a run as Python exceptions, with what was finished.
#include <exception>
#include <string>

#include <pybind11/stl.h>

#include <buffon/errors.hpp>
#include <buffon/estimate.hpp>

#include "arrays.hpp"
#include "python_model.hpp"

using namespace buffon;
namespace py = pybind11;

namespace {

using binder::PythonError;

void set_unfinished(const py::object& error, const Unfinished& stopped) {
    error.attr("sample") = py::cast(stopped.sample);
    error.attr("partial") = stopped.partial ? py::cast(*stopped.partial) : py::none();
}

/// What a std::exception_ptr holds as a Python exception object.
py::object python_exception(const std::exception_ptr& cause) {
    if (!cause) return py::none();
    try {
        std::rethrow_exception(cause);
    } catch (const PythonError& error) {
        return python_exception(error.cause);
    } catch (py::error_already_set& error) {
        if (error.trace()) PyException_SetTraceback(error.value().ptr(), error.trace().ptr());   // before 3.12 they are apart
        return error.value();
    } catch (...) {
        return py::none();
    }
}

}  // namespace

void bind_errors(py::module_& m) {
    static py::handle model_error = py::exception<ModelError>(m, "ModelError", PyExc_RuntimeError).release();
    model_error.attr("__doc__") =
        "The model raised, gave the wrong shape, NaN or infinity.\n\nindex: number of the first offending point; "
        "point: its inputs;\n"
        "sample: finished batches (the first 32 MB of them; all with keep='sample'); partial: the Estimate from them, "
        "or None.\n\n"
        "With keep='state' the partial of plain and quasi goes on where it stopped, bf.extend(error.partial, problem, "
        "budget=...),\n"
        "as if nothing had happened. Any run asks for the same points when it is called again with "
        "rng=error.partial.rng_key:\n"
        "with a model that looks up points that it knows (docs/data.md) nothing is evaluated twice.";
    py::register_exception_translator([](std::exception_ptr p) {
        if (!p) return;
        try {
            std::rethrow_exception(p);
        } catch (const ModelError& error) {
            const py::object value = model_error(error.what());
            value.attr("index") = error.index;
            value.attr("point") = binder::from_vector(error.point);
            set_unfinished(value, error);
            value.attr("__cause__") = python_exception(error.cause);
            PyErr_SetObject(model_error.ptr(), value.ptr());
        } catch (const Interrupted& stopped) {
            const py::object value = python_exception(stopped.cause);
            if (value.is_none()) {
                PyErr_SetString(PyExc_KeyboardInterrupt, "interrupted");
                return;
            }
            set_unfinished(value, stopped);
            PyErr_SetObject(py::type::of(value).ptr(), value.ptr());
        } catch (const PythonError& error) {   // outside a run: problem(x)
            const py::object value = python_exception(error.cause);
            PyErr_SetObject(py::type::of(value).ptr(), value.ptr());
        }
    });
}
