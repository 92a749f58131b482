/// Python's search for solvers: candidates as dicts of plain numbers, so that a record can be written as JSON.
#include "diffusion.hpp"

#include <buffon/diffusion/solver_search.hpp>

#include <string>

namespace py = pybind11;
using namespace buffon::diffusion;

namespace {

py::dict to_dict(const Trial& trial) {
    py::list steps;
    for (const Decision& step : trial.decisions.steps) {
        py::dict entry;
        entry["place"] = step.place;
        entry["prediction"] = binder::to_python(step.prediction);
        entry["order"] = step.order;
        entry["points"] = step.points;
        entry["relaxation"] = binder::to_python(step.relaxation);
        entry["c"] = step.c;
        entry["corrector"] = step.corrector;
        steps.append(entry);
    }
    py::dict out;
    out["score"] = trial.score;
    out["analytic_first"] = trial.decisions.analytic_first;
    out["steps"] = steps;
    return out;
}

template <class T>
T member(const py::dict& from, const char* name) {
    if (!from.contains(name)) throw py::value_error(std::string("Trial.from_dict: ") + name + " is missing");
    return binder::convert<T>(from[name], "Trial.from_dict", name);
}

Trial from_dict(const py::dict& from) {
    Trial trial;
    trial.score = member<double>(from, "score");
    trial.decisions.analytic_first = member<bool>(from, "analytic_first");
    for (const py::handle item : from["steps"]) {
        const auto step = item.cast<py::dict>();
        trial.decisions.steps.push_back({.place = member<double>(step, "place"),
                                         .prediction = member<Prediction>(step, "prediction"),
                                         .order = member<int>(step, "order"),
                                         .points = member<int>(step, "points"),
                                         .relaxation = member<Relaxation>(step, "relaxation"),
                                         .c = member<double>(step, "c"),
                                         .corrector = member<bool>(step, "corrector")});
    }
    return trial;
}

}  // namespace

namespace binder {

Objective to_objective(const Callable& call) {
    return [call](const Draws& draws) {
        const py::gil_scoped_acquire gil;
        return convert<double>((*call)(py::cast(draws)), "solver_search", "objective's answer");
    };
}

}  // namespace binder

namespace buffon::diffusion {

void prepare(SolverSearchOptions& options) { options.progress = interruptible(options.progress); }

}  // namespace buffon::diffusion

void bind_search(py::module_& m) {
    py::class_<Trial> c(
        m, "Trial", "One candidate of a solver search: its decisions step by step, and its score (smaller is better).");
    c.attr("__module__") = "buffon.diffusion";
    c.def_readonly("score", &Trial::score, "What the objective gave; inf where the result was not finite.");
    c.def_property_readonly(
        "steps", [](const Trial& t) { return py::list(to_dict(t)["steps"]); },
        "Decisions of each step, a list of dicts.");
    c.def_property_readonly("analytic_first", [](const Trial& t) { return t.decisions.analytic_first; },
                            "Whether the first evaluation is replaced by eps = x.");
    c.def("to_dict", &to_dict, "Score and decisions in plain numbers and words, for a file.");
    c.def_static("from_dict", &from_dict, py::arg("values"), "The Trial that to_dict wrote.");
    c.def("__repr__", [](const Trial& t) {
        std::string out = "Trial(score=" + std::to_string(t.score) + "):";
        for (const Decision& step : t.decisions.steps) {
            out += " ";
            out += step.prediction == Prediction::data ? "D" : "e";
            out += std::to_string(step.order);
            out += step.corrector ? "c" : "";
        }
        return out;
    });
    c.def(py::pickle(&to_dict, &from_dict));
    binder::bind(m, "solver_search", &solver_search);
}
