#include "rng.hpp"

#include <buffon/evaluation.hpp>

namespace py = pybind11;

namespace {

std::uint64_t key_of_int(py::handle rng, const std::string& name) {
    const std::uint64_t key = PyLong_AsUnsignedLongLong(rng.ptr());
    if (PyErr_Occurred()) {
        PyErr_Clear();
        throw py::value_error(name + " must be an integer in 0 ... 2**64 - 1, got " + py::repr(rng).cast<std::string>());
    }
    return key;
}

}  // namespace

std::uint64_t rng_key(py::handle rng, const std::string& function) {
    const std::string name = function.empty() ? "rng" : function + ": rng";
    if (rng.is_none()) return buffon::fresh_key();
    if (PyIndex_Check(rng.ptr()) && !PyBool_Check(rng.ptr()))
        return key_of_int(py::module_::import("operator").attr("index")(rng), name);
    const py::module_ np = py::module_::import("numpy");
    const py::object uint64 = np.attr("uint64");
    if (py::hasattr(rng, "generate_state")) return rng.attr("generate_state")(1, uint64).attr("item")(0).cast<std::uint64_t>();
    if (py::hasattr(rng, "random_raw")) return rng.attr("random_raw")().cast<std::uint64_t>();
    if (py::isinstance(rng, np.attr("random").attr("Generator")))
        return rng.attr("bit_generator").attr("random_raw")().cast<std::uint64_t>();
    throw py::type_error(name + " must be an int, numpy Generator, SeedSequence or None, got " +
                         py::type::of(rng).attr("__name__").cast<std::string>());
}
