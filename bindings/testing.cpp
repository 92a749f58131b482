/// Problems with known answers in Python: the submodule buffon.testing.
#include <algorithm>

#include <pybind11/stl.h>

#include <buffon/check.hpp>
#include <buffon/counted.hpp>
#include <buffon/testing.hpp>
#include <buffon/testing_reliability.hpp>

#include "arrays.hpp"
#include "rng.hpp"

using namespace buffon;
using testing::KnownProblem;
namespace py = pybind11;

namespace binder {
py::object from_distribution(const buffon::Distribution& law);
}

namespace {

py::list laws_of(const KnownProblem& p) {
    py::list out;
    for (const auto& law : p.laws) out.append(binder::from_distribution(law));
    return out;
}

std::string text_of(const KnownProblem& p) {
    std::string out = "KnownProblem " + p.name + ": " + counted(p.problem.dim(), "input") + ", " +
                      counted(static_cast<std::int64_t>(p.exact.size()), "expectation") +
                      (p.laws.empty() ? " (" : ", one an input law (");
    for (std::size_t j = 0; j < std::min<std::size_t>(p.exact.size(), 8); ++j)
        out += (j ? ", " : "") + py::repr(py::float_(p.exact[j])).cast<std::string>();
    return out + (p.exact.size() > 8 ? ", ...)" : ")");
}

KnownProblem laws_at(const py::object& rows) {
    const Matrix table = binder::to_points(rows, "cantilever_laws_at: rows");
    require(table.cols == 9, "cantilever_laws_at: rows must have shape (J, 9), got (", table.rows, ", ", table.cols, ")");
    std::vector<testing::CantileverLaw> laws(static_cast<std::size_t>(table.rows));
    for (std::size_t j = 0; j < laws.size(); ++j)
        std::copy_n(table.data.begin() + static_cast<std::ptrdiff_t>(9 * j), 9, laws[j].begin());
    return testing::cantilever_laws(laws);
}

void bind_known_problem(py::module_& m) {
    py::class_<KnownProblem>(m, "KnownProblem", "A Problem together with the expectations of its outputs.", py::dynamic_attr())
        .def_readonly("name", &KnownProblem::name, "Short name.")
        .def_readonly("problem", &KnownProblem::problem, "The Problem; its model is compiled and runs without the GIL.")
        .def_property_readonly(
            "exact", [](const KnownProblem& p) { return binder::from_vector(p.exact); },
            "Exact expectations, shape (m,), or (J m,) law by law.")
        .def_property_readonly(
            "exact_error", [](const KnownProblem& p) { return binder::from_vector(p.exact_error); },
            "Standard errors of the references; 0 for closed forms and quadrature to 1e-11.")
        .def_property_readonly("laws", &laws_of, "Input laws that stand in for problem.inputs, or an empty list.")
        .def_property_readonly(
            "n_outputs", [](const KnownProblem& p) { return p.exact.size() / std::max<std::size_t>(p.laws.size(), 1); },
            "Number of outputs m of the model.")
        .def_property_readonly(
            "first_order", [](const KnownProblem& p) { return binder::from_vector(p.first_order); },
            "Exact first-order Sobol' indices, shape (d,), or empty.")
        .def_property_readonly(
            "total_order", [](const KnownProblem& p) { return binder::from_vector(p.total_order); },
            "Exact total Sobol' indices, shape (d,), or empty.")
        .def_readonly("source", &KnownProblem::source, "Where problem and answer come from.")
        .def("__repr__", &text_of);
}

}  // namespace

