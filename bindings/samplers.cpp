/// Python's tables, draws and samplers: every registered solver, and `sample`.
#include "device_arrays.hpp"
#include "diffusion.hpp"
#include "pickled.hpp"

#include <buffon/counted.hpp>
#include <buffon/diffusion/empirical.hpp>
#include <buffon/diffusion/gaussian_mixture.hpp>
#include <buffon/diffusion/likelihood.hpp>
#include <buffon/diffusion/order_report.hpp>
#include <buffon/diffusion/solvers/dpm_adaptive.hpp>
#include <buffon/diffusion/solvers/rk45.hpp>
#include <buffon/diffusion/solver_search.hpp>
#include <buffon/diffusion/time_shifted.hpp>
#include <buffon/errors.hpp>
#include <solver_registry.hpp>

#include <pybind11/stl.h>

#include <exception>
#include <optional>
#include <tuple>
#include <utility>

namespace py = pybind11;
using namespace buffon::diffusion;

template <>
struct binder::Kept<Orders> : binder::OfMembers<Orders, &Orders::from_noise, &Orders::from_middle> {};

namespace {

/// A read-only look at numbers that live as long as the call.
py::array look(buffon::ConstView v) {
    py::array_t<double> a({v.rows, v.cols}, v.data, py::capsule(v.data, [](void*) {}));
    a.attr("flags").attr("writeable") = false;
    return a;
}

/// float32 where the states were.
py::object states(const buffon::Matrix& x, bool single) {
    py::object a = binder::from_matrix(x);
    return single ? a.attr("astype")("float32") : a;
}

py::object trajectory(const Draws& d) {
    if (d.trajectory.empty()) return py::none();
    py::list all;
    for (const auto& x : d.trajectory) all.append(states(x, d.single));
    return py::module_::import("numpy").attr("stack")(all);
}

py::list table_rows(const Table& t) {
    py::list out;
    for (const Row& row : t.rows) {
        py::dict terms;
        for (const Term& term : row.terms) terms[py::int_(term.value)] = term.weight;
        py::dict entry;
        entry["at"] = row.at < 0 ? py::object(py::none()) : py::int_(row.at);
        entry["terms"] = terms;
        entry["noise"] = row.noise;
        entry["rho"] = row.rho;
        entry["node"] = row.node < 0 ? py::object(py::none()) : py::int_(row.node);
        out.append(entry);
    }
    return out;
}

void bind_table(py::module_& m) {
    py::class_<Table> c(m, "Table", py::dynamic_attr(), R"(A solver as a list of rows: what every solver function returns and ``sample`` runs.

Each row makes one new value, as a linear combination of earlier states and denoiser outputs (+ noise), or by asking the
denoiser. Values are numbered: 0 is the start, 1 the constant 1, row i makes value i + 2. They live in x / alpha, so a state is
x0 + rho eps with rho = sigma / alpha. Immutable; ``print(table.formula())`` shows the rows.)");
    c.attr("__module__") = "buffon.diffusion";
    c.def_property_readonly("name", [](const Table& t) { return t.name; }, "Name of the solver.");
    c.def_property_readonly("steps", &Table::steps, "Number of steps N of the grid.");
    c.def_property_readonly("evaluations", &Table::evaluations, "Evaluations of the denoiser per sample.");
    c.def_property_readonly(
        "times", [](const Table& t) { return binder::from_vector(t.nodes.t); }, "Times of the nodes, shape (N + 1,).");
    c.def_property_readonly(
        "levels", [](const Table& t) { return binder::from_vector(t.nodes.rho); },
        "Noise levels sigma / alpha of the nodes, shape (N + 1,).");
    c.def_property_readonly("order", [](const Table& t) { return py::make_tuple(t.orders.from_noise, t.orders.from_middle); },
                            "Declared order of convergence (from the noise end, from a start in the middle).");
    c.def_property_readonly(
        "rows", &table_rows,
        "The rows as a list of dicts: at (the value that is denoised), terms {value: weight}, noise, rho, node.");
    c.def_property_readonly("violation", &Table::violation,
                            "Largest relative violation of what rows promise: weights sum to 1, weights times levels "
                            "to the row's level (with noise: "
                            "the squares). 0 up to rounding.");
    c.def_property_readonly("record", [](const Table& t) -> py::object { return t.record ? py::cast(*t.record) : py::none(); },
                            "Every candidate of the search that made it, a list of Trial; None for other tables.");
    c.def("formula", &Table::formula, "The rows as formulas, one per line.");
    c.def("from_level", &Table::from_level, py::arg("level"), R"(The same solver from another noise level on, with as many steps.

Parameters
----------
level : float
    sigma / alpha, above that of the last node.

Returns
-------
Table

Raises
------
ValueError
    If the grid was an array, or no time of the schedule has this level.)");
    c.def("reversed", &Table::reversed, R"(The same solver on the same nodes from data to noise; ``invert`` runs it.

Returns
-------
Table

Raises
------
ValueError
    If the table is random, or ends at sigma = 0.)");
    c.def("_state", &binder::table_state);
    c.def_static("_from_state", &binder::table_from_state);
    c.def("_with_record", [](const Table& t, std::vector<Trial> record) {
        Table out = t;
        out.record = std::make_shared<const std::vector<Trial>>(std::move(record));
        return out;
    });
    c.def("__repr__", &Table::text);
}

void bind_likelihood(py::module_& m) {
    py::class_<Likelihood> c(m, "Likelihood", "Log-densities of samples under a sampler: what ``log_likelihood`` returns.");
    c.attr("__module__") = "buffon.diffusion";
    c.def_property_readonly(
        "value", [](const Likelihood& l) { return binder::from_vector(l.value); },
        "Log-density of each sample, shape (n,).");
    c.def_property_readonly("std_error", [](const Likelihood& l) { return binder::from_vector(l.std_error); },
                            "Standard error of each from the spread of its probes, shape (n,); 0 without probes.");
    c.def_property_readonly(
        "noise", [](const Likelihood& l) { return binder::from_matrix(l.noise); },
        "Noise of the samples at the table's first time, shape (n, d).");
    c.def_readonly("evaluations", &Likelihood::evaluations, "Denoiser evaluations spent, all samples together.");
    c.def_readonly("rng_key", &Likelihood::rng_key, "Pass it as rng to replay the run.");
    c.def("__repr__", [](const Likelihood& l) {
        return "Likelihood(n=" + std::to_string(l.value.size()) + "): " + buffon::counted(l.evaluations, "evaluation") +
               "; log-densities in .value";
    });
    using L = Likelihood;
    binder::def_pickle<&L::value, &L::std_error, &L::noise, &L::evaluations, &L::rng_key>(c);
}

void bind_order_report(py::module_& m) {
    py::class_<OrderReport> c(m, "OrderReport", "How fast a solver converges: what ``order_report`` returns.");
    c.attr("__module__") = "buffon.diffusion";
    c.def_property_readonly(
        "steps",
        [](const OrderReport& r) {
            return py::array_t<std::int64_t>(static_cast<py::ssize_t>(r.steps.size()), r.steps.data());
        },
        "Numbers of steps, shape (k,).");
    c.def_property_readonly(
        "errors", [](const OrderReport& r) { return binder::from_vector(r.errors); },
        "Errors, shape (k,): root mean square over the starts; of a random solver the Wasserstein distance of the "
        "laws.");
    c.def_property_readonly(
        "orders", [](const OrderReport& r) { return binder::from_vector(r.orders); },
        "Orders between neighbours, shape (k - 1,).");
    c.def_property_readonly("asymptotic", [](const OrderReport& r) {
        return py::array_t<std::int64_t>(static_cast<py::ssize_t>(r.asymptotic.size()), r.asymptotic.data());
    }, "The numbers of steps that ``order`` comes from: the largest ones, at least three.");
    c.def_readonly("order", &OrderReport::order, "Least-squares slope of log error against log steps, over ``asymptotic``.");
    c.def_property_readonly(
        "interval", [](const OrderReport& r) { return py::make_tuple(r.low, r.high); }, "Interval of the order.");
    c.def_property_readonly("end", [](const OrderReport& r) { return r.from_noise ? "noise end" : "middle"; },
                            "Where the table starts: 'noise end' or 'middle'. A solver declares an order for each.");
    c.def_property_readonly("declared", &OrderReport::declared_here, "Order that the solver declares from this end.");
    c.def_property_readonly("ok", &OrderReport::ok, "Whether the order is at least the declared one less 0.25.");
    c.def_property_readonly("advice", &OrderReport::advice,
                            "What was measured, whether it is as declared, and if not what to do.");
    c.def_readonly("solver", &OrderReport::solver, "The solver with its options.");
    c.def("__repr__", &OrderReport::text);
    using R = OrderReport;
    binder::def_pickle<&R::solver, &R::steps, &R::errors, &R::orders, &R::asymptotic, &R::order, &R::low, &R::high,
                       &R::declared, &R::from_noise, &R::lowered, &R::random>(c);
}

void bind_draws(py::module_& m) {
    py::class_<Draws> c(
        m, "Draws",
        "Samples, with what they cost: what ``sample`` returns. Sample i depends on the key, i and its start only.");
    c.attr("__module__") = "buffon.diffusion";
    c.def_property_readonly(
        "x", [](const Draws& d) { return states(d.x, d.single); },
        "Samples (n, d), in the schedule's coordinates at the last time.");
    c.def_property_readonly("n", [](const Draws& d) { return d.x.rows; }, "Number of samples.");
    c.def_property_readonly("evaluations", &Draws::evaluations, "Denoiser evaluations spent, all samples together.");
    c.def_property_readonly("parts", [](const Draws& d) {
        py::dict parts;
        for (const auto& [part, count] : d.parts) parts[py::str(part)] = count;
        return parts;
    }, "Evaluations by part, a dict.");
    c.def_property_readonly("trajectory", &trajectory,
                            "Recorded states (k, n, d), in the schedule's coordinates; None if nothing was recorded.");
    c.def_property_readonly(
        "times", [](const Draws& d) { return binder::from_vector(d.times); },
        "Times of the recorded states, shape (k,).");
    c.def_readonly("rng_key", &Draws::rng_key, "Pass it as rng to replay the run.");
    c.def("_state", &binder::draws_state);
    c.def_static("_from_state", &binder::draws_from_state);
    c.def(py::pickle(&binder::draws_state, &binder::draws_from_state));
    c.def("__len__", [](const Draws& d) { return d.x.rows; });
    c.def("__array__", [](const Draws& d, const py::object& dtype, const py::object&) {
        const py::object x = states(d.x, d.single);
        return dtype.is_none() ? x : x.attr("astype")(dtype);
    }, py::arg("dtype") = py::none(), py::arg("copy") = py::none());
    c.def("__repr__", [](const Draws& d) {
        return "Draws(n=" + std::to_string(d.x.rows) + ", d=" + std::to_string(d.x.cols) +
               "): " + buffon::counted(d.evaluations(), "evaluation") + ", " + std::to_string(d.evaluations() / d.x.rows) +
               " per sample; samples in .x";
    });
}

void bind_step(py::module_& m) {
    py::class_<Step> c(m, "Step",
                       "What a callback of ``sample`` sees after each step. The arrays are read-only and end with the "
                       "call: copy what you keep.");
    c.attr("__module__") = "buffon.diffusion";
    c.def_readonly("node", &Step::node, "Number of the step, 1 ... steps.");
    c.def_readonly("steps", &Step::steps, "Number of steps.");
    c.def_readonly("first", &Step::first, "Index of the first of these samples.");
    c.def_readonly("evaluations", &Step::evaluations, "Denoiser evaluations so far, per sample.");
    c.def_readonly("level", &Step::level, "Noise level sigma / alpha of the state.");
    c.def_readonly("alpha", &Step::alpha, "Factor of x0 in the schedule's coordinates.");
    c.def_property_readonly(
        "x", [](const Step& s) { return look(s.x); }, "State (n, d) in the denoiser's coordinates, x0 + level eps.");
    c.def_property_readonly("data", [](const Step& s) { return look(s.data); }, "The denoiser's latest output (n, d).");
}

void bind_ems(py::module_& m) {
    py::class_<Ems> c(m, "Ems",
                      "Empirical model statistics of DPM-Solver-v3: coefficients over lambda, each (nodes, d), with "
                      "standard errors.");
    c.attr("__module__") = "buffon.diffusion";
    c.def_property_readonly(
        "lam", [](const Ems& e) { return binder::from_vector(e.lambda); },
        "Nodes of lambda, equally far apart, shape (nodes,).");
    for (const auto& [name, member, what] :
         {std::tuple{"l", &Ems::l, "Coefficient l of the linear part, (nodes, d)."},
          std::tuple{"s", &Ems::s, "Coefficient s, (nodes, d): slope of the derivative on the integrand."},
          std::tuple{"b", &Ems::b, "Coefficient b, (nodes, d): the offset beside s."},
          std::tuple{"l_error", &Ems::l_error, "Standard errors of l, from groups of the pairs."},
          std::tuple{"s_error", &Ems::s_error, "Standard errors of s."},
          std::tuple{"b_error", &Ems::b_error, "Standard errors of b."}})
        c.def_property_readonly(name, [member = member](const Ems& e) { return binder::from_matrix(e.*member); }, what);
    c.def_readonly("pairs", &Ems::pairs, "Number of pairs (x0, eps) behind each node.");
    c.def_readonly("evaluations", &Ems::evaluations, "Denoiser evaluations spent.");
    c.def("__repr__", [](const Ems& e) {
        return "Ems(nodes=" + std::to_string(e.lambda.size()) + ", d=" + std::to_string(e.dim()) +
               "): l, s, b over lambda from " + std::to_string(e.lambda.front()) + " to " +
               std::to_string(e.lambda.back()) + ", " + buffon::counted(e.evaluations, "evaluation");
    });
    binder::def_pickle<&Ems::lambda, &Ems::l, &Ems::s, &Ems::b, &Ems::l_error, &Ems::s_error, &Ems::b_error, &Ems::pairs,
                       &Ems::evaluations>(c);
}

}  // namespace

