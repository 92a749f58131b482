/// Distances between samples by optimal transport, in Python.
#include <optional>
#include <string>
#include <vector>

#include <pybind11/stl.h>

#include <buffon/sinkhorn.hpp>
#include <buffon/wasserstein.hpp>

#include "arrays.hpp"
#include "pickled.hpp"

using namespace buffon;
namespace py = pybind11;

namespace {

/// (n, d); a single axis counts as d = 1.
binder::Array points(py::handle given, const std::string& what) {
    binder::Array a = binder::to_array(given, what);
    if (a.ndim() != 1 && a.ndim() != 2)
        throw py::value_error(what + " must have shape (n, d) or (n,), got " + binder::shape_text(a));
    return a;
}

std::vector<double> numbers(const py::object& given, const std::string& what) {
    return given.is_none() ? std::vector<double>{} : binder::to_vector(given, what);
}

SinkhornOptions options_of(const char* who, const py::object& a, const py::object& b, double epsilon, bool relative,
                           int order, double tolerance, std::int64_t max_iterations, int threads) {
    const std::string function = who;
    return {.epsilon = epsilon,
            .relative = relative,
            .order = order,
            .tolerance = tolerance,
            .max_iterations = max_iterations,
            .threads = threads,
            .a = numbers(a, function + ": a"),
            .b = numbers(b, function + ": b")};
}

void bind_wasserstein(py::module_& m) {
    py::class_<Wasserstein> c(
        m, "Wasserstein",
        "The exact distance between two samples and how it is attained: what ``wasserstein`` returns.");
    c.def_readonly("distance", &Wasserstein::distance, "W_p: the p-th root of the mean of distance^p over the pairs.");
    c.def_property_readonly(
        "partner",
        [](const Wasserstein& w) {
            return py::array_t<std::int64_t>(static_cast<py::ssize_t>(w.partner.size()), w.partner.data());
        },
        "The row of y that each row of x goes to, shape (n,).");
    c.def("__float__", [](const Wasserstein& w) { return w.distance; });
    c.def("__repr__", [](const Wasserstein& w) {
        return "Wasserstein(n=" + std::to_string(w.partner.size()) + "): distance " +
               py::str(py::float_(w.distance)).cast<std::string>();
    });
    binder::def_pickle<&Wasserstein::distance, &Wasserstein::partner>(c);
    m.def(
        "wasserstein",
        [](const py::object& x, const py::object& y, int order) {
            const auto of_x = points(x, "wasserstein: x"), of_y = points(y, "wasserstein: y");
            const py::gil_scoped_release release;
            return wasserstein(binder::view_of(of_x), binder::view_of(of_y), {.order = order});
        },
        py::arg("x"), py::arg("y"), py::kw_only(), py::arg("order") = 2, R"doc(
The exact Wasserstein distance between two samples of equal size.

By sorting in one dimension, by optimal assignment otherwise. Between samples it is larger than between the laws that they come from:
two samples of one law are about n^(-1/d) apart.

Parameters
----------
x, y : array (n, d) or (n,)
    The samples.
order : int
    1 or 2: the power of the Euclidean distances.

Returns
-------
Wasserstein

Raises
------
ValueError
    If the shapes differ, a number is not finite, or order is another.

References
----------
Peyre, Cuturi, Computational Optimal Transport, Found. Trends Mach. Learn. 11 (2019), chapter 2.

Examples
--------
>>> import buffon as bf
>>> bf.wasserstein([[0., 0.], [3., 4.]], [[3., 4.], [0., 1.]], order=1).distance
0.5
)doc");
}

void bind_entropic(py::module_& m) {
    py::class_<Sinkhorn> c(m, "Sinkhorn",
                           "Entropic optimal transport: what ``sinkhorn`` returns. The plan is P_ij = a_i b_j exp((f_i "
                           "+ g_j - C_ij) / epsilon).");
    c.def_readonly("value", &Sinkhorn::value, "<P, C> + epsilon KL(P | a b').");
    c.def_readonly("cost", &Sinkhorn::cost, "<P, C>, the cost of the plan alone.");
    c.def_readonly("epsilon", &Sinkhorn::epsilon, "Strength of the entropy, as a cost.");
    c.def_property_readonly("f", [](const Sinkhorn& s) { return binder::from_vector(s.f); }, "Potential of x, shape (n,).");
    c.def_property_readonly("g", [](const Sinkhorn& s) { return binder::from_vector(s.g); }, "Potential of y, shape (m,).");
    c.def_readonly("marginal_error", &Sinkhorn::marginal_error, "Sum of the absolute errors of the plan's marginals.");
    c.def_readonly("iterations", &Sinkhorn::iterations, "Updates of both potentials.");
    c.def_readonly("converged", &Sinkhorn::converged, "Whether ``marginal_error`` is within the tolerance.");
    c.def("__repr__", [](const Sinkhorn& s) {
        return "Sinkhorn: value " + py::str(py::float_(s.value)).cast<std::string>() +
               (s.converged ? ", " : ", not converged in ") + std::to_string(s.iterations) + " iterations";
    });
    binder::def_pickle<&Sinkhorn::value, &Sinkhorn::cost, &Sinkhorn::epsilon, &Sinkhorn::f, &Sinkhorn::g,
                       &Sinkhorn::marginal_error, &Sinkhorn::iterations, &Sinkhorn::converged>(c);
    m.def(
        "sinkhorn",
        [](const py::object& x, const py::object& y, const py::object& a, const py::object& b, double epsilon,
           bool relative, int order, double tolerance, std::int64_t max_iterations,
           const std::optional<Sinkhorn>& start, int threads) {
            const auto of_x = points(x, "sinkhorn: x"), of_y = points(y, "sinkhorn: y");
            SinkhornOptions o =
                options_of("sinkhorn", a, b, epsilon, relative, order, tolerance, max_iterations, threads);
            if (start) {
                o.f = start->f;
                o.g = start->g;
            }
            const py::gil_scoped_release release;
            return sinkhorn(binder::view_of(of_x), binder::view_of(of_y), o);
        },
        py::arg("x"), py::arg("y"), py::kw_only(), py::arg("a") = py::none(), py::arg("b") = py::none(),
        py::arg("epsilon") = 0.05, py::arg("relative") = true, py::arg("order") = 2, py::arg("tolerance") = 1e-6,
        py::arg("max_iterations") = 10'000, py::arg("start") = py::none(), py::arg("threads") = 0, R"doc(
Entropic optimal transport between two weighted point clouds by Sinkhorn's iteration.

On logarithms throughout, so no epsilon is too small for the range of numbers; costs are made as they are needed, nothing of size
n x m is stored. Starts with a large epsilon and lets it fall; the updates are overrelaxed. Same bits for any number of threads.

Parameters
----------
x : array (n, d) or (n,)
    Points of the first cloud.
y : array (m, d) or (m,)
    Points of the second.
a, b : array or None
    Weights (n,) and (m,), not negative, scaled to sum 1; None: equal ones.
epsilon : float
    Strength of the entropy.
relative : bool
    epsilon is a fraction of the mean cost of independent pairs; False: it is a cost itself.
order : int
    The cost is the Euclidean distance to this power, 1 or 2.
tolerance : float
    Stop when the absolute errors of the marginals sum to no more.
max_iterations : int
    Updates of both potentials, those with larger epsilon included. To run out of them is no error: ``converged`` says it.
start : Sinkhorn or None
    An earlier result for as many points: goes on from its potentials.
threads : int
    0: all.

Returns
-------
Sinkhorn

Raises
------
ValueError
    If shapes, weights or options do not fit, or a number is not finite.

References
----------
Cuturi, NeurIPS 2013; Lehmann, von Renesse, Sambale, Uschmajew, Optim. Lett. 16 (2022).

Examples
--------
>>> import buffon as bf
>>> bf.sinkhorn([0., 1.], [0., 1.], epsilon=10., relative=False).converged
True
)doc");
    py::class_<SinkhornDivergence> d(m, "SinkhornDivergence",
                                     "The debiased entropic cost: what ``sinkhorn_divergence`` returns.");
    d.def_readonly("value", &SinkhornDivergence::value, "OT(x, y) - OT(x, x) / 2 - OT(y, y) / 2, never negative.");
    d.def_readonly("epsilon", &SinkhornDivergence::epsilon, "Strength of the entropy, as a cost.");
    d.def_readonly("marginal_error", &SinkhornDivergence::marginal_error, "The largest of the three plans.");
    d.def_readonly("iterations", &SinkhornDivergence::iterations, "Of all three together.");
    d.def_readonly("converged", &SinkhornDivergence::converged, "Whether all three are within the tolerance.");
    d.def("__float__", [](const SinkhornDivergence& s) { return s.value; });
    d.def("__repr__", [](const SinkhornDivergence& s) {
        return "SinkhornDivergence: value " + py::str(py::float_(s.value)).cast<std::string>() +
               (s.converged ? ", " : ", not converged in ") + std::to_string(s.iterations) + " iterations";
    });
    using D = SinkhornDivergence;
    binder::def_pickle<&D::value, &D::epsilon, &D::marginal_error, &D::iterations, &D::converged>(d);
    m.def(
        "sinkhorn_divergence",
        [](const py::object& x, const py::object& y, const py::object& a, const py::object& b, double epsilon,
           bool relative, int order, double tolerance, std::int64_t max_iterations, int threads) {
            const auto of_x = points(x, "sinkhorn_divergence: x"), of_y = points(y, "sinkhorn_divergence: y");
            const SinkhornOptions o =
                options_of("sinkhorn_divergence", a, b, epsilon, relative, order, tolerance, max_iterations, threads);
            const py::gil_scoped_release release;
            return sinkhorn_divergence(binder::view_of(of_x), binder::view_of(of_y), o);
        },
        py::arg("x"), py::arg("y"), py::kw_only(), py::arg("a") = py::none(), py::arg("b") = py::none(),
        py::arg("epsilon") = 0.05, py::arg("relative") = true, py::arg("order") = 2, py::arg("tolerance") = 1e-6,
        py::arg("max_iterations") = 10'000, py::arg("threads") = 0, R"doc(
The Sinkhorn divergence of two weighted point clouds: entropic cost without its bias, 0 for equal measures only.

Parameters
----------
x, y, a, b, epsilon, relative, order, tolerance, max_iterations, threads
    As in ``sinkhorn``; a relative epsilon is that of x and y in all three terms.

Returns
-------
SinkhornDivergence

Raises
------
ValueError
    As ``sinkhorn``.

References
----------
Feydy, Sejourne, Vialard, Amari, Trouve, Peyre, AISTATS 2019.

Examples
--------
>>> import buffon as bf
>>> bf.sinkhorn_divergence([0., 1., 2.], [2., 0., 1.]).value < 1e-9
True
)doc");
}

}  // namespace

void bind_sinkhorn(py::module_& m) {
    bind_wasserstein(m);
    bind_entropic(m);
}
