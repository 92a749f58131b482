/// A sampler as a Problem in Python: functions of its draws, compiled ones where they are a mixture's own.
#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <buffon/diffusion/sampler_problem.hpp>

#include "diffusion.hpp"
#include "python_model.hpp"

namespace py = pybind11;
using namespace buffon::diffusion;
using binder::Callable;

namespace {

/// The mixture whose method of this name `f` is.
std::optional<GaussianMixture> owner(const py::object& f, const char* method) {
    if (f.is_none() || !py::hasattr(f, "__self__") || !py::hasattr(f, "__name__")) return {};
    const py::object self = f.attr("__self__");
    if (!py::isinstance<GaussianMixture>(self) || f.attr("__name__").cast<std::string>() != method) return {};
    return self.cast<GaussianMixture>();
}

bool same_owner(const py::object& f, const py::object& g) { return f.attr("__self__").is(g.attr("__self__")); }

/// off_mode of a mixture, and its mode or none: no Python is called.
std::optional<buffon::Model> compiled(const py::object& score, const py::object& labels, const py::object& functionals,
                                      std::vector<std::string>& names) {
    const auto mixture = owner(score, "off_mode");
    if (!mixture || !functionals.is_none()) return {};
    if (labels.is_none()) return off_mode(*mixture, false);
    if (!owner(labels, "mode") || !same_owner(score, labels)) return {};
    for (auto& name : label_names(mixture->size())) names.push_back(std::move(name));
    return off_mode(*mixture);
}

/// The outputs of one model, followed by those of another.
buffon::Model followed_by(buffon::Model first, buffon::Model second) {
    return [first = std::move(first), second = std::move(second)](buffon::ConstView x) {
        const buffon::Outputs a = first(x), b = second(x);
        buffon::Outputs out{buffon::Matrix(a.y.rows, a.y.cols + b.y.cols), {}};
        for (std::int64_t i = 0; i < a.y.rows; ++i) {
            std::ranges::copy(a.y.view().row(i), out.y.view().row(i).begin());
            std::ranges::copy(b.y.view().row(i), out.y.view().row(i).begin() + a.y.cols);
        }
        return out;
    };
}

Callable function_of_draws(const py::object& f, const std::string& what) {
    if (!PyCallable_Check(f.ptr()))
        throw py::type_error("sampler_problem: " + what + " must be callable, got " + binder::short_repr(f));
    return Callable(f);
}

buffon::Problem make(py::object model, py::object table, py::object score, py::object labels, py::object functionals,
                     py::object condition) {
    const std::string who = "sampler_problem";
    const Denoiser denoiser = binder::Converter<Denoiser>::from(model, who, "model");
    const Table steps = binder::Converter<Table>::from(table, who, "table");
    const std::int64_t label = condition.is_none() ? -1 : binder::convert<std::int64_t>(condition, who, "condition");
    if (score.is_none() && functionals.is_none())
        throw py::type_error("sampler_problem: score or functionals must be given, functions of the draws");
    std::vector<std::string> names;
    std::vector<Callable> functions;
    if (!score.is_none()) {
        names.emplace_back("score");
        functions.push_back(function_of_draws(score, "score"));
    }
    if (!functionals.is_none()) {
        if (!py::isinstance<py::dict>(functionals))
            binder::wrong_type(who, "functionals", "a dict name -> function of the draws", functionals);
        for (const auto& [name, f] : functionals.cast<py::dict>()) {
            names.push_back(py::str(name).cast<std::string>());
            functions.push_back(function_of_draws(py::reinterpret_borrow<py::object>(f), "functionals['" + names.back() + "']"));
        }
    }
    if (const auto look = compiled(score, labels, functionals, names))
        return sampler_problem(denoiser, steps, *look, std::move(names), label);
    py::object draws = py::cpp_function([](py::object x) { return x; });
    buffon::Model look = binder::PythonModel(std::move(draws), names, std::move(functions), {}, true, "functionals");
    if (!labels.is_none()) {
        function_of_draws(labels, "labels");
        buffon::Model classes = binder::PythonModel(labels, {}, {}, {}, true, "labels");
        const buffon::Matrix middle(1, latent_dim(denoiser, steps));
        for (auto& name : label_names(classes(draws_of(denoiser, steps, middle, label)).y.cols))
            names.push_back(std::move(name));   // how many there are
        look = followed_by(std::move(look), std::move(classes));
    }
    return sampler_problem(denoiser, steps, std::move(look), std::move(names), label, false);
}

}  // namespace

void bind_sampler_problem(py::module_& m) {
    m.def(
        "sampler_problem",
        [](py::object model, py::object table, py::object score, py::object labels, py::object functionals,
           py::object condition) {
            py::object problem = py::cast(make(model, table, score, labels, functionals, condition));
            problem.attr("denoiser_evaluations") = table.attr("evaluations");
            return problem;
        },
        py::arg("model"), py::arg("table"), py::kw_only(), py::arg("score") = py::none(),
        py::arg("labels") = py::none(), py::arg("functionals") = py::none(), py::arg("condition") = py::none(),
        R"doc(A sampler as a Problem: its inputs are the standard normal numbers that it starts from and injects.

One evaluation of the problem is one run of the sampler, so that every estimator applies: means of functions of its draws with an
error, the chance that it fails, what its seeds have to do with it. A run costs ``problem.denoiser_evaluations`` evaluations of the
denoiser (0 for a table that chooses its steps as it goes).

Parameters
----------
model : denoiser
table : Table
    What a solver makes; one that injects noise adds d inputs for each random row.
score : callable, optional
    Draws (n, d) -> (n,): the first output, named "score". ``arcs(problem, thresholds=[t])`` and
    ``plain(bf.exceedance(problem, thresholds=[t]))`` are about the chance that it exceeds t.
labels : callable, optional
    Draws (n, d) -> (n,) classes, or (n, k) distances to k classes: where the class changes ``arcs`` looks for failures. They are
    the last outputs, "label" or "label 1", ..., "label k"; a Python function is asked once at the draw of z = 0 for their number.
    ``score=mixture.off_mode, labels=mixture.mode`` of a GaussianMixture run without Python.
functionals : dict, optional
    Name -> function, draws (n, d) -> (n,): further outputs.
condition : int, optional
    Class of the draws.

Returns
-------
Problem
    Inputs "z1", "z2", ...: those of the start first, then those of each random row, in their order.

Raises
------
TypeError
    If neither ``score`` nor ``functionals`` is given.
ValueError
    If a draw is no function of its own noise (norms over all samples, a mean-reverting schedule, a table towards noise).

Examples
--------
>>> import buffon as bf
>>> from buffon import diffusion as bd
>>> model = bd.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[[0.04]], [[0.04]]])
>>> problem = bd.sampler_problem(model, bd.ddim(bd.VP(), steps=10), functionals={"right": lambda x: x[:, 0] > 0})
>>> estimate = bf.quasi(problem, budget=4_096, rng=1)
>>> round(estimate["right"], 2), problem.denoiser_evaluations
(0.5, 10)
)doc");
}