namespace binder {

Schedule to_schedule(py::handle given, const std::string& where) {
    std::optional<Schedule> found;
    const auto attempt = [&]<class Law>(const Law*) {
        if (!found && py::isinstance<Law>(given)) found.emplace(given.cast<Law>());
    };
    [&]<class... Laws>(const std::variant<Laws...>*) {
        (attempt(static_cast<const Laws*>(nullptr)), ...);
    }(static_cast<const Schedule::Law*>(nullptr));
    if (!found) throw py::type_error(where + " must be a schedule (bd.VP(), bd.EDM(), ...), got " + short_repr(given));
    return *found;
}

Denoiser to_denoiser(py::handle given, const std::string& where) {
    if (py::isinstance<Denoiser>(given)) return given.cast<Denoiser>();
    if (py::isinstance<GaussianMixture>(given)) return given.cast<const GaussianMixture&>();
    if (py::isinstance<Empirical>(given)) return given.cast<const Empirical&>();
    throw py::type_error(where + " must be a denoiser (bd.GaussianMixture, ...), got " + short_repr(given));
}

OnStep to_on_step(const Callable& call) {
    return [call](const Step& step) {
        const py::gil_scoped_acquire gil;
        const py::object answer = (*call)(py::cast(step));
        py::detail::make_caster<bool> truth;
        return !(truth.load(answer, false) && !static_cast<bool>(truth));   // False, or NumPy's
    };
}

}  // namespace binder

