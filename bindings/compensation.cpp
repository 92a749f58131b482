/// Python's search of DC-Solver's ratios, and the polynomial fitted to them.
#include "diffusion.hpp"
#include "pickled.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <sstream>
#include <string>
#include <vector>

#include <buffon/check.hpp>
#include <buffon/counted.hpp>
#include <buffon/diffusion/cascade_polynomial.hpp>
#include <buffon/diffusion/dc_search.hpp>

namespace py = pybind11;
using namespace buffon::diffusion;
using buffon::require;

namespace {

CascadePolynomial made(py::handle coefficients) {
    const std::vector<double> given = binder::to_vector(coefficients, "CascadePolynomial: coefficients");
    require(given.size() == CascadePolynomial::size, "CascadePolynomial: coefficients must be ",
            CascadePolynomial::size, " numbers, got ", given.size());
    std::array<double, CascadePolynomial::size> out;
    std::copy(given.begin(), given.end(), out.begin());
    return CascadePolynomial(out);
}

CascadePolynomial fitted(py::handle guidance, py::handle ratios) {
    const std::vector<double> at = binder::to_vector(guidance, "fit_ratios: guidance");
    if (!py::isinstance<py::iterable>(ratios)) binder::wrong_type("fit_ratios", "ratios", "a list of arrays", ratios);
    std::vector<std::vector<double>> all;
    for (const auto one : py::iter(ratios))
        all.push_back(binder::to_vector(one, "fit_ratios: ratios[" + std::to_string(all.size()) + "]"));
    return fit_ratios(at, all);
}

std::vector<double> numbers(const CascadePolynomial& p) { return {p.coefficients().begin(), p.coefficients().end()}; }

std::string path_of(py::handle path) { return py::module_::import("os").attr("fspath")(path).cast<std::string>(); }

void bind_search(py::module_& m) {
    py::class_<DcSearch> c(m, "DcSearch",
                           "What ``dc_search`` found. Errors are root mean squares over the search points, of x / "
                           "alpha against the reference.");
    c.attr("__module__") = "buffon.diffusion";
    c.def_readonly("table", &DcSearch::table, "The table of ``dc`` with these ratios.");
    c.def_property_readonly(
        "ratios", [](const DcSearch& s) { return binder::from_vector(s.ratios); },
        "Ratio of each step, shape (steps,).");
    c.def_property_readonly(
        "errors", [](const DcSearch& s) { return binder::from_vector(s.errors); },
        "Error after each step, with the ratios up to its own.");
    c.def_property_readonly("errors_before", [](const DcSearch& s) { return binder::from_vector(s.errors_before); },
                            "The same with the step's own ratio 1.");
    c.def_readonly("evaluations", &DcSearch::evaluations, "Denoiser evaluations spent, all together.");
    c.def_readonly("rng_key", &DcSearch::rng_key, "Pass it as rng to replay the search.");
    c.def("__repr__", [](const DcSearch& s) {
        std::ostringstream out;
        out.precision(4);
        out << "DcSearch(steps=" << s.ratios.size() << "): ratios ";
        for (std::size_t i = 0; i < s.ratios.size(); ++i) out << (i > 0 ? ", " : "") << s.ratios[i];
        out << "; error of the last step " << s.errors_before.back() << " -> " << s.errors.back() << ", "
            << buffon::counted(s.evaluations, "evaluation") << "; solver in .table";
        return out.str();
    });
    using S = DcSearch;
    binder::def_pickle<&S::table, &S::ratios, &S::errors_before, &S::errors, &S::evaluations, &S::rng_key>(c);
}

void bind_polynomial(py::module_& m) {
    py::class_<CascadePolynomial> c(
        m, "CascadePolynomial", R"(DC-Solver's ratios as a function of step, number of steps and guidance: 36 numbers.

The ratio of step i of N (from 0) is the sum over k = 0 ... 3 of c_k ((i + 1) / N)^k; each c_k is a quadratic in guidance / 12
whose three coefficients are quadratics in N / 50. ``fit_ratios`` makes one of searches.

Parameters
----------
coefficients : array (36,)
    In the order (k, coefficient of the guidance, coefficient of N), highest powers of the two first.

Raises
------
ValueError
    If these are not 36 finite numbers.

References
----------
Zhao, Wang, Zhou, Lu, "DC-Solver", ECCV 2024, arXiv:2409.03755.)");
    c.attr("__module__") = "buffon.diffusion";
    c.def(py::init(&made), py::arg("coefficients"));
    c.def(
        "predict",
        [](const CascadePolynomial& p, std::int64_t steps, double guidance) {
            return binder::from_vector(p.predict(steps, guidance));
        },
        py::arg("steps"), py::arg("guidance") = 1.0, R"(The ratios of a number of steps.

Parameters
----------
steps : int
guidance : float

Returns
-------
array (steps,)
    What ``dc`` takes; the first two are 1.

Raises
------
ValueError
    If ``steps`` is below 1 or ``guidance`` not finite.)");
    c.def_property_readonly(
        "coefficients", [](const CascadePolynomial& p) { return binder::from_vector(numbers(p)); }, "The 36 numbers.");
    c.def(
        "save", [](const CascadePolynomial& p, py::handle path) { p.save(path_of(path)); }, py::arg("path"),
        R"(Write a JSON file.

Parameters
----------
path : str or path

Raises
------
RuntimeError
    If it cannot be written.)");
    c.def_static(
        "load", [](py::handle path) { return CascadePolynomial::load(path_of(path)); }, py::arg("path"),
        R"(Read a file that ``save`` wrote, to the bit.

Parameters
----------
path : str or path

Returns
-------
CascadePolynomial

Raises
------
RuntimeError
    If there is no such file, or it holds something else.)");
    c.def(py::pickle([](const CascadePolynomial& p) { return py::make_tuple(binder::from_vector(numbers(p))); },
                    [](const py::tuple& t) { return made(t[0]); }));
    c.def("__repr__", [](const CascadePolynomial&) {
        return std::string("CascadePolynomial: ratios by .predict(steps, guidance)");
    });
}

}  // namespace

void bind_compensation(py::module_& m) {
    bind_search(m);
    bind_polynomial(m);
    binder::bind(m, "dc_search", &dc_search);
    m.def("fit_ratios", &fitted, py::arg("guidance"), py::arg("ratios"),
          R"(Fit a cascade polynomial to searched ratios, by least squares.

Of all fits as good, which there are for fewer than three numbers of steps or of guidances, the one of smallest coefficients.
Between the searched cells it interpolates; what it says outside of them has not been tried.

Parameters
----------
guidance : array (k,)
    Guidance of each search.
ratios : list of k arrays
    The ratios that each found, one per step.

Returns
-------
CascadePolynomial

Raises
------
ValueError
    If the lengths differ, a number is not finite, or no search has more than two steps.

References
----------
Zhao, Wang, Zhou, Lu, "DC-Solver", ECCV 2024, arXiv:2409.03755.

Examples
--------
>>> from buffon import diffusion as bd
>>> ratios = bd.fit_ratios([1.0, 7.5], [[1, 1, 0.9, 1.1], [1, 1, 0.8, 1.3]]).predict(4, 7.5)
>>> round(float(ratios[3]), 6)
1.3
)");
}
