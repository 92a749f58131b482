/// Laws and copulas fitted to data, in Python.
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <pybind11/stl.h>

#include <buffon/check.hpp>
#include <buffon/joint_fit.hpp>
#include <buffon/names.hpp>
#include <buffon/text.hpp>

#include "arrays.hpp"
#include "convert.hpp"
#include "laws.hpp"

using namespace buffon;
namespace py = pybind11;

namespace {

using Names = std::vector<std::string>;

py::dict by_name(const Names& names, const std::vector<double>& values) {
    py::dict out;
    for (std::size_t i = 0; i < names.size(); ++i) out[py::str(names[i])] = values[i];
    return out;
}

std::vector<double> errors(const LawFit& fit) {
    std::vector<double> out;
    for (std::int64_t i = 0; i < fit.covariance.rows; ++i) out.push_back(std::sqrt(fit.covariance(i, i)));
    return out;
}

std::string short_text(double value, int digits = 6) {
    char text[32];
    std::snprintf(text, sizeof text, "%.*g", digits, value);
    return text;
}

std::string left_out(std::int64_t missing) { return missing == 0 ? "" : ", " + with_commas(missing) + " missing"; }

std::string text_of(const LawFit& fit) {
    std::string text = py::repr(py::cast(fit.law)).cast<std::string>() + ": n = " + with_commas(fit.n) + left_out(fit.missing);
    const auto error = errors(fit);
    for (std::size_t i = 0; i < error.size(); ++i)
        text += (i == 0 ? "; " : ", ") + fit.parameters[i] + " = " + short_text(fit.values[i]) + " ± " + short_text(error[i], 2);
    return text;
}

std::string text_of(const CopulaFit& fit) {
    return py::repr(binder::from_copula(fit.copula, {})).cast<std::string>() + ": n = " + with_commas(fit.n) +
           left_out(fit.missing) + ", log-likelihood " + short_text(fit.log_likelihood) + ", AIC " +
           short_text(fit.aic());
}

/// A table of numbers (n, d), and the names of its columns if it has them (pandas, polars, xarray tables).
struct Table {
    Matrix rows;
    Names names;
};

Table to_table(py::handle data, py::handle names, const std::string& who) {
    Table out{binder::to_points(data, who + ": data"), {}};
    if (!names.is_none()) out.names = binder::convert<Names>(names, who, "names");
    else if (py::hasattr(data, "columns"))
        for (const auto name : py::iter(data.attr("columns"))) out.names.push_back(py::str(name).cast<std::string>());
    require(out.names.empty() || static_cast<std::int64_t>(out.names.size()) == out.rows.cols, who,
            ": names must have one entry per column, ", out.rows.cols, ", got ", out.names.size());
    if (out.names.empty()) out.names = default_names(out.rows.cols);
    return out;
}

/// One family for all columns, or a dict name -> family, "kernel" for those without an entry.
Names to_families(py::handle marginals, const Names& names) {
    if (!py::isinstance<py::dict>(marginals))
        return Names(names.size(), binder::convert<std::string>(marginals, "fit_joint", "marginals"));
    Names out(names.size(), "kernel");
    for (const auto& [name, family] : marginals.cast<py::dict>()) {
        const auto key = binder::convert<std::string>(name, "fit_joint", "name in marginals");
        const auto found = std::find(names.begin(), names.end(), key);
        require(found != names.end(), "fit_joint: no column is named '", key, "'", suggestion(key, names));
        out[static_cast<std::size_t>(found - names.begin())] =
            binder::convert<std::string>(family, "fit_joint", "marginals['" + key + "']");
    }
    return out;
}

JointFit joint_fit(py::object data, py::object names, py::object marginals, py::object copula) {
    const Table table = to_table(data, names, "fit_joint");
    const Names families = to_families(marginals, table.names);
    const std::string family = copula.is_none() ? "none" : binder::convert<std::string>(copula, "fit_joint", "copula");
    const py::gil_scoped_release release;
    return fit_joint(table.rows, table.names, families, family);
}

/// f(rows of the table) without the GIL.
template <class F>
auto of_rows(py::handle data, const std::string& who, const F& f) {
    const Table table = to_table(data, py::none(), who);
    const py::gil_scoped_release release;
    return f(table.rows);
}

/// What a pickle holds, and the fit again.
template <class Fit>
struct Kept;
template <>
struct Kept<LawFit> {
    static py::tuple to(const LawFit& f) {
        return py::make_tuple(f.law, f.parameters, f.values, binder::from_matrix(f.covariance), f.log_likelihood, f.n, f.missing);
    }
    static LawFit from(const py::tuple& s) {
        return {binder::to_univariate(s[0], "LawFit: law"), s[1].cast<Names>(), s[2].cast<std::vector<double>>(),
                binder::to_matrix(s[3], "LawFit: covariance"), s[4].cast<double>(), s[5].cast<std::int64_t>(),
                s[6].cast<std::int64_t>()};
    }
};
template <>
struct Kept<CopulaFit> {
    static py::tuple to(const CopulaFit& f) {
        // which one of a number of inputs knows
        const Names inputs = default_names(std::visit([](const auto& c) { return c.dim(); }, f.copula));
        return py::make_tuple(binder::from_copula(f.copula, {}), inputs, f.family, f.parameters, f.log_likelihood, f.std_error,
                              f.n, f.missing);
    }
    static CopulaFit from(const py::tuple& s) {
        return {binder::to_dependence(s[0], {}, s[1].cast<Names>()).groups().front().copula, s[2].cast<std::string>(),
                s[3].cast<std::int64_t>(), s[4].cast<double>(), s[5].cast<double>(), s[6].cast<std::int64_t>(),
                s[7].cast<std::int64_t>()};
    }
};

void bind_results(py::module_& m) {
    py::class_<LawFit>(m, "LawFit", "A univariate law fitted to data.")
        .def_property_readonly(
            "law", [](const LawFit& f) { return f.law; }, "The law.")
        .def_property_readonly(
            "parameters", [](const LawFit& f) { return by_name(f.parameters, f.values); },
            "Estimates by name; empty for a kernel density and a histogram.")
        .def_property_readonly(
            "std_error", [](const LawFit& f) { return by_name(f.parameters, errors(f)); },
            "Standard errors by name, from the observed information; NaN where there is none.")
        .def_property_readonly(
            "covariance", [](const LawFit& f) { return binder::from_matrix(f.covariance); },
            "Covariance of the estimates, shape (k, k).")
        .def_property_readonly(
            "log_likelihood", [](const LawFit& f) { return f.log_likelihood; },
            "Log-likelihood; NaN for a kernel density and a histogram.")
        .def_property_readonly("aic", &LawFit::aic, "2 k - 2 log-likelihood.")
        .def_property_readonly("bic", &LawFit::bic, "k log n - 2 log-likelihood.")
        .def_property_readonly(
            "n", [](const LawFit& f) { return f.n; }, "Observations used.")
        .def_property_readonly(
            "missing", [](const LawFit& f) { return f.missing; }, "NaN among the data, left out.")
        .def("__repr__", [](const LawFit& f) { return text_of(f); })
        .def(py::pickle(&Kept<LawFit>::to, &Kept<LawFit>::from));
    py::class_<CopulaFit>(m, "CopulaFit", "A copula fitted to the ranks of data.")
        .def_property_readonly(
            "copula", [](const CopulaFit& f) { return binder::from_copula(f.copula, {}); },
            "The copula, of all columns.")
        .def_property_readonly(
            "family", [](const CopulaFit& f) { return f.family; }, "Name of its family.")
        .def_property_readonly(
            "std_error", [](const CopulaFit& f) { return f.std_error; },
            "Of theta, or df, from the curvature of the pseudo-likelihood; NaN for a Gaussian copula.")
        .def_property_readonly(
            "log_likelihood", [](const CopulaFit& f) { return f.log_likelihood; },
            "Log pseudo-likelihood of the ranks.")
        .def_property_readonly("aic", &CopulaFit::aic, "2 k - 2 log-likelihood; 0 is that of independence.")
        .def_property_readonly("bic", &CopulaFit::bic, "k log n - 2 log-likelihood.")
        .def_property_readonly(
            "n", [](const CopulaFit& f) { return f.n; }, "Rows used.")
        .def_property_readonly(
            "missing", [](const CopulaFit& f) { return f.missing; }, "Rows with a NaN, left out.")
        .def("__repr__", [](const CopulaFit& f) { return text_of(f); })
        .def(py::pickle(&Kept<CopulaFit>::to, &Kept<CopulaFit>::from));
    py::class_<JointFit>(m, "JointFit", "The law of a table of measurements.")
        .def_property_readonly("joint", [](const JointFit& f) { return f.joint; }, "The law.")
        .def_property_readonly("marginals",
                               [](const JointFit& f) {
                                   py::dict out;
                                   for (std::size_t j = 0; j < f.marginals.size(); ++j)
                                       out[py::str(f.joint.names()[j])] = py::cast(f.marginals[j]);
                                   return out;
                               },
                               "The fit of each column by name.")
        .def_property_readonly("copula", [](const JointFit& f) { return f.copula; }, "The fit of the copula; None: independent.")
        .def_property_readonly("compared", [](const JointFit& f) { return f.compared; },
                               "Of copula='best': the fits of all families, the smallest AIC first.")
        .def("__repr__", [](const JointFit& f) {
            std::string text = "JointFit of " + std::to_string(f.joint.dim()) + " columns:";
            for (std::size_t j = 0; j < f.marginals.size(); ++j)
                text += "\n  " + f.joint.names()[j] + " ~ " + text_of(f.marginals[j]);
            return text + "\n  copula: " + (f.copula ? text_of(*f.copula) : "none");
        })
        .def(py::pickle(
            [](const JointFit& f) { return py::make_tuple(f.joint, f.marginals, f.copula, f.compared); },
            [](const py::tuple& s) {
                return JointFit{s[0].cast<Joint>(), s[1].cast<std::vector<LawFit>>(),
                                s[2].cast<std::optional<CopulaFit>>(), s[3].cast<std::vector<CopulaFit>>()};
            }));
}

}  // namespace

