/// Samples in Python: from a user's table, as arrays without a copy, as the state that files are made of.
#include <cmath>

#include <pybind11/stl.h>

#include <buffon/check.hpp>
#include <buffon/counted.hpp>
#include <buffon/joint_fit.hpp>
#include <buffon/sample.hpp>
#include <buffon/text.hpp>

#include "arrays.hpp"
#include "convert.hpp"

using namespace buffon;
namespace py = pybind11;

namespace binder {
py::object from_distribution(const buffon::Distribution& law);
}

namespace {

using Names = std::optional<std::vector<std::string>>;
using Cell = std::tuple<std::int64_t, std::string, std::string>;

/// Rows that a sample owns, looked at without a copy; `owner` keeps them alive.
py::array_t<double> look_at(const Matrix& m, py::handle owner) {
    py::array_t<double> a({static_cast<py::ssize_t>(m.rows), static_cast<py::ssize_t>(m.cols)}, m.data.data(), owner);
    a.attr("setflags")(py::arg("write") = false);
    return a;
}

py::object law_of(const Sample& s) { return s.law ? binder::from_distribution(*s.law) : py::none(); }

std::vector<Cell> cells(const Sample& s) {
    std::vector<Cell> out;
    for (const auto& cell : s.missing) out.emplace_back(cell.row, cell.column, cell.text);
    return out;
}

py::array_t<std::int64_t> from_integers(const std::vector<std::int64_t>& v) {
    return py::array_t<std::int64_t>(static_cast<py::ssize_t>(v.size()), v.data());
}

/// All but the law.
py::dict sample_state(const Sample& s) {
    py::dict out;
    out["x"] = binder::from_matrix(s.x);
    out["y"] = binder::from_matrix(s.y);
    out["log_density"] = binder::from_vector(s.log_density);
    out["inputs"] = s.inputs;
    out["outputs"] = s.outputs;
    out["replicate"] = from_integers(s.replicate);
    out["adaptation"] = s.adaptation;
    out["skipped"] = s.skipped;
    out["controls"] = binder::from_matrix(s.controls);
    out["missing"] = cells(s);
    out["n_dropped"] = s.n_dropped;
    out["weighted"] = !s.equally_weighted();
    out["warnings"] = s.warnings;
    return out;
}

void check_shapes(const Sample& s) {
    const auto has = [&](const char* name, std::int64_t size, std::int64_t rows) {
        require(size == rows || size == 0, "Sample: ", name, " must have ", rows, " rows, got ", size);
    };
    require(s.y.rows == s.x.rows, "Sample: x and y must have equally many rows, got ", s.x.rows, " and ", s.y.rows);
    require(s.adaptation >= 0 && s.adaptation <= s.n() && s.skipped >= 0, "Sample: adaptation or skipped do not fit ",
            s.n(), " rows");
    has("log_density", static_cast<std::int64_t>(s.log_density.size()), s.n());
    has("replicate", static_cast<std::int64_t>(s.replicate.size()), s.n());
    has("controls", s.controls.rows, s.n() - s.adaptation);
    require(static_cast<std::int64_t>(s.inputs.size()) == s.x.cols &&
                static_cast<std::int64_t>(s.outputs.size()) == s.y.cols,
            "Sample: columns need a name each, got ", s.x.cols, " inputs and ", s.y.cols, " outputs with ",
            s.inputs.size(), " and ", s.outputs.size(), " names");
}

/// Fields that older files do not have may be absent.
Sample sample_from_state(const py::dict& given) {
    Sample s;
    s.x = binder::to_matrix(given["x"], "Sample: x");
    s.y = binder::to_matrix(given["y"], "Sample: y");
    s.log_density = binder::to_vector(given["log_density"], "Sample: log_density");
    s.inputs = binder::convert<std::vector<std::string>>(given["inputs"], "Sample", "inputs");
    s.outputs = binder::convert<std::vector<std::string>>(given["outputs"], "Sample", "outputs");
    const auto read = [&](const char* name, auto& field) {
        if (given.contains(name)) field = given[name].cast<std::remove_reference_t<decltype(field)>>();
    };
    read("replicate", s.replicate);
    read("adaptation", s.adaptation);
    read("skipped", s.skipped);
    read("n_dropped", s.n_dropped);
    read("weighted", s.weighted);
    read("warnings", s.warnings);
    if (given.contains("controls")) s.controls = binder::to_matrix(given["controls"], "Sample: controls");
    if (given.contains("missing"))
        for (const auto& [row, column, text] : given["missing"].cast<std::vector<Cell>>())
            s.missing.push_back({row, column, text});
    if (s.n() == 0) {   // an array without rows may have lost its columns
        s.x = Matrix(0, static_cast<std::int64_t>(s.inputs.size()));
        s.y = Matrix(0, static_cast<std::int64_t>(s.outputs.size()));
    }
    check_shapes(s);
    return s;
}

/// A pickle has the law, too; a file has not.
py::dict pickled_sample(const Sample& s) {
    py::dict out = sample_state(s);
    if (s.law) out["law"] = binder::from_distribution(*s.law);
    return out;
}

Sample unpickled_sample(const py::dict& given) {
    Sample s = sample_from_state(given);
    if (given.contains("law")) s.law = binder::to_distribution(given["law"], "Sample: law");
    return s;
}

/// What the caller says of the law that made a table.
struct KnownLaw {
    std::optional<Distribution> law;
    bool fit = false;   // estimate it from the rows
};

KnownLaw to_law(py::handle law) {
    if (law.is_none()) return {};
    if (!py::isinstance<py::str>(law)) return {binder::to_distribution(law, "Sample: law")};
    const auto word = law.cast<std::string>();
    require(word == "fit", "Sample: law must be a law or 'fit', got '", word, "'");
    return {std::nullopt, true};
}

py::object names_of(const KnownLaw& known) { return known.law ? py::object(py::cast(known.law->names())) : py::none(); }

/// A kernel density for each input, and the copula with the smallest AIC; the sample keeps in words that this is an estimate.
JointFit fitted(const Sample& s) {
    return fit_joint(s.x, s.inputs, std::vector<std::string>(s.inputs.size(), "kernel"), s.x.cols > 1 ? "best" : "none");
}

std::string estimated(const JointFit& fit, std::int64_t rows) {
    return "the law of the inputs is an estimate from the table's " + with_commas(rows) + " rows (kernel densities, " +
           (fit.copula ? "copula '" + fit.copula->family + "'" : std::string("independent")) +
           "): intervals leave out the error of that estimate";
}

/// What buffon/_table.py made of a table, with the law that its rows stand for.
Sample from_table(const py::dict& table, const KnownLaw& known) {
    Sample s = sample_from_state(table);
    const auto log_weight = binder::to_vector(table["log_weight"], "Sample: weights");
    require(known.law || log_weight.empty(), "Sample: weights need the law that the rows stand for");
    require(!known.fit || s.log_density.empty(),
            "Sample: law = 'fit' is of rows that were drawn from it; rows with a log_density were not");
    std::optional<JointFit> fit;
    {
        const py::gil_scoped_release release;
        if (known.fit) fit = fitted(s);
        if (fit) s.stands_for(fit->joint);
        else if (known.law) s.stands_for(*known.law, log_weight);
    }
    for (const auto& warning : s.warnings)
        if (PyErr_WarnEx(PyExc_RuntimeWarning, warning.c_str(), 2) < 0) throw py::error_already_set();
    if (fit) s.warnings.push_back(estimated(*fit, s.n()));   // was asked for: only what is made of the sample warns of it
    return s;
}

Sample from_arrays(py::object x, py::object y, py::object law, const Names& inputs, const Names& outputs, py::object log_density,
                   py::object weights, const std::string& on_missing) {
    const auto known = to_law(law);
    const py::object read = py::module_::import("buffon._table").attr("read");
    return from_table(read(x, y, names_of(known), inputs, outputs, log_density, weights, on_missing).cast<py::dict>(), known);
}

Sample from_csv(py::object path, const Names& inputs, const Names& outputs, py::object law, const std::string& delimiter,
                const std::string& on_missing) {
    const auto known = to_law(law);
    const py::object read = py::module_::import("buffon._table").attr("read_csv");
    return from_table(read(path, names_of(known), inputs, outputs, delimiter, on_missing).cast<py::dict>(), known);
}

std::string text_of(const Sample& s) {
    std::string out = "Sample of " + counted(s.n(), "point") + ": " + counted(s.x.cols, "input") + ", " + counted(s.y.cols, "output");
    if (s.log_density.empty() && s.n() > 0) out += ", law not known";
    if (!s.equally_weighted()) out += ", weighted";
    if (s.n_dropped > 0) out += "; " + counted(s.n_dropped, "row") + " left out";
    if (const auto failed = s.n_failed()) out += "; " + with_commas(failed) + " failed";
    return out;
}

}  // namespace