void bind_testing(py::module_& m) {
    bind_known_problem(m);
    m.def("gaussian_moments", &testing::gaussian_moments,
          "E x^2j, j = 1 ... 10, of a standard normal x: (2j - 1)!!. Demange-Chryst, Bachoc, Morio, arXiv:2212.00568.");
    m.def("zero_variance", &testing::zero_variance, py::arg("a"),
          "E exp(a . x) of standard normal x; the optimal importance density N(a, I) is Gaussian.\n\na : list of "
          "float, |a| at most 18.");
    m.def("cantilever", &testing::cantilever,
          "Tip displacement of a beam with six inputs; exact Sobol' indices. Wu, Shin, Sues, Cesare, AIAA-2001-1522.");
    m.def("cantilever_sobol", &testing::cantilever_sobol,
          "The beam's first-order Sobol' indices as eight expectations over two copies of its inputs, seven beam calls "
          "a point.\n\n"
          "Outputs Y*Y_i, where Y_i takes input i from the first copy and the others from the second, then Y and Y^2.\n"
          "Demange-Chryst, Bachoc, Morio, arXiv:2212.00568.");
    m.def(
        "cantilever_laws",
        [](std::int64_t count, const py::object& rng) {
            return testing::cantilever_laws(count, rng_key(rng, "cantilever_laws"));
        },
        py::arg("count") = 100, py::arg("rng") = 1,
        "Mean displacement of the beam under many input laws, by a Latin hypercube over a box of means and "
        "correlations.\n\n"
        "count : number of laws; rng : key of the hypercube. Demange-Chryst, Bachoc, Morio, arXiv:2212.00568.");
    m.def("cantilever_laws_at", &laws_at, py::arg("rows"),
          "The same for given laws: rows (J, 9) of means of F_X, F_Y, E, w, t, L and correlations of (w, t), (w, L), (t, L).");
    m.def("ishigami", &testing::ishigami, py::arg("a") = 7.0, py::arg("b") = 0.1,
          "sin x1 + a sin^2 x2 + b x3^4 sin x1 of uniform inputs on (-pi, pi); exact Sobol' indices. Ishigami, Homma, "
          "ISUMA 1990.");
    m.def("g_function", &testing::g_function, py::arg("a") = std::vector<double>{0, 0.5, 3, 9, 99, 99},
          "prod_i (|4 x_i - 2| + a_i) / (1 + a_i) of uniform inputs on (0, 1); exact Sobol' indices. Saltelli, Sobol' (1995).");
    m.def("linear_exceedance", &testing::linear_exceedance, py::arg("dim"), py::arg("betas"),
          "P(x1 + ... + xd > sqrt(d) beta) of standard normal x for each beta, with the score: normal cdf at -beta.");
    m.def("four_branch", &testing::four_branch, py::arg("thresholds") = std::vector<double>{0, -0.5, -1},
          "P(g(x) < t) for a series system with four branches, x ~ N(0, I_2), with the score. Waarts, thesis, TU Delft, 2000.");
    m.def("two_sided_exceedance", &testing::two_sided_exceedance, py::arg("dim"), py::arg("betas"),
          "P(|x1 + ... + xd| > sqrt(d) beta) of standard normal x for each beta, with the score: two regions. Twice "
          "the normal cdf.");
    m.def("unequal_exceedance", &testing::unequal_exceedance, py::arg("dim"), py::arg("near"), py::arg("far"),
          "P(x1 > near or x2 < -far) of standard normal x, with the score: two regions of unequal mass, independent "
          "half-spaces.");
    m.def("parabolic", &testing::parabolic, py::arg("dim") = 2, py::arg("b") = 5.0, py::arg("kappa") = 0.5,
          py::arg("e") = 0.1,
          "P(b - v - kappa (u - e)^2 < 0) of independent standard normal combinations u, v of the inputs, with the "
          "score: two design\n"
          "points that are nearly alike. Der Kiureghian, Dakessian, Struct. Saf. 20 (1998).");
    m.def("oscillator", &testing::oscillator, py::arg("force") = 0.6, py::arg("force_sd") = 0.1,
          "P(3 r < largest displacement) of a non-linear oscillator under a pulse of normal force, six normal inputs, "
          "with the score.\n"
          "Echard, Gayton, Lemaire, Relun, Reliab. Eng. Syst. Saf. 111 (2013): 9.09e-6, and 1.55e-8 for the force "
          "(0.45, 0.075).");
    m.def("component_system", &testing::component_system, py::arg("dim"), py::arg("betas"),
          py::arg("correlation") = 0.0, py::arg("parallel") = false,
          "P(u_i > beta_i for some i), or for all where parallel, of equally correlated standard normal components, "
          "with the score.\n"
          "Dunnett, Sobel, Biometrika 42 (1955).");
    m.def("three_bumps", &testing::three_bumps,
          "f, f x1, ..., f x7 of three narrow Gaussian bumps in 8 uniform inputs, without a score. Lepage, J. Comput. "
          "Phys. 439 (2021).");
    m.def("safety_problems", &testing::safety_problems,
          "Ten problems where adaptive importance sampling could plausibly hurt, 2 to 50 inputs; sources with each.");
    m.def("all_problems", &testing::all_problems, "All problems of this module, with default or typical arguments.");
}
