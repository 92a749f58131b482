/// Sobol' indices in Python.
#include <pybind11/stl.h>

#include <buffon/indices.hpp>

#include "arrays.hpp"

using namespace buffon;
namespace py = pybind11;

namespace {

bool has_second_order(const Indices& s) { return s.second_order.size() > 0; }

/// All of it again from its joint estimate.
py::dict pickled_indices(const Indices& s) {
    py::dict out;
    out["groups"] = s.groups;
    out["outputs"] = s.outputs;
    out["second_order"] = has_second_order(s);
    out["joint"] = s.joint;
    return out;
}

Indices unpickled_indices(const py::dict& state) {
    return indices_of(state["joint"].cast<Estimate>(), state["groups"].cast<std::vector<std::string>>(),
                      state["outputs"].cast<std::vector<std::string>>(), state["second_order"].cast<bool>());
}

/// Of each growth before the last: n, then values, lows and highs of the joint estimate; (growths, 1 + 3 values).
py::object growth(const Indices& s) {
    if (!s.joint.state || !s.joint.state->tables.contains("history")) return py::none();
    return binder::from_matrix(s.joint.state->tables.at("history"));
}

}  // namespace

void bind_indices(py::module_& m) {
    m.def("_with_error", &with_error, py::arg("value"), py::arg("std_error"));
    py::class_<Indices>(m, "Indices",
                        "Sobol' indices: shares of an output's variance, with the covariance of their errors.",
                        py::dynamic_attr())
        .def_readonly("groups", &Indices::groups, "Names of the inputs, or of their groups.")
        .def_readonly("outputs", &Indices::outputs, "Names of the outputs.")
        .def_readonly("first_order", &Indices::first_order,
                      "Estimate named by input (\"x1\", or \"x1: y\" of several outputs): the share that goes once "
                      "this input is known.")
        .def_readonly("total_order", &Indices::total_order,
                      "Estimate named by input: the share that stays as long as this input is not known; never less "
                      "than its first order.")
        .def_property_readonly(
            "second_order", [](const Indices& s) { return has_second_order(s) ? &s.second_order : nullptr; },
            "Estimate named by pairs (\"x1, x2\"): what two do only together; None unless it was asked for.")
        .def_readonly("aggregated", &Indices::aggregated,
                      "Estimate of all outputs together, \"first order of x1\", ..., \"total order of x1\", ...: "
                      "shares of the sum of their variances.")
        .def_readonly("joint", &Indices::joint,
                      "All of these in one Estimate, for contrasts and transformations: \"total order of x1\", ...")
        .def_property_readonly(
            "n", [](const Indices& s) { return s.joint.n; }, "Model evaluations spent.")
        .def_property_readonly(
            "n_failed", [](const Indices& s) { return s.joint.n_failed; },
            "Evaluations that failed; rows that hold one are left out.")
        .def_property_readonly(
            "rng_key", [](const Indices& s) { return s.joint.rng_key; }, "Pass it as rng to replay the run.")
        .def_property_readonly(
            "diagnostics", [](const Indices& s) { return s.joint.diagnostics; },
            "What the estimator saw: a dict, see `sobol`.")
        .def_property_readonly(
            "warnings", [](const Indices& s) { return s.joint.warnings; },
            "In plain words, what makes the intervals doubtful.")
        .def_property_readonly(
            "sample", [](const Indices& s) { return s.joint.sample ? &*s.joint.sample : nullptr; },
            "Every evaluation, if the run was told keep='sample'.")
        .def(
            "_with_joint",
            [](const Indices& s, const Estimate& joint) {
                return indices_of(joint, s.groups, s.outputs, has_second_order(s));
            },
            py::arg("joint"))
        .def_property_readonly("_growth", &growth)
        .def_static("_from_state", &unpickled_indices)
        .def(py::pickle(&pickled_indices, &unpickled_indices));
}
