/// From Python to the members of options structs and back, with errors that name function and argument.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <buffon/control.hpp>
#include <buffon/distribution.hpp>
#include <buffon/fields.hpp>
#include <buffon/input_group.hpp>
#include <buffon/problem.hpp>
#include <buffon/run.hpp>
#include <buffon/sample.hpp>
#include <buffon/text.hpp>

#include "rng.hpp"

namespace binder {

namespace py = pybind11;

/// A Python object that C++ code may copy and destroy without the GIL.
class Callable {
public:
    explicit Callable(py::object f) : f_(new py::object(std::move(f)), [](py::object* p) {
        const py::gil_scoped_acquire gil;
        delete p;
    }) {}
    const py::object& operator*() const { return *f_; }

private:
    std::shared_ptr<py::object> f_;
};

buffon::Controls to_controls(py::handle given, const std::string& where);   // a function, or a dict name -> (function, mean)
buffon::Distribution to_distribution(py::handle law, const std::string& where);

/// repr on one line of at most 80 bytes.
inline std::string short_repr(py::handle value) {
    const auto text = py::repr(value).cast<std::string>();
    const std::string line = text.substr(0, text.find('\n'));
    if (line.size() == text.size() && line.size() <= 80) return line;
    std::size_t end = std::min<std::size_t>(line.size(), 80);
    while (end > 0 && (static_cast<unsigned char>(line[end - 1]) & 0x80) != 0) --end;   // no half a character
    return line.substr(0, end) + "...";
}

[[noreturn]] inline void wrong_type(const std::string& function, const std::string& name, const std::string& wanted,
                                    py::handle got) {
    throw py::type_error(function + ": " + name + " must be " + wanted + ", got " +
                         py::type::of(got).attr("__name__").cast<std::string>() + " " + short_repr(got));
}

template <class T>
struct Converter;

template <class T>
T convert(py::handle given, const std::string& function, const std::string& name) {
    return Converter<T>::from(given, function, name);
}
template <class T>
std::string type_name() {
    return Converter<T>::name();
}
template <class T>
py::object to_python(const T& value) {
    return Converter<T>::to(value);
}

template <>
struct Converter<bool> {
    static std::string name() { return "bool"; }
    static py::object to(bool v) { return py::bool_(v); }
    static bool from(py::handle v, const std::string& f, const std::string& n) {
        if (!py::isinstance<py::bool_>(v)) wrong_type(f, n, "True or False", v);
        return v.cast<bool>();
    }
};

template <class T>
    requires(std::is_same_v<T, int> || std::is_same_v<T, std::int64_t>)
struct Converter<T> {
    static std::string name() { return "int"; }
    static py::object to(T v) { return py::int_(v); }
    static T from(py::handle v, const std::string& f, const std::string& n) {
        const bool whole_float = py::isinstance<py::float_>(v) && v.attr("is_integer")().template cast<bool>();   // 1e6
        if (py::isinstance<py::bool_>(v) || (!PyIndex_Check(v.ptr()) && !whole_float)) wrong_type(f, n, "an integer", v);
        const auto whole = py::reinterpret_steal<py::object>(whole_float ? PyNumber_Long(v.ptr()) : PyNumber_Index(v.ptr()));
        if (!whole) {   // an array of several numbers
            PyErr_Clear();
            wrong_type(f, n, "an integer", v);
        }
        const long long value = PyLong_AsLongLong(whole.ptr());
        if (PyErr_Occurred() || value != static_cast<T>(value)) {
            PyErr_Clear();
            throw py::value_error(f + ": " + n + " is too large, got " + short_repr(v));
        }
        return static_cast<T>(value);
    }
};

template <>
struct Converter<double> {
    static std::string name() { return "float"; }
    static py::object to(double v) { return py::float_(v); }
    static double from(py::handle v, const std::string& f, const std::string& n) {
        if (py::isinstance<py::bool_>(v) || !PyNumber_Check(v.ptr())) wrong_type(f, n, "a number", v);
        const double value = PyFloat_AsDouble(v.ptr());
        if (PyErr_Occurred()) {
            PyErr_Clear();
            wrong_type(f, n, "a number", v);
        }
        return value;
    }
};

template <>
struct Converter<std::string> {
    static std::string name() { return "str"; }
    static py::object to(const std::string& v) { return py::str(v); }
    static std::string from(py::handle v, const std::string& f, const std::string& n) {
        if (!py::isinstance<py::str>(v)) wrong_type(f, n, "a string", v);
        return v.cast<std::string>();
    }
};

/// The key of `rng` arguments; the only unsigned member that options have.
template <>
struct Converter<std::optional<std::uint64_t>> {
    static std::string name() { return "int, Generator, SeedSequence or None"; }
    static py::object to(const std::optional<std::uint64_t>& v) { return v ? py::object(py::int_(*v)) : py::none(); }
    static std::optional<std::uint64_t> from(py::handle v, const std::string& f, const std::string&) { return rng_key(v, f); }
};

template <class T>
struct Converter<std::optional<T>> {
    static std::string name() { return type_name<T>() + " or None"; }
    static py::object to(const std::optional<T>& v) { return v ? to_python(*v) : py::none(); }
    static std::optional<T> from(py::handle v, const std::string& f, const std::string& n) {
        if (v.is_none()) return std::nullopt;
        return convert<T>(v, f, n);
    }
};

template <class T>
struct Converter<std::vector<T>> {
    static std::string name() { return "list of " + type_name<T>(); }
    static py::object to(const std::vector<T>& v) {
        py::list out;
        for (const auto& item : v) out.append(to_python(item));
        return out;
    }
    static std::vector<T> from(py::handle v, const std::string& f, const std::string& n) {
        if (py::isinstance<py::str>(v) || py::isinstance<py::dict>(v) || !py::isinstance<py::iterable>(v))
            wrong_type(f, n, "a " + name(), v);
        std::vector<T> out;
        for (const auto item : py::iter(v)) out.push_back(convert<T>(item, f, n + "[" + std::to_string(out.size()) + "]"));
        return out;
    }
};

/// Groups of inputs, {name: [inputs]}; None: there are none.
template <>
struct Converter<std::vector<buffon::InputGroup>> {
    static std::string name() { return "dict or None"; }
    static py::object to(const std::vector<buffon::InputGroup>&) { return py::none(); }
    static std::vector<buffon::InputGroup> from(py::handle v, const std::string& f, const std::string& n) {
        if (v.is_none()) return {};
        if (!py::isinstance<py::dict>(v)) wrong_type(f, n, "a dict {name: [inputs]}", v);
        std::vector<buffon::InputGroup> out;
        for (const auto& [key, inputs] : v.cast<py::dict>()) {
            const auto group = convert<std::string>(key, f, n + ": a name");
            out.push_back({group, convert<std::vector<std::string>>(inputs, f, n + "['" + group + "']")});
        }
        return out;
    }
};

/// NumPy's name of a dtype however it was given; "" where NumPy knows none.
inline std::string dtype_name(py::handle v) {
    try {
        return py::module_::import("numpy").attr("dtype")(v).attr("name").cast<std::string>();
    } catch (const py::error_already_set&) {
        return "";
    }
}

/// A number, of NumPy or another library too; an array is one where it has no axis.
inline bool is_number(py::handle v) {
    if (py::isinstance<py::bool_>(v) || !PyNumber_Check(v.ptr())) return false;
    return !PySequence_Check(v.ptr()) || (py::hasattr(v, "ndim") && py::object(v.attr("ndim")).equal(py::int_(0)));
}

/// One number, or a list of them.
inline std::vector<double> convert_numbers(py::handle v, const std::string& f, const std::string& n) {
    if (is_number(v)) return {convert<double>(v, f, n)};
    return convert<std::vector<double>>(v, f, n);
}

template <class T>
    requires std::is_enum_v<T>
struct Converter<T> {
    static std::vector<std::string> words() {
        return {buffon::EnumNames<T>::names.begin(), buffon::EnumNames<T>::names.end()};
    }
    static std::string name() {
        std::string out;
        for (const auto& w : words()) out += (out.empty() ? "'" : ", '") + w + "'";
        return out;
    }
    static py::object to(T v) { return py::str(words()[static_cast<std::size_t>(v)]); }
    static T from(py::handle v, const std::string& f, const std::string& n) {
        const auto known = words();
        if (n == "dtype" && !v.is_none()) {   // np.float32, np.dtype("float32"), float
            const auto word = dtype_name(v);
            for (std::size_t i = 0; i < known.size(); ++i)
                if (known[i] == word) return static_cast<T>(i);
        }
        if (!py::isinstance<py::str>(v)) wrong_type(f, n, "one of " + name(), v);
        const auto given = v.cast<std::string>();
        for (std::size_t i = 0; i < known.size(); ++i)
            if (known[i] == given) return static_cast<T>(i);
        throw py::value_error(f + ": " + n + " must be one of " + name() + ", got '" + given + "'");
    }
};

/// A Python function of (n, budget), or of (n, budget, partial) where its third argument has this name or no default.
buffon::Progress to_progress(const Callable& call);

template <>
struct Converter<buffon::Progress> {
    static std::string name() { return "callable, bool or None"; }   // True: the display of buffon/_progress.py
    static py::object to(const buffon::Progress&) { return py::none(); }
    static buffon::Progress from(py::handle v, const std::string& f, const std::string& n) {
        if (v.is_none()) return {};
        if (!PyCallable_Check(v.ptr())) wrong_type(f, n, "callable", v);
        return to_progress(Callable(py::reinterpret_borrow<py::object>(v)));
    }
};

/// A number, {'absolute': a, 'relative': r}, {name: one of these}, or a list of these and None.
buffon::TargetError to_target_error(py::handle given, const std::string& function, const std::string& name);

template <>
struct Converter<buffon::TargetError> {
    static std::string name() { return "float, dict, list or None"; }
    static py::object to(const buffon::TargetError&) { return py::none(); }
    static buffon::TargetError from(py::handle v, const std::string& f, const std::string& n) {
        if (v.is_none()) return {};
        return to_target_error(v, f, n);
    }
};

template <>
struct Converter<buffon::Distribution> {
    static std::string name() { return "law"; }
    static py::object to(const buffon::Distribution&) { return py::none(); }
    static buffon::Distribution from(py::handle v, const std::string& f, const std::string& n) {
        return to_distribution(v, f + ": " + n);
    }
};

template <>
struct Converter<buffon::Controls> {
    static std::string name() { return "callable or dict"; }
    static py::object to(const buffon::Controls&) { return py::none(); }
    static buffon::Controls from(py::handle v, const std::string& f, const std::string& n) {
        return to_controls(v, f + ": " + n);
    }
};

/// Read by the binder itself: the estimator's options are keywords, too.
template <>
struct Converter<buffon::BaseEstimator> {
    static std::string name() { return "name of an estimator"; }
    static py::object to(const buffon::BaseEstimator&) { return py::str("plain"); }
};

template <>
struct Converter<buffon::Estimate> {
    static buffon::Estimate from(py::handle v, const std::string& f, const std::string& n) {
        if (!py::isinstance<buffon::Estimate>(v)) wrong_type(f, n, "an Estimate (of a run with keep='state')", v);
        return v.cast<buffon::Estimate>();
    }
};

template <>
struct Converter<buffon::Sample> {
    static buffon::Sample from(py::handle v, const std::string& f, const std::string& n) {
        if (!py::isinstance<buffon::Sample>(v))
            wrong_type(f, n, "a Sample (estimate.sample of a run with keep='sample', or bf.Sample(x, y, law))", v);
        return v.cast<buffon::Sample>();
    }
};

template <>
struct Converter<buffon::Problem> {
    static buffon::Problem from(py::handle v, const std::string& f, const std::string& n) {
        if (!py::isinstance<buffon::Problem>(v)) wrong_type(f, n, "a Problem (bf.Problem(model, inputs))", v);
        return v.cast<buffon::Problem>();
    }
};

}  // namespace binder
