/// Problem in Python: its model, inputs, outputs and score as they are given.
#include <algorithm>
#include <string>
#include <vector>

#include <pybind11/stl.h>

#include <buffon/counted.hpp>
#include <buffon/problem.hpp>

#include "array_model.hpp"
#include "arrays.hpp"
#include "c_function.hpp"
#include "convert.hpp"
#include "python_model.hpp"
#include "salib.hpp"

using namespace buffon;
namespace py = pybind11;

namespace binder {
py::object from_distribution(const buffon::Distribution& law);
}

namespace {

using binder::Callable;
using binder::PythonModel;

Callable callable(py::handle f, const std::string& what) {
    if (!PyCallable_Check(f.ptr()))
        throw py::type_error("Problem: " + what + " must be callable, got " +
                             py::type::of(f).attr("__name__").cast<std::string>());
    return Callable(py::reinterpret_borrow<py::object>(f));
}

void read_outputs(py::handle outputs, std::vector<std::string>& names, std::vector<Callable>& functionals) {
    if (outputs.is_none()) return;
    if (py::isinstance<py::str>(outputs))
        throw py::type_error("Problem: outputs must be a list of names or a dict name -> function, got a str");
    if (py::isinstance<py::dict>(outputs)) {
        for (const auto& item : outputs.cast<py::dict>()) {
            names.push_back(py::str(item.first).cast<std::string>());
            functionals.push_back(callable(item.second, "outputs['" + names.back() + "']"));
        }
        if (names.empty()) throw py::value_error("Problem: outputs is an empty dict");
    } else {
        names = binder::convert<std::vector<std::string>>(outputs, "Problem", "outputs");
        if (names.empty()) throw py::value_error("Problem: outputs is an empty list");
    }
    for (std::size_t j = 0; j < names.size(); ++j)
        if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(j), names[j]) !=
            names.begin() + static_cast<std::ptrdiff_t>(j))
            throw py::value_error("Problem: output name '" + names[j] + "' appears twice");
}

std::vector<Callable> read_score(py::handle score) {
    std::vector<Callable> out;
    if (!score.is_none()) out.push_back(callable(score, "score"));
    return out;
}

Distribution read_inputs(py::handle inputs) {
    if (py::isinstance<py::dict>(inputs)) {
        const auto given = inputs.cast<py::dict>();
        if (given.contains("bounds") && given.contains("names")) return binder::from_salib(given);
        throw py::type_error("Problem: inputs must be a law; for a dict name -> law write Joint({...})");
    }
    if (py::isinstance<py::list>(inputs) || py::isinstance<py::tuple>(inputs))
        throw py::type_error("Problem: inputs must be a law; for a list of laws write Joint([...])");
    return binder::to_distribution(inputs, "Problem: inputs");
}

/// A compiled function: by itself it is called from all threads without the GIL. Python functions of its output take it
/// once per batch, in the thread of the caller.
Problem from_c_function(const binder::CFunction& f, py::object inputs, std::vector<std::string> names,
                        std::vector<Callable> functionals, std::vector<Callable> score) {
    const bool compiled = functionals.empty() && score.empty();
    const auto m = functionals.empty() && !names.empty() ? static_cast<std::int64_t>(names.size()) : 1;
    Problem whole = binder::c_problem(f, m, read_inputs(inputs), compiled ? names : std::vector<std::string>{});
    if (compiled) return whole;
    py::object batch = py::cpp_function([whole](const binder::Array& x) {
        const ConstView rows = binder::view_of(x);
        Outputs out;
        {
            const py::gil_scoped_release release;
            out = whole(rows);
        }
        return out.y.cols == 1 ? py::object(binder::from_vector(out.y.data)) : py::object(binder::from_matrix(out.y));
    });
    Distribution law = whole.inputs();
    Model model = PythonModel(std::move(batch), names, std::move(functionals), std::move(score), true);
    return Problem(std::move(model), std::move(law), std::move(names), false);
}

