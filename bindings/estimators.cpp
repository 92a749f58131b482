/// Estimate in Python, and every registered estimator.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <map>
#include <memory>

#include <pybind11/stl.h>

#include <buffon/errors.hpp>
#include <buffon/estimate.hpp>

#include <estimator_registry.hpp>

#include "arrays.hpp"
#include "bind.hpp"
#include "hierarchy.hpp"

using namespace buffon;
namespace py = pybind11;

namespace {

std::int64_t position(const Estimate& e, py::handle key) {
    if (py::isinstance<py::str>(key)) return e.index(key.cast<std::string>());
    if (!PyIndex_Check(key.ptr())) binder::wrong_type("Estimate", "index", "a name or an integer", key);
    const auto i = py::reinterpret_steal<py::object>(PyNumber_Index(key.ptr())).cast<std::int64_t>();
    if (i < -e.size() || i >= e.size())
        throw py::index_error("Estimate: index must be -" + std::to_string(e.size()) + " ... " +
                              std::to_string(e.size() - 1) + ", got " + std::to_string(i));
    return i < 0 ? i + e.size() : i;
}

/// f from (m,) to (k,), with the same k and finite numbers wherever the delta method asks.
Estimate transform(const Estimate& e, const py::function& f, std::vector<std::string> names) {
    py::ssize_t k = -1;
    const auto checked = [&](const std::vector<double>& v) {
        const binder::Array out = binder::to_array(f(binder::from_vector(v)), "transform: what f returns");
        if (out.ndim() > 1) throw py::value_error("transform: f must return shape (k,), got " + binder::shape_text(out));
        if (k < 0) k = out.size();
        require(out.size() == k && k > 0,
                "transform: f must return equally many numbers at every point, at least 1, got ", k, " and ",
                out.size());
        std::vector<double> numbers(out.data(), out.data() + k);
        const auto bad = std::find_if_not(numbers.begin(), numbers.end(), [](double y) { return std::isfinite(y); });
        require(bad == numbers.end(),
                "transform: f must be finite at the value and within a hundredth of a standard error of it, got ",
                bad == numbers.end() || std::isnan(*bad) ? std::nan("") : *bad);
        return numbers;
    };
    return e.transform(checked, std::move(names));
}

Estimate::Known known_of(const Estimate& e, const py::object& given) {
    if (!py::isinstance<py::dict>(given)) binder::wrong_type("given", "known", "a dict name -> mean", given);
    Estimate::Known known;
    for (const auto& [key, mean] : given.cast<py::dict>())
        known.emplace_back(e.names[static_cast<std::size_t>(position(e, key))],
                           binder::convert<double>(mean, "given", "known[" + py::repr(key).cast<std::string>() + "]"));
    return known;
}

using Interval = std::pair<py::array_t<double>, py::array_t<double>>;

Interval bounds(const Estimate& e, double level) {
    const auto [low, high] = e.confidence_interval(level);
    return {binder::from_vector(low), binder::from_vector(high)};
}

Interval interval(const Estimate& e, double level) {
    Interval low_high = bounds(e, level);
    for (const auto& warning : e.warnings)
        if (PyErr_WarnEx(PyExc_RuntimeWarning, warning.c_str(), 2) < 0) throw py::error_already_set();
    return low_high;
}

constexpr int format_version = 1;

/// All but the sample, as numbers, strings and lists.
py::dict state(const Estimate& e) {
    py::dict out;
    out["version"] = format_version;
    out["value"] = py::cast(e.value);
    out["covariance"] = py::cast(e.covariance.data);
    out["n"] = e.n;
    out["n_failed"] = e.n_failed;
    out["names"] = e.names;
    out["rng_key"] = e.rng_key;
    out["degrees_of_freedom"] = std::isfinite(e.degrees_of_freedom) ? py::object(py::float_(e.degrees_of_freedom)) : py::none();
    out["excess_kurtosis"] = e.excess_kurtosis;
    out["diagnostics"] = e.diagnostics;
    out["warnings"] = e.warnings;
    if (!e.bounds.levels.empty()) {
        out["bounds_levels"] = e.bounds.levels;
        out["bounds_low"] = e.bounds.low.data;
        out["bounds_high"] = e.bounds.high.data;
    }
    return out;
}

/// Bounds of m values.
Bounds bounds_from(const py::dict& s, std::int64_t m) {
    if (!s.contains("bounds_levels")) return {};
    Bounds b{s["bounds_levels"].cast<std::vector<double>>(), {}, {}};
    b.low = b.high = Matrix(m, static_cast<std::int64_t>(b.levels.size()));
    b.low.data = s["bounds_low"].cast<std::vector<double>>();
    b.high.data = s["bounds_high"].cast<std::vector<double>>();
    require(static_cast<std::int64_t>(b.low.data.size()) == b.low.view().size() && b.high.data.size() == b.low.data.size(),
            "Estimate: bounds have the wrong size");
    return b;
}

/// Tables as (rows, cols, numbers); None without a state.
py::object continuation(const Estimate& e) {
    if (!e.state) return py::none();
    py::dict tables, out;
    for (const auto& [name, table] : e.state->tables) {
        py::dict entry;
        entry["rows"] = table.rows;
        entry["cols"] = table.cols;
        entry["numbers"] = table.data;
        tables[py::str(name)] = entry;
    }
    out["estimator"] = e.state->estimator;
    out["inputs"] = e.state->inputs;
    out["outputs"] = e.state->outputs;
    out["laws"] = e.state->laws;
    out["tables"] = tables;
    return out;
}

State state_of(const py::dict& s) {
    State state{s["estimator"].cast<std::string>(),
                s["inputs"].cast<std::vector<std::string>>(),
                s["outputs"].cast<std::vector<std::string>>(),
                s["laws"].cast<std::vector<std::uint64_t>>(),
                {}};
    for (const auto& [name, entry] : s["tables"].cast<py::dict>()) {
        Matrix table(entry["rows"].cast<std::int64_t>(), entry["cols"].cast<std::int64_t>());
        auto numbers = entry["numbers"].cast<std::vector<double>>();
        require(numbers.size() == table.data.size(), "Estimate: table '", name.cast<std::string>(), "' has the wrong size");
        table.data = std::move(numbers);
        state.tables[name.cast<std::string>()] = std::move(table);
    }
    return state;
}

Estimate from_state(const py::dict& s) {
    require(s.contains("version") && s["version"].cast<int>() == format_version,
            "Estimate: not a saved estimate of a version this Buffon reads");
    Estimate e;
    e.value = s["value"].cast<std::vector<double>>();
    e.covariance = Matrix(e.size(), e.size());
    e.covariance.data = s["covariance"].cast<std::vector<double>>();
    require(static_cast<std::int64_t>(e.covariance.data.size()) == e.size() * e.size(),
            "Estimate: covariance has the wrong size");
    e.n = s["n"].cast<std::int64_t>();
    e.n_failed = s["n_failed"].cast<std::int64_t>();
    e.names = s["names"].cast<std::vector<std::string>>();
    require(static_cast<std::int64_t>(e.names.size()) == e.size(), "Estimate: names has the wrong size");
    e.rng_key = s["rng_key"].cast<std::uint64_t>();
    if (!s["degrees_of_freedom"].is_none()) e.degrees_of_freedom = s["degrees_of_freedom"].cast<double>();
    if (s.contains("excess_kurtosis"))
        e.excess_kurtosis = s["excess_kurtosis"].cast<std::vector<double>>();   // not in the oldest files
    require(e.excess_kurtosis.empty() || static_cast<std::int64_t>(e.excess_kurtosis.size()) == e.size(),
            "Estimate: excess_kurtosis has the wrong size");
    e.bounds = bounds_from(s, e.size());
    e.diagnostics = s["diagnostics"].cast<std::map<std::string, Diagnostic>>();
    e.warnings = s["warnings"].cast<std::vector<std::string>>();
    if (s.contains("continuation") && !s["continuation"].is_none()) e.state = state_of(s["continuation"].cast<py::dict>());
    return e;
}

py::dict pickled(const Estimate& e) {
    py::dict out = state(e);
    out["continuation"] = continuation(e);
    if (e.sample) out["sample"] = *e.sample;
    return out;
}

Estimate unpickled(const py::dict& s) {
    Estimate e = from_state(s);
    if (s.contains("sample")) e.sample = s["sample"].cast<Sample>();
    return e;
}

}  // namespace

