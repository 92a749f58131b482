/// Converters of the diffusion layer's nouns, for the binder.
#pragma once

#include <span>
#include <sstream>
#include <string>
#include <vector>

#include <pybind11/pybind11.h>

#include <buffon/diffusion/denoiser.hpp>
#include <buffon/diffusion/ems.hpp>
#include <buffon/diffusion/grid.hpp>
#include <buffon/diffusion/sample.hpp>
#include <buffon/diffusion/schedule.hpp>
#include <buffon/diffusion/solver_search.hpp>
#include <buffon/diffusion/table.hpp>

#include "arrays.hpp"
#include "bind.hpp"
#include "convert.hpp"

namespace buffon::diffusion {
/// Lets Ctrl-C and a Python progress function into a run.
Progress interruptible(Progress user);
void prepare(SampleOptions& options);   // found by its argument
void prepare(SolverSearchOptions& options);
}

namespace binder {

inline std::span<const double> numbers(const Array& a) { return {a.data(), static_cast<std::size_t>(a.size())}; }

template <class... Parts>
std::string text(const Parts&... parts) {
    std::ostringstream out;
    (out << ... << parts);
    return out.str();
}

buffon::diffusion::Schedule to_schedule(py::handle given, const std::string& where);
buffon::diffusion::Denoiser to_denoiser(py::handle given, const std::string& where);
buffon::diffusion::OnStep to_on_step(const Callable& call);
buffon::diffusion::Objective to_objective(const Callable& call);

// What files and pickle hold; stored.cpp.
py::dict table_state(const buffon::diffusion::Table& table);
/// Rows as they were; it has no maker. @throw std::invalid_argument for a table that is not one.
buffon::diffusion::Table table_from_state(const py::dict& state);
py::dict draws_state(const buffon::diffusion::Draws& draws);
buffon::diffusion::Draws draws_from_state(const py::dict& state);

template <>
inline constexpr const char* argument_name<buffon::diffusion::Schedule> = "schedule";
template <>
inline constexpr const char* argument_name<buffon::diffusion::Denoiser> = "model";
template <>
inline constexpr const char* argument_name<buffon::diffusion::Table> = "table";

template <>
struct Converter<buffon::diffusion::Schedule> {
    static buffon::diffusion::Schedule from(py::handle v, const std::string& f, const std::string& n) {
        return to_schedule(v, f + ": " + n);
    }
};

template <>
struct Converter<buffon::diffusion::Denoiser> {
    static buffon::diffusion::Denoiser from(py::handle v, const std::string& f, const std::string& n) {
        return to_denoiser(v, f + ": " + n);
    }
};

template <>
struct Converter<buffon::diffusion::Table> {
    static buffon::diffusion::Table from(py::handle v, const std::string& f, const std::string& n) {
        if (!py::isinstance<buffon::diffusion::Table>(v))
            wrong_type(f, n, "a Table, what a solver makes: bd.ddim(schedule, steps=10)", v);
        return v.cast<buffon::diffusion::Table>();
    }
};

template <>
struct Converter<buffon::diffusion::Ems> {
    static std::string name() { return "Ems"; }
    static py::object to(const buffon::diffusion::Ems& v) { return py::cast(v); }
    static buffon::diffusion::Ems from(py::handle v, const std::string& f, const std::string& n) {
        if (!py::isinstance<buffon::diffusion::Ems>(v)) wrong_type(f, n, "an Ems, what bd.ems(model, schedule) finds", v);
        return v.cast<buffon::diffusion::Ems>();
    }
};

template <>
struct Converter<buffon::diffusion::Spacing> {
    using Kind = Converter<buffon::diffusion::GridKind>;
    static std::string name() { return Kind::name() + " or array"; }
    static py::object to(const buffon::diffusion::Spacing& v) { return Kind::to(v.kind); }
    static buffon::diffusion::Spacing from(py::handle v, const std::string& f, const std::string& n) {
        if (py::isinstance<py::str>(v)) return Kind::from(v, f, n);
        std::vector<double> times = to_vector(v, f + ": " + n);
        if (times.size() < 2) throw py::value_error(f + ": " + n + " must hold at least 2 times, got " + short_repr(v));
        return times;
    }
};

template <>
struct Converter<buffon::Matrix> {
    static std::string name() { return "array"; }
    static py::object to(const buffon::Matrix& v) { return from_matrix(v); }
    static buffon::Matrix from(py::handle v, const std::string& f, const std::string& n) { return to_points(v, f + ": " + n); }
};

template <class T>
struct Converter<buffon::diffusion::OneOrMany<T>> {
    static std::string name() { return type_name<T>() + ", array or None"; }
    static py::object to(const buffon::diffusion::OneOrMany<T>&) { return py::none(); }
    static buffon::diffusion::OneOrMany<T> from(py::handle v, const std::string& f, const std::string& n) {
        if (v.is_none()) return {};
        const Array a = to_array(v, f + ": " + n);
        if (a.ndim() > 1) throw py::value_error(f + ": " + n + " must be one number or have shape (n,), got " + shape_text(a));
        buffon::diffusion::OneOrMany<T> out;
        for (py::ssize_t i = 0; i < a.size(); ++i) {
            out.values.push_back(static_cast<T>(a.data()[i]));
            if (static_cast<double>(out.values.back()) != a.data()[i])
                wrong_type(f, n, type_name<T>() + " or an array of them", v);
        }
        return out;
    }
};

template <>
struct Converter<buffon::diffusion::OnStep> {
    static std::string name() { return "callable or None"; }
    static py::object to(const buffon::diffusion::OnStep&) { return py::none(); }
    static buffon::diffusion::OnStep from(py::handle v, const std::string& f, const std::string& n) {
        if (v.is_none()) return {};
        if (!PyCallable_Check(v.ptr())) wrong_type(f, n, "callable", v);
        return to_on_step(Callable(py::reinterpret_borrow<py::object>(v)));
    }
};

template <>
struct Converter<buffon::diffusion::Objective> {
    static std::string name() { return "callable of Draws or None"; }
    static py::object to(const buffon::diffusion::Objective&) { return py::none(); }
    static buffon::diffusion::Objective from(py::handle v, const std::string& f, const std::string& n) {
        if (v.is_none()) return {};
        if (!PyCallable_Check(v.ptr())) wrong_type(f, n, "callable", v);
        return to_objective(Callable(py::reinterpret_borrow<py::object>(v)));
    }
};

template <>
struct Converter<buffon::diffusion::Trial> {
    static std::string name() { return "Trial"; }
    static py::object to(const buffon::diffusion::Trial& v) { return py::cast(v); }
    static buffon::diffusion::Trial from(py::handle v, const std::string& f, const std::string& n) {
        if (!py::isinstance<buffon::diffusion::Trial>(v)) wrong_type(f, n, "a Trial, an entry of table.record", v);
        return v.cast<buffon::diffusion::Trial>();
    }
};

}  // namespace binder