/// A model of arrays of torch, CuPy or JAX.
Problem from_array_model(const py::object& model, const std::string& kind, py::object inputs, std::vector<std::string> names,
                         const std::vector<Callable>& functionals, std::vector<Callable> score, bool vectorized) {
    binder::check_arrays(kind);
    if (!vectorized) throw py::value_error("Problem: vectorized must be True for a model of arrays");
    Model batch = PythonModel(binder::on_processor(model, kind), names, functionals, score, true);
    Problem problem(std::move(batch), read_inputs(inputs), std::move(names), false);
    return problem.with_device(binder::array_model(model, functionals, std::move(score), kind, problem.dim()));
}

Problem make_problem(py::object model, py::object inputs, py::object outputs, py::object score, bool vectorized,
                     py::object arrays) {
    std::vector<std::string> names;
    std::vector<Callable> functionals;
    if (!arrays.is_none()) {
        callable(model, "model");
        read_outputs(outputs, names, functionals);
        return from_array_model(model, binder::convert<std::string>(arrays, "Problem", "arrays"), std::move(inputs),
                                std::move(names), functionals, read_score(score), vectorized);
    }
    if (const auto compiled = binder::read_c_function(model)) {
        read_outputs(outputs, names, functionals);
        return from_c_function(*compiled, std::move(inputs), std::move(names), std::move(functionals), read_score(score));
    }
    callable(model, "model");
    read_outputs(outputs, names, functionals);
    Model batch = PythonModel(std::move(model), names, std::move(functionals), read_score(score), vectorized);
    return Problem(std::move(batch), read_inputs(inputs), std::move(names), false);
}

/// A problem's first output.
Problem first_output(const Problem& p) {
    return p.outputs().size() < 2 ? p : p.with_outputs({{p.outputs().front(), [](std::span<const double> y) { return y[0]; }}});
}

Problem make_exceedance(py::object model, py::object inputs, py::object thresholds, bool below, bool vectorized,
                        py::object arrays) {
    if (py::isinstance<Problem>(model)) {
        if (!inputs.is_none() || !vectorized || !arrays.is_none())
            throw py::type_error("exceedance: a problem has inputs of its own; give thresholds and below only");
        return exceedance(first_output(model.cast<const Problem&>()),
                          binder::convert_numbers(thresholds, "exceedance", "thresholds"), below);
    }
    return exceedance(make_problem(std::move(model), std::move(inputs), py::none(), py::none(), vectorized, std::move(arrays)),
                      binder::convert_numbers(thresholds, "exceedance", "thresholds"), below);
}

std::string text_of(const Problem& p) {
    std::string out = "Problem with " + counted(p.dim(), "input") + " (";
    const auto inputs = p.inputs().names();
    for (std::size_t j = 0; j < std::min<std::size_t>(inputs.size(), 8); ++j) out += (j ? ", " : "") + inputs[j];
    out += inputs.size() > 8 ? ", ...)" : ")";
    // labels say that events lie along borders between classes, where no adapted density goes (docs/failures.md)
    const bool labelled =
        std::ranges::any_of(p.outputs(), [](const std::string& name) { return name == "label" || name == "label 1"; });
    const std::string advice = labelled ? "Try bf.arcs(problem, thresholds=[...], budget=10_000, rng=1)"
                                        : "Try bf.aiscv(problem, budget=10_000, rng=1)";
    if (p.outputs().empty()) return out + "; outputs are named at the first evaluation. " + advice;
    out += " and " + counted(static_cast<std::int64_t>(p.outputs().size()), "output") + " (";
    for (std::size_t j = 0; j < std::min<std::size_t>(p.outputs().size(), 8); ++j) out += (j ? ", " : "") + p.outputs()[j];
    return out + (p.outputs().size() > 8 ? ", ...)" : ")") + ". " + advice;
}

py::array_t<double> evaluate(const Problem& p, py::object x) {
    const binder::Array rows = binder::to_rows(x, p.dim(), "x");
    const ConstView view = binder::view_of(rows);
    Outputs out;
    {
        const py::gil_scoped_release release;
        out = p(view);
    }
    return binder::from_matrix(out.y);
}

}  // namespace

