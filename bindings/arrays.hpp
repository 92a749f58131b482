/// NumPy arrays and Buffon's tables: looked at without a copy when C-contiguous float64.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <buffon/view.hpp>

namespace binder {

namespace py = pybind11;

using Array = py::array_t<double, py::array::c_style | py::array::forcecast>;

/// Why NumPy does not read a value, in the words of the library that made it: what lies on a device says how it comes here, what
/// has a gradient how it is let go of. Nothing of other values.
inline std::string refusal(py::handle value) {
    if (!py::hasattr(value, "device")) return "";
    try {
        py::module_::import("numpy").attr("asarray")(value);
        return "";
    } catch (const py::error_already_set& error) {
        return ": " + py::str(error.value()).cast<std::string>();
    }
}

/// Any array-like as float64; complex numbers and text are refused rather than cut.
inline Array to_array(py::handle value, const std::string& what) {
    py::array a = py::array::ensure(value);
    if (!a) {
        PyErr_Clear();
        throw py::type_error(what + " must be an array of numbers, got " +
                             py::type::of(value).attr("__name__").cast<std::string>() + refusal(value));
    }
    const char kind = a.dtype().kind();
    if (kind != 'f' && kind != 'i' && kind != 'u' && kind != 'b')
        throw py::type_error(what + " must be an array of real numbers, got dtype " + py::str(a.dtype()).cast<std::string>());
    return Array(a);
}

inline std::string shape_text(const py::array& a) { return py::str(a.attr("shape")).cast<std::string>(); }

/// What NumPy writes to make rows of one axis, for an error about `what`: "energy: x"; nothing where `a` has other axes.
/// @param d  numbers of a row; -1: any.
inline std::string axis_hint(const py::array& a, std::string what, std::int64_t d = -1) {
    if (a.ndim() != 1) return "";
    if (const auto at = what.rfind(": "); at != std::string::npos) what = what.substr(at + 2);
    const std::string column = what + "[:, None] has rows of one number", row = what + "[None] is one row";
    if (d < 0) return "; " + column + ", " + row;
    return d == 1 ? "; " + column : a.shape(0) == d ? "; " + row : "";
}

inline buffon::ConstView view_of(const Array& a) {   // (n, d), or (n,) as one column
    return {a.data(), a.shape(0), a.ndim() == 1 ? 1 : a.shape(1)};
}

/// (n, d) rows; a single (d,) row counts as n = 1.
inline Array to_rows(py::handle value, std::int64_t d, const std::string& what) {
    Array a = to_array(value, what);
    if (a.ndim() == 1 && a.shape(0) == d) a = a.reshape({py::ssize_t{1}, py::ssize_t{-1}});
    if (a.ndim() != 2 || a.shape(1) != d)
        throw py::value_error(what + " must have shape (n, " + std::to_string(d) + "), got " + shape_text(a) +
                              axis_hint(a, what, d));
    return a;
}

inline py::array_t<double> from_vector(const std::vector<double>& v) {
    return py::array_t<double>(static_cast<py::ssize_t>(v.size()), v.data());
}

inline py::array_t<double> from_matrix(const buffon::Matrix& m) {
    return py::array_t<double>({static_cast<py::ssize_t>(m.rows), static_cast<py::ssize_t>(m.cols)}, m.data.data());
}

inline buffon::Matrix to_matrix(py::handle value, const std::string& what) {
    const Array a = to_array(value, what);
    if (a.ndim() != 2) throw py::value_error(what + " must be a matrix, got shape " + shape_text(a));
    buffon::Matrix m(a.shape(0), a.shape(1));
    std::memcpy(m.data.data(), a.data(), m.data.size() * sizeof(double));
    return m;
}

/// (n, d) rows, of any d.
inline buffon::Matrix to_points(py::handle value, const std::string& what) {
    const Array a = to_array(value, what);
    if (a.ndim() != 2) throw py::value_error(what + " must be a matrix, got shape " + shape_text(a) + axis_hint(a, what));
    return to_matrix(a, what);
}

inline std::vector<double> to_vector(py::handle value, const std::string& what) {
    const Array a = to_array(value, what);
    if (a.ndim() != 1) throw py::value_error(what + " must be one-dimensional, got shape " + shape_text(a));
    return {a.data(), a.data() + a.size()};
}

}  // namespace binder