void bind_sample(py::module_& m) {
    py::class_<Sample>(
        m, "Sample",
        R"doc(Points with what the model said and where they were drawn from: what a run keeps, or a table of past runs.

Parameters
----------
x : array, pandas DataFrame or dict of columns
    Inputs (n, d), a row for each run. A table with names is put into the order of the law's names.
y : array, pandas DataFrame or dict of columns
    Outputs, shape (n,) or (n, m). A run whose outputs are not all finite has failed: it stays in the sample and is counted.
law : law or "fit", optional
    The law that the rows were drawn from, or that they stand for by their weights. None: not known. "fit": estimated from the
    rows with all inputs, as ``fit_joint(x, names, marginals="kernel", copula="best")`` does; ``warnings`` and all that is
    made of the sample say that intervals leave out the error of that estimate.
inputs, outputs : list of str, optional
    Names; they choose and order the columns of a table that has names.
log_density : array, optional
    Log density (n,) of another law that the rows were drawn from; they then stand for ``law`` by their weights.
weights : array, optional
    Weights (n,) with which the rows stand for ``law``; they are scaled to mean 1.
on_missing : str
    "report": a row with a missing input is left out and a missing output is a failed run; ``missing``, ``n_dropped``,
    ``n_failed`` and a warning tell of them. "raise": any such cell is an error.

Raises
------
ValueError
    For shapes and names that do not fit, and missing cells with ``on_missing="raise"``.

Notes
-----
What shows that the law did not make the rows (Kolmogorov's distance of each input given those before it, correlations that
the law does not have, rows outside of it) is in ``warnings`` and warned of.
)doc")
        .def(py::init(&from_arrays), py::arg("x"), py::arg("y"), py::arg("law") = py::none(), py::kw_only(),
             py::arg("inputs") = py::none(), py::arg("outputs") = py::none(), py::arg("log_density") = py::none(),
             py::arg("weights") = py::none(), py::arg("on_missing") = "report")
        .def_static("from_csv", &from_csv, py::arg("path"), py::arg("inputs") = py::none(),
                    py::arg("outputs") = py::none(), py::arg("law") = py::none(), py::kw_only(),
                    py::arg("delimiter") = ",", py::arg("on_missing") = "report",
                    R"doc(From a text file with a line of column names: cells without a number are missing.

Parameters
----------
path : str or path
    Its lines are rows of the table; row 0 is the line after the names.
inputs, outputs : list of str, optional
    Columns. Inputs default to the names of the law; either defaults to all columns that are not of the other.
law, on_missing :
    As for Sample.
delimiter : str
    What stands between cells.

Raises
------
ValueError
    For columns that are not there, lines with another number of cells than the first, missing cells with
    ``on_missing="raise"``.
)doc")
        .def_property_readonly(
            "x", [](py::object s) { return look_at(s.cast<const Sample&>().x, s); }, "Inputs, shape (n, d), read-only.")
        .def_property_readonly(
            "y", [](py::object s) { return look_at(s.cast<const Sample&>().y, s); },
            "Outputs, shape (n, m), read-only; not finite where an evaluation failed.")
        .def_property_readonly(
            "log_density", [](const Sample& s) { return binder::from_vector(s.log_density); },
            "Log density of the law each row was drawn from, shape (n,); empty where it is not known.")
        .def_property_readonly(
            "replicate", [](const Sample& s) { return from_integers(s.replicate); },
            "Number of the net that each row belongs to, shape (n,), -1 in the adaptation; empty where rows are "
            "independent.")
        .def_readonly("adaptation", &Sample::adaptation,
                      "How many of the first rows taught the sampling law of the others.")
        .def_readonly("skipped", &Sample::skipped,
                      "Draws, beside the later rows, outside the support of every input law: not evaluated, weight 0.")
        .def_property_readonly(
            "controls", [](py::object s) { return look_at(s.cast<const Sample&>().controls, s); },
            "Functions of the later rows with mean 0 under their law, shape (n - adaptation, K), read-only.")
        .def_property_readonly("law", &law_of, "Law of the inputs, if it is known.")
        .def_readonly("inputs", &Sample::inputs, "Names of the inputs.")
        .def_readonly("outputs", &Sample::outputs, "Names of the outputs.")
        .def_property_readonly(
            "missing", &cells,
            "Cells without a number in the table it was made from: (row, column, what stands there).")
        .def_readonly("n_dropped", &Sample::n_dropped,
                      "Rows of that table that were left out, since an input is missing.")
        .def_property_readonly("n_failed", &Sample::n_failed, "Rows whose outputs are not all finite.")
        .def_readonly("warnings", &Sample::warnings, "In plain words, what makes answers from this sample doubtful.")
        .def("__len__", &Sample::n)
        .def(py::pickle(&pickled_sample, &unpickled_sample))
        .def("_state", &sample_state)
        .def_static("_from_state", &sample_from_state)
        .def("__repr__", &text_of);
}