void bind_problem(py::module_& m) {
    py::class_<Problem>(m, "Problem", py::dynamic_attr(), R"doc(A model with uncertain inputs.

Parameters
----------
model : callable or compiled function
    x (n, d) -> y (n,) or (n, m), or with ``vectorized=False`` one point (d,) -> number or m numbers. Outputs may be tables, y of
    shape (n, p, q) or more: m = p q numbers row by row, named "y1,1", "y1,2", ... unless ``outputs`` names them. Row i of the
    output may depend on row i of the input only. x is read-only where that saves a copy; a model that is refused when it
    writes into x is called again with a copy of its own, and gets copies from then on. It may keep x.

    A compiled function (scipy.LowLevelCallable, numba.cfunc, a ctypes function pointer with argtypes and restype) is called
    from all threads at once, without the GIL. It is one of ``double f(int d, double *x)``,
    ``double f(const double *x, int64_t d)`` at one point and ``void f(int64_t n, int64_t d, const double *x, int64_t m,
    double *y)``, which fills y (n, m) for as many outputs m as have names (1 without); each may end with a
    ``void *user_data``: the data of ``scipy.LowLevelCallable(f, user_data)``, NULL where none was given. It must not raise
    (a NULL that it follows ends Python), and the library it stands in and its data must stay alive.
inputs : law
    Law of the d inputs: Joint, Normal, MultivariateNormal, ..., or a SALib problem dictionary.
outputs : list of str or dict, optional
    Names of the m outputs; or a dict name -> function of the model's output (many expectations from one model call).
    Python functions of a compiled model's output, here and in ``score``, take the GIL once per batch and keep the model to
    one thread; names alone, and ``exceedance``, do not.
score : callable, optional
    Function of the model's output, shape (n,) or (n, m): output j is positive exactly where score j is. It leads the
    adaptation to events too rare to be hit by chance, and matters to outputs that are hit too rarely only: one score (n,) may
    serve all. Outputs of zeros and ones of which none fits a score at the first points are refused.
vectorized : bool
    Whether the model takes all points at once; a compiled function says so itself.
arrays : {'torch', 'cupy', 'jax'}, optional
    What the model takes and gives in place of NumPy's arrays, float64. With ``device="cuda"`` of an estimator it is called with
    rows that lie on that device, without a copy, at most ``batch`` at once, and must answer there; functions in ``outputs``
    and ``score`` get its answer as it is. On "cpu" it gets arrays of the processor (CuPy's lie on a device).
)doc")
        .def(py::init(&make_problem), py::arg("model"), py::arg("inputs"), py::arg("outputs") = py::none(),
             py::kw_only(), py::arg("score") = py::none(), py::arg("vectorized") = true, py::arg("arrays") = py::none())
        .def("__call__", &evaluate, py::arg("x"), "Outputs (n, m) at the rows of x (n, d).")
        .def_property_readonly("dim", &Problem::dim, "Number of inputs d.")
        .def_property_readonly(
            "inputs", [](const Problem& p) { return binder::from_distribution(p.inputs()); }, "Law of the inputs.")
        .def_property_readonly("outputs", &Problem::outputs, "Names of the outputs; empty until they are known.")
        .def("__repr__", &text_of);
    m.def("exceedance", &make_exceedance, py::arg("model"), py::arg("inputs") = py::none(),
          py::arg("thresholds") = py::tuple(), py::arg("below") = false, py::kw_only(), py::arg("vectorized") = true,
          py::arg("arrays") = py::none(),
          R"doc(Problem whose outputs are 1{model(x) > t} for each threshold t, with the model as score.

Parameters
----------
model, inputs, vectorized, arrays :
    As for Problem; the model has one output. Or a Problem in place of ``model``, whose first output it is, without the others.
thresholds : list of float, or one
    One output per threshold, named "P(y > t)".
below : bool
    1{model(x) < t} instead.
)doc");
}