namespace buffon::diffusion {

Progress interruptible(Progress user) {
    return [user = std::move(user)](std::int64_t n, std::int64_t total) {
        const py::gil_scoped_acquire gil;
        try {
            if (user) user(n, total, {});
            if (PyErr_CheckSignals() != 0) throw py::error_already_set();
        } catch (py::error_already_set&) {
            buffon::Interrupted stop;
            stop.cause = std::current_exception();
            throw stop;
        }
    };
}

void prepare(SampleOptions& options) { options.progress = interruptible(options.progress); }

}  // namespace buffon::diffusion

void bind_denoising_loss(py::module_& m);
void bind_exposure(py::module_& m);
void bind_langevin_gibbs(py::module_& m);
void bind_metrics(py::module_& m);
void bind_mixture_fit(py::module_& m);
void bind_moment_features(py::module_& m);
void bind_sampler_problem(py::module_& m);

void bind_samplers(py::module_& m) {
    bind_table(m);
    bind_draws(m);
    bind_step(m);
    bind_ems(m);
    bind_order_report(m);
    binder::bind(m, "sample", &sample);
    m.def("_combine", &binder::combine_on_device, py::arg("out"), py::arg("operands"), py::arg("weights"));
    binder::bind(m, "ems", &ems);
    binder::bind(m, "invert", &invert);
    binder::bind(m, "order_report", &order_report);
    binder::bind(m, "time_shifted", &time_shifted);
    bind_likelihood(m);
    bind_metrics(m);
    bind_mixture_fit(m);
    bind_moment_features(m);
    bind_denoising_loss(m);
    bind_exposure(m);
    bind_langevin_gibbs(m);
    bind_sampler_problem(m);
    binder::bind(m, "log_likelihood", &log_likelihood);
    binder::bind(m, "dpm_adaptive", &dpm_adaptive);
    binder::bind(m, "rk45", &rk45);
#define ROW(name) binder::bind(m, #name, &name);
#include <solver_registry.inc>
#undef ROW
}