void bind_fits(py::module_& m) {
    bind_results(m);
    m.def("fit_law", [](py::object data, const std::string& family) {
        const auto x = binder::to_vector(data, "fit_law: data");
        const py::gil_scoped_release release;
        return fit_law(family, x);
    }, py::arg("data"), py::arg("family"), R"doc(The law of one family under which the data is most likely.

Parameters
----------
data : array
    Shape (n,). NaN is a missing value, counted and left out.
family : str
    "Normal", "LogNormal", "Exponential", "Gamma", "Weibull", "Gumbel", "Logistic", "StudentT", "Beta" (on (0, 1)); "kernel"
    (KernelDensity with Sheather and Jones' bandwidth) or "histogram".

Returns
-------
LawFit
    ``law``, ``parameters`` and their ``std_error`` from the observed information, ``aic``, ``bic``, ``n``, ``missing``.

Raises
------
ValueError
    For an unknown family, data outside its support (named by index), or too few different numbers.
)doc");
    m.def(
        "fit_copula",
        [](py::object data, const std::string& family) {
            return of_rows(data, "fit_copula", [&](ConstView rows) { return fit_copula(family, rows); });
        },
        py::arg("data"), py::arg("family"), R"doc(The copula of one family that fits the ranks of the data best.

Parameters
----------
data : array
    Shape (n, d). Rows with a NaN are counted and left out.
family : str
    "gaussian", "student", "clayton", "frank" or "gumbel". Elliptical copulas take their correlations from Kendall's tau; theta and
    df are those of the largest pseudo-likelihood.

Returns
-------
CopulaFit

References
----------
Genest, Ghoudi, Rivest, Biometrika 82 (1995).
)doc");
    m.def("compare_copulas", [](py::object data) {
        return of_rows(data, "compare_copulas", [](ConstView rows) { return compare_copulas(rows); });
    }, py::arg("data"), R"doc(All families of copulas fitted to the same data, the smallest AIC first; 0 is that of independence.

Returns
-------
list of CopulaFit
)doc");
    m.def("fit_joint", &joint_fit, py::arg("data"), py::arg("names") = py::none(), py::kw_only(), py::arg("marginals") = "kernel",
          py::arg("copula") = "best", R"doc(The law of a table of measurements: a law per column and a copula of their ranks.

Parameters
----------
data : array or table
    Shape (n, d), one row per observation. NaN is a missing value: left out of its column's fit, and its row out of the
    copula's; each fit says how many (``missing``).
names : list of str, optional
    Names of the columns; those of a table by default, else x1, x2, ...
marginals : str or dict
    A family of ``fit_law`` for all columns, or a dict name -> family ("kernel" where a column has no entry).
copula : str or None
    A family of ``fit_copula``; "best": the smallest AIC, independence included; None: independent.

Returns
-------
JointFit
    ``joint`` (the law), ``marginals``, ``copula``, ``compared``.
)doc");
}
