/// Problem in Python: vectorised and scalar models, functionals of the output, scores. The GIL is taken once per batch.
#include <algorithm>
#include <array>
#include <cstring>

#include <pybind11/stl.h>

#include <buffon/errors.hpp>
#include <buffon/estimate.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/problem.hpp>

#include <buffon/text.hpp>

#include "arrays.hpp"
#include "c_function.hpp"
#include "convert.hpp"
#include "points.hpp"

using namespace buffon;
namespace py = pybind11;

namespace binder {
Controls to_controls(py::handle given, const std::string& where);
py::object from_distribution(const buffon::Distribution& law);
}

namespace {

using binder::Callable;

/// An ordinary Python exception on its way through C++; the first line of its message is ours.
struct PythonError : std::runtime_error {
    PythonError(const std::string& text, std::exception_ptr cause) : std::runtime_error(text), cause(std::move(cause)) {}
    std::exception_ptr cause;
};

/// A Python model with what is made of its output. Everything it holds may be copied and destroyed without the GIL.
class PythonModel {
public:
    PythonModel(py::object model, std::vector<std::string> names, std::vector<Callable> functionals, std::vector<Callable> score,
                bool vectorized, std::string who = "the model")
        : model_(std::move(model)), names_(std::move(names)), functionals_(std::move(functionals)), score_(std::move(score)),
          vectorized_(vectorized), who_(std::move(who)) {}

    Outputs operator()(ConstView x) const {
        const py::gil_scoped_acquire gil;
        if (!vectorized_) return point_by_point(x);
        try {
            return batch(x);
        } catch (py::error_already_set& error) {
            translate(error);
        }
    }

    /// Looked at without a copy where the points stay as long as Python holds them; such an array is read-only. A model that
    /// wants to write gets copies of its own from then on.
    Outputs batch(ConstView x) const {
        const auto owner = *writes_ ? nullptr : owner_of(x);
        if (!owner) return evaluated(owned(x));
        try {
            return evaluated(lent(x, owner));
        } catch (py::error_already_set& error) {
            if (!wants_to_write(error)) throw;
            *writes_ = true;
        }
        return evaluated(owned(x));
    }

private:
    /// An Exception is the model's failure; KeyboardInterrupt and SystemExit stop the run.
    [[noreturn]] static void translate(py::error_already_set& error) {
        if (error.matches(PyExc_Exception))
            throw PythonError(py::str(error.type().attr("__name__")).cast<std::string>() + ": " + py::str(error.value()).cast<std::string>(),
                              std::current_exception());
        Interrupted stop;
        stop.cause = std::current_exception();
        throw stop;
    }
    [[noreturn]] static void translate(py::error_already_set& error, Outputs before) {
        try {
            translate(error);
        } catch (const std::exception& failure) {
            throw PointError(failure.what(), std::move(before), std::current_exception());
        } catch (...) {
            throw PointError("interrupted", std::move(before), std::current_exception());
        }
    }