namespace binder {
namespace {

/// Estimators that may run under another one: what makes them from the keywords of a call.
std::map<std::string, std::function<BaseEstimator(Keywords&)>>& bases() {
    static std::map<std::string, std::function<BaseEstimator(Keywords&)>> all;
    return all;
}

void add_base(const char* name, Estimate (*f)(const Problem&, const Run&)) {
    bases()[name] = [f](Keywords&) { return BaseEstimator(f); };
}
template <class Options>
void add_base(const char* name, Estimate (*f)(const Problem&, const Run&, const Options&)) {
    bases()[name] = [f](Keywords& keywords) { return BaseEstimator(f, options<Options>(keywords)); };
}
void add_base(const char*, Estimate (*)(const Problem&, const Run&, const ControlOptions&)) {}   // not under itself
[[maybe_unused]] void add_base(const char*, ...) {}                                              // nor what works on no problem

}  // namespace

BaseEstimator base_estimator(Keywords& keywords, py::handle name) {
    const auto word = convert<std::string>(name, keywords.function(), "estimator");
    const auto found = bases().find(word);
    std::vector<std::string> known;
    for (const auto& [base, make] : bases()) known.push_back(base);
    if (found == bases().end())
        throw py::value_error(keywords.function() + ": no estimator '" + word + "' to run" + suggestion(word, known));
    return found->second(keywords);
}

namespace {

const std::array<std::string, 2> kinds{"absolute", "relative"};

bool is_kind(py::handle key) { return py::isinstance<py::str>(key) && std::ranges::count(kinds, key.cast<std::string>()) > 0; }

bool of_kinds(const py::dict& given) {
    return std::all_of(given.begin(), given.end(), [](const auto& item) { return is_kind(item.first); });
}

Tolerance to_tolerance(py::handle given, const std::string& function, const std::string& name) {
    if (given.is_none()) return {};
    if (is_number(given)) return convert<double>(given, function, name);
    if (!py::isinstance<py::dict>(given)) wrong_type(function, name, "a number, {'absolute': a, 'relative': r} or None", given);
    Tolerance out;
    for (const auto& [key, number] : given.cast<py::dict>()) {
        if (!is_kind(key)) wrong_type(function, "a key of " + name, "'absolute' or 'relative'", key);
        (key.cast<std::string>() == kinds[0] ? out.absolute : out.relative) =
            convert<double>(number, function, name + "['" + key.cast<std::string>() + "']");
    }
    return out;
}

}  // namespace

TargetError to_target_error(py::handle given, const std::string& function, const std::string& name) {
    if (is_number(given)) return to_tolerance(given, function, name);
    if (py::isinstance<py::dict>(given)) {
        const auto entries = given.cast<py::dict>();
        if (of_kinds(entries)) return to_tolerance(given, function, name);
        std::vector<TargetError::Named> named;
        for (const auto& [key, tolerance] : entries) {
            const auto output = convert<std::string>(key, function, "a name in " + name);
            named.emplace_back(output, to_tolerance(tolerance, function, name + "['" + output + "']"));
        }
        return named;
    }
    if (py::isinstance<py::str>(given) || !py::isinstance<py::iterable>(given))
        wrong_type(function, name,
                   "a number, {'absolute': a, 'relative': r}, {name: one of these}, a list of them or None", given);
    std::vector<Tolerance> each;
    for (const auto item : py::iter(given))
        each.push_back(to_tolerance(item, function, name + "[" + std::to_string(each.size()) + "]"));
    return each;
}

Progress to_progress(const Callable& call) {
    if (!py::module_::import("buffon._progress").attr("asks_for_partial")(*call).cast<bool>())
        return [call](std::int64_t n, std::int64_t budget) { (*call)(n, budget); };
    return [call](std::int64_t n, std::int64_t budget, const Partial& partial) {
        const auto asked = std::make_shared<const Partial*>(&partial);
        const py::cpp_function estimate([asked]() -> py::object {
            if (!*asked) throw std::runtime_error("progress: partial() can be asked only before the function returns");
            std::shared_ptr<const Estimate> e;
            {
                const py::gil_scoped_release release;
                e = (**asked)();
            }
            return e ? py::cast(*e) : py::none();
        });
        const std::unique_ptr<const Partial*, void (*)(const Partial**)> end(asked.get(),
                                                                             [](const Partial** p) { *p = nullptr; });
        (*call)(n, budget, estimate);
    };
}

void prepare(Run& run) {
    run.progress = [user = run.progress](std::int64_t n, std::int64_t budget, const Partial& partial) {
        const py::gil_scoped_acquire gil;
        try {
            if (user) user(n, budget, partial);
            if (PyErr_CheckSignals() != 0) throw py::error_already_set();
        } catch (py::error_already_set&) {
            Interrupted stop;
            stop.cause = std::current_exception();
            throw stop;
        }
    };
}

}  // namespace binder