    static py::array lent(ConstView x, const std::shared_ptr<const void>& owner) {
        const py::capsule keeper(new std::shared_ptr<const void>(owner), [](void* p) { delete static_cast<std::shared_ptr<const void>*>(p); });
        py::array_t<double> a({static_cast<py::ssize_t>(x.rows), static_cast<py::ssize_t>(x.cols)}, x.data, keeper);
        py::detail::array_proxy(a.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
        return a;
    }

    /// NumPy, Cython, Numba, ctypes and DLPack say so in their own words.
    static bool wants_to_write(const py::error_already_set& error) {
        if (!error.matches(PyExc_Exception)) return false;
        const auto text = py::str(error.value()).attr("lower")().cast<std::string>();
        return std::ranges::any_of(std::array{"read-only", "readonly", "writable", "writeable"},
                                   [&](const char* word) { return text.find(word) != std::string::npos; });
    }

    /// A copy that Python owns: a model may keep its argument, or write into it.
    static py::array_t<double> owned(ConstView x) {
        py::array_t<double> a({static_cast<py::ssize_t>(x.rows), static_cast<py::ssize_t>(x.cols)});
        std::memcpy(a.mutable_data(), x.data, static_cast<std::size_t>(x.size()) * sizeof(double));
        return a;
    }

    static binder::Array table(py::handle y, std::int64_t n, const std::string& who, std::int64_t d = -1) {
        const binder::Array a = binder::to_array(y, "what " + who + " returns");
        if ((a.ndim() != 1 && a.ndim() != 2) || a.shape(0) != n)
            throw std::invalid_argument(who + " must return shape (n,) or (n, m) with n = " + std::to_string(n) + ", got " +
                                        binder::shape_text(a) +
                                        (a.ndim() == 0 || (a.ndim() == 1 && a.shape(0) == d) ? "; for a model of one point at a time say vectorized=False" : ""));
        return a;
    }

    static Matrix copied(const binder::Array& a) {
        const ConstView v = binder::view_of(a);
        Matrix m(v.rows, v.cols);
        std::memcpy(m.data.data(), v.data, m.data.size() * sizeof(double));
        return m;
    }

    Outputs evaluated(const py::array& x) const {
        const std::int64_t n = x.shape(0);
        const py::object y = (*model_)(x);
        return finish(functionals_.empty() ? copied(table(y, n, who_, x.shape(1))) : columns(y, n),
                      score_.empty() ? Matrix() : copied(table((*score_[0])(y), n, "score")));
    }

    /// Column j is f_j of the whole output.
    Matrix columns(const py::object& y, std::int64_t n) const {
        Matrix out(n, static_cast<std::int64_t>(functionals_.size()));
        for (std::size_t j = 0; j < functionals_.size(); ++j) {
            const std::string who = (who_ == "the model" ? "outputs" : who_) + "['" + names_[j] + "']";
            const binder::Array a = table((*functionals_[j])(y), n, who);
            if (a.size() != n) throw std::invalid_argument(who + " must return shape (n,), got " + binder::shape_text(a));
            for (std::int64_t i = 0; i < n; ++i) out(i, static_cast<std::int64_t>(j)) = a.data()[i];
        }
        return out;
    }

    Outputs point_by_point(ConstView x) const {
        binder::PointArray point(x.cols);
        binder::Column y(x.rows), score(score_.empty() ? 0 : x.rows);
        for (std::int64_t i = 0; i < x.rows; ++i) {
            try {
                evaluate_point(point.at(x.row(i)), y, score);
            } catch (py::error_already_set& error) {
                translate(error, i > 0 ? rows_of(y, score, i) : Outputs{});
            }
        }
        return rows_of(y, score, x.rows);
    }

    void evaluate_point(const py::object& point, binder::Column& y, binder::Column& score) const {
        const auto value = py::reinterpret_steal<py::object>(PyObject_CallOneArg((*model_).ptr(), point.ptr()));
        if (!value) throw py::error_already_set();
        py::object row = value;
        if (!functionals_.empty()) {
            py::list all;
            for (const auto& f : functionals_) all.append((*f)(value));
            row = all;
        }
        if (!score_.empty()) score.append((*score_[0])(value));
        y.append(row);
    }

    /// The first n points; a point that failed has left nothing in y, and its score at most.
    Outputs rows_of(const binder::Column& y, const binder::Column& score, std::int64_t n) const {
        const auto of = [n](const binder::Column& c, const std::string& who) {
            return c.numbers() ? c.first(n) : copied(table(c.values().attr("__getitem__")(py::slice(0, n, 1)), n, who));
        };
        return finish(of(y, "the model"), score_.empty() ? Matrix() : of(score, "score"));
    }

    /// One score serves all outputs.
    static Outputs finish(Matrix y, Matrix score) {
        if (score.rows > 0 && score.cols != 1 && score.cols != y.cols)
            throw std::invalid_argument("score must return shape (n,) or (n, m) with m = " + std::to_string(y.cols) + ", got " +
                                        std::to_string(score.cols) + " columns");
        if (score.rows > 0 && score.cols == 1 && y.cols > 1) {
            Matrix wide(score.rows, y.cols);
            for (std::int64_t i = 0; i < wide.rows; ++i)
                for (std::int64_t j = 0; j < wide.cols; ++j) wide(i, j) = score(i, 0);
            score = std::move(wide);
        }
        return {std::move(y), std::move(score)};
    }

    Callable model_;
    std::vector<std::string> names_;
    std::vector<Callable> functionals_;
    std::vector<Callable> score_;
    bool vectorized_;
    std::shared_ptr<bool> writes_ = std::make_shared<bool>(false);   // shared by copies, changed under the GIL
    std::string who_;
};

Callable callable(py::handle f, const std::string& what) {
    if (!PyCallable_Check(f.ptr()))
        throw py::type_error("Problem: " + what + " must be callable, got " + py::type::of(f).attr("__name__").cast<std::string>());
    return Callable(py::reinterpret_borrow<py::object>(f));
}

void read_outputs(py::handle outputs, std::vector<std::string>& names, std::vector<Callable>& functionals) {
    if (outputs.is_none()) return;
    if (py::isinstance<py::str>(outputs)) throw py::type_error("Problem: outputs must be a list of names or a dict name -> function, got a str");
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
        if (std::find(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(j), names[j]) != names.begin() + static_cast<std::ptrdiff_t>(j))
            throw py::value_error("Problem: output name '" + names[j] + "' appears twice");
}

std::vector<Callable> read_score(py::handle score) {
    std::vector<Callable> out;
    if (!score.is_none()) out.push_back(callable(score, "score"));
    return out;
}

/// A law by SALib's word for it: the meaning of its two to four numbers as in SALib's nonuniform sampling.
Univariate salib_law(const std::string& name, const std::string& kind, const std::vector<double>& b) {
    const auto numbers = [&](std::size_t n) {
        require(b.size() == n, "Problem: inputs['bounds'] of '", name, "' (", kind, ") must be ", n, " numbers, got ", b.size());
    };
    if (kind == "triang") {   // lower, upper, place of the peak in (0, 1); the older form leaves out a lower of 0
        if (b.size() == 2) return salib_law(name, kind, {0, b[0], b[1]});
        numbers(3);
        return Triangular(b[0], b[0] + b[2] * (b[1] - b[0]), b[1]);
    }
    numbers(kind == "truncnorm" ? 4 : 2);
    if (kind == "unif") return Uniform(b[0], b[1]);
    if (kind == "norm") return Normal(b[0], b[1]);
    if (kind == "lognorm") return LogNormal(b[0], b[1]);
    require(kind == "truncnorm", "Problem: inputs['dists'] of '", name, "' must be unif, triang, norm, truncnorm or lognorm, got ", kind);
    return Truncated(Normal(b[2], b[3]), b[0], b[1]);   // lower, upper, mean, standard deviation
}

/// SALib's {"num_vars", "names", "bounds", "dists"} as a Joint.
Distribution from_salib(const py::dict& problem) {
    const auto names = binder::convert<std::vector<std::string>>(problem["names"], "Problem", "inputs['names']");
    const auto bounds = binder::convert<std::vector<std::vector<double>>>(problem["bounds"], "Problem", "inputs['bounds']");
    std::vector<std::string> dists(names.size(), "unif");
    if (problem.contains("dists") && !problem["dists"].is_none())
        dists = binder::convert<std::vector<std::string>>(problem["dists"], "Problem", "inputs['dists']");
    require(bounds.size() == names.size() && dists.size() == names.size(), "Problem: inputs has ", names.size(), " names, ",
            bounds.size(), " bounds and ", dists.size(), " dists");
    std::vector<Univariate> laws;
    for (std::size_t j = 0; j < names.size(); ++j) laws.push_back(salib_law(names[j], dists[j], bounds[j]));
    return Joint(std::move(laws), names);
}

Distribution read_inputs(py::handle inputs) {
    if (py::isinstance<py::dict>(inputs)) {
        const auto given = inputs.cast<py::dict>();
        if (given.contains("bounds") && given.contains("names")) return from_salib(given);
        throw py::type_error("Problem: inputs must be a law; for a dict name -> law write Joint({...})");
    }
    return binder::to_distribution(inputs, "Problem: inputs");
}

/// A compiled function: by itself it is called from all threads without the GIL. Python functions of its output take it
/// once per batch, in the thread of the caller.
Problem from_c_function(const binder::CFunction& f, py::object inputs, std::vector<std::string> names, std::vector<Callable> functionals,
                        std::vector<Callable> score) {
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

Problem make_problem(py::object model, py::object inputs, py::object outputs, py::object score, bool vectorized) {
    std::vector<std::string> names;
    std::vector<Callable> functionals;
    if (const auto compiled = binder::read_c_function(model)) {
        read_outputs(outputs, names, functionals);
        return from_c_function(*compiled, std::move(inputs), std::move(names), std::move(functionals), read_score(score));
    }
    callable(model, "model");
    read_outputs(outputs, names, functionals);
    Model batch = PythonModel(std::move(model), names, std::move(functionals), read_score(score), vectorized);
    return Problem(std::move(batch), read_inputs(inputs), std::move(names), false);
}

Problem make_exceedance(py::object model, py::object inputs, py::object thresholds, bool below, bool vectorized) {
    return exceedance(make_problem(std::move(model), std::move(inputs), py::none(), py::none(), vectorized),
                      binder::convert<std::vector<double>>(thresholds, "exceedance", "thresholds"), below);
}

/// A dict name -> (function, mean): the functions all see x.
void read_known(const py::dict& given, const std::string& where, Controls& out, std::vector<Callable>& functions) {
    for (const auto& [name, value] : given) {
        out.names.push_back(binder::convert<std::string>(name, where, "name"));
        const std::string here = where + "['" + out.names.back() + "']";
        if (!py::isinstance<py::tuple>(value) || py::len(value) != 2) throw py::type_error(here + " must be a pair (function, mean), got " + binder::short_repr(value));
        const auto pair = py::reinterpret_borrow<py::tuple>(value);
        if (!PyCallable_Check(pair[0].ptr())) throw py::type_error(here + " must begin with a function, got " + binder::short_repr(pair[0]));
        functions.emplace_back(py::reinterpret_borrow<py::object>(pair[0]));
        out.means.push_back(binder::convert<double>(pair[1], where, "mean of '" + out.names.back() + "'"));
    }
    if (out.names.empty()) throw py::value_error(where + " is an empty dict");
}

std::string text_of(const Problem& p) {
    std::string out = "Problem with " + std::to_string(p.dim()) + " inputs (";
    const auto inputs = p.inputs().names();
    for (std::size_t j = 0; j < std::min<std::size_t>(inputs.size(), 8); ++j) out += (j ? ", " : "") + inputs[j];
    out += inputs.size() > 8 ? ", ...)" : ")";
    if (p.outputs().empty()) return out + "; outputs are named at the first evaluation. Try bf.aiscv(problem, budget=10_000, rng=1)";
    out += " and " + std::to_string(p.outputs().size()) + " outputs (";
    for (std::size_t j = 0; j < std::min<std::size_t>(p.outputs().size(), 8); ++j) out += (j ? ", " : "") + p.outputs()[j];
    return out + (p.outputs().size() > 8 ? ", ...)" : ")") + ". Try bf.aiscv(problem, budget=10_000, rng=1)";
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

namespace binder {

Controls to_controls(py::handle given, const std::string& where) {
    Controls out;
    std::vector<Callable> functions;
    py::object f = py::reinterpret_borrow<py::object>(given);
    if (py::isinstance<py::dict>(given)) {
        read_known(given.cast<py::dict>(), where, out, functions);
        f = py::cpp_function([](py::object x) { return x; });
    } else if (!PyCallable_Check(given.ptr())) {
        wrong_type(where.substr(0, where.find(':')), "controls", "a function or a dict name -> (function, mean)", given);
    }
    out.values = [model = PythonModel(std::move(f), out.names, std::move(functions), {}, true, "controls")](ConstView x) { return model(x).y; };
    out.thread_safe = false;
    return out;
}

}  // namespace binder

void bind_errors(py::module_& m) {
    static py::handle model_error = py::exception<ModelError>(m, "ModelError", PyExc_RuntimeError).release();
    model_error.attr("__doc__") =
        "The model raised, gave the wrong shape, NaN or infinity.\n\nindex: number of the first offending point; point: its inputs;\n"
        "sample: finished batches; partial: the Estimate from them, or None.";
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

void bind_problem(py::module_& m) {
    py::class_<Problem>(m, "Problem", py::dynamic_attr(), R"doc(A model with uncertain inputs.

Parameters
----------
model : callable or compiled function
    x (n, d) -> y (n,) or (n, m), or with ``vectorized=False`` one point (d,) -> number or m numbers. Row i of the
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
    adaptation to events too rare to be hit by chance.
vectorized : bool
    Whether the model takes all points at once; a compiled function says so itself.
)doc")
        .def(py::init(&make_problem), py::arg("model"), py::arg("inputs"), py::arg("outputs") = py::none(), py::kw_only(),
             py::arg("score") = py::none(), py::arg("vectorized") = true)
        .def("__call__", &evaluate, py::arg("x"), "Outputs (n, m) at the rows of x (n, d).")
        .def_property_readonly("dim", &Problem::dim, "Number of inputs d.")
        .def_property_readonly("inputs", [](const Problem& p) { return binder::from_distribution(p.inputs()); }, "Law of the inputs.")
        .def_property_readonly("outputs", &Problem::outputs, "Names of the outputs; empty until they are known.")
        .def("__repr__", &text_of);
    m.def("exceedance", &make_exceedance, py::arg("model"), py::arg("inputs"), py::arg("thresholds"), py::arg("below") = false,
          py::kw_only(), py::arg("vectorized") = true, R"doc(Problem whose outputs are 1{model(x) > t} for each threshold t, with the model as score.

Parameters
----------
model, inputs, vectorized :
    As for Problem; the model has one output.
thresholds : list of float
    One output per threshold, named "P(y > t)".
below : bool
    1{model(x) < t} instead.
)doc");
}