void bind_estimate(py::module_& m) {
    py::class_<Estimate>(m, "Estimate", "Numbers with the covariance of their errors: what every estimator returns.",
                         py::dynamic_attr())
        .def_property_readonly(
            "value", [](const Estimate& e) { return binder::from_vector(e.value); }, "Estimates, shape (m,).")
        .def_property_readonly(
            "std_error", [](const Estimate& e) { return binder::from_vector(e.std_error()); },
            "Standard errors, shape (m,).")
        .def_property_readonly(
            "covariance", [](const Estimate& e) { return binder::from_matrix(e.covariance); },
            "Covariance of the errors of `value`, shape (m, m).")
        .def_readonly("n", &Estimate::n, "Model evaluations spent, adaptation included, or what ``diagnostics[\"counted\"]`` names: rows, draws.")
        .def_readonly("n_failed", &Estimate::n_failed, "Evaluations that failed and were discarded.")
        .def_readonly("names", &Estimate::names, "Names of the values.")
        .def_readonly("rng_key", &Estimate::rng_key, "Pass it as rng to replay the run.")
        .def_readonly("degrees_of_freedom", &Estimate::degrees_of_freedom,
                      "Behind the covariance: R - 1 for R replicates; inf for means of many terms.")
        .def_property_readonly(
            "excess_kurtosis",
            [](const Estimate& e) {
                return e.excess_kurtosis.empty() ? binder::from_vector(std::vector<double>(e.value.size()))
                                                 : binder::from_vector(e.excess_kurtosis);
            },
            "Excess kurtosis of the errors, shape (m,): widens the Student intervals where a few terms carry a mean.")
        .def_readonly("diagnostics", &Estimate::diagnostics, "What the estimator saw: a dict, see its documentation.")
        .def_readonly("warnings", &Estimate::warnings, "In plain words, what makes the intervals doubtful.")
        .def_property_readonly(
            "sample", [](const Estimate& e) { return e.sample ? &*e.sample : nullptr; },
            "Every evaluation, if the run was told keep='sample'.")
        .def("confidence_interval", &interval, py::arg("level") = 0.95,
             "(low, high), each of shape (m,): Student interval of each value by itself, with 2 / (2 / "
             "degrees_of_freedom + "
             "excess_kurtosis) degrees of freedom. Warns where it is doubtful.")
        .def("transform", &transform, py::arg("f"), py::arg("names") = std::vector<std::string>{},
             "f(value) with its covariance by the delta method; f maps (m,) to (k,).")
        .def(
            "given",
            [](const Estimate& e, const py::object& known, double collinear) {
                return e.given(known_of(e, known), collinear);
            },
            py::arg("known"), py::arg("collinear") = 1e-4,
            "The other values, given the exact means of these, {name: mean}: control variates by the joint covariance.")
        .def("without", &Estimate::without, py::arg("names"), "The values that are not named, with their covariance.")
        .def(
            "contrast",
            [](const Estimate& e, py::object i, py::object j) { return e.contrast(position(e, i), position(e, j)); },
            py::arg("i"), py::arg("j"),
            "Difference of two values (by name or position), with the error their common sample leaves.")
        .def("merge", &Estimate::merge, py::arg("other"),
             "Pooled with an independent estimate of the same quantities, weighted by n.")
        .def(
            "__getitem__",
            [](const Estimate& e, py::object key) { return e.value[static_cast<std::size_t>(position(e, key))]; },
            py::arg("key"))
        .def("__len__", &Estimate::size)
        .def("__repr__", &Estimate::text)
        .def(py::pickle(&pickled, &unpickled))
        .def("_interval", &bounds, py::arg("level") = 0.95, "confidence_interval without its warnings.")
        .def("_state", &state)
        .def("_continuation", &continuation,
             "What extend goes on from, as numbers, strings and lists; None without a state.")
        .def_static("_from_state", &from_state)
        .def_property_readonly_static("_version", [](py::handle) { return format_version; });
}

void bind_estimators(py::module_& m) {
#define ROW(name) binder::bind(m, #name, &buffon::name), binder::add_base(#name, &buffon::name);
#include <estimator_registry.inc>
#undef ROW
}
