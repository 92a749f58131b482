/// One word registers a C++ function in Python: positional arguments are those without `fields()`, keywords are the fields
/// of the others. Unknown keywords are answered with the nearest known one, wrong types with the argument's name.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include <pybind11/pybind11.h>

#include <buffon/control.hpp>
#include <buffon/distribution.hpp>
#include <buffon/fields.hpp>
#include <buffon/problem.hpp>
#include <buffon/run.hpp>
#include <buffon/sample.hpp>
#include <buffon/text.hpp>

#include "convert.hpp"

namespace binder {

namespace py = pybind11;

/// Name under which a positional argument is known.
template <class T>
inline constexpr const char* argument_name = "argument";
template <>
inline constexpr const char* argument_name<buffon::Problem> = "problem";
template <>
inline constexpr const char* argument_name<buffon::Estimate> = "estimate";
template <>
inline constexpr const char* argument_name<buffon::Sample> = "sample";
template <>
inline constexpr const char* argument_name<std::optional<buffon::Distribution>> = "law";
template <>
inline constexpr const char* argument_name<std::vector<double>> = "levels";

/// Whether it may be left out.
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// Last word of the binding on an options struct before the call.
template <class T>
void prepare(T&) {}
void prepare(buffon::Run& run);   // lets Ctrl-C and a Python progress function into the run

template <class Options>
std::vector<std::string> field_names() {
    std::vector<std::string> names;
    std::apply([&](const auto&... field) { (names.emplace_back(field.name), ...); }, Options::fields());
    return names;
}

/// Keywords of a call that are taken out one by one; what is left is unknown.
class Keywords {
public:
    Keywords(std::string function, const py::kwargs& given) : function_(std::move(function)), left_(given.attr("copy")()) {}

    const std::string& function() const { return function_; }
    py::object take(std::string_view name) {
        known_.emplace_back(name);
        const py::str key(name.data(), name.size());
        return left_.contains(key) ? py::object(left_.attr("pop")(key)) : unset();
    }
    void refuse_unknown() const {
        for (const auto& item : left_)
            throw py::type_error(function_ + ": unknown keyword '" + item.first.cast<std::string>() + "'" +
                                 buffon::keyword_suggestion(item.first.cast<std::string>(), known_));
    }
    static py::object unset() { return py::reinterpret_borrow<py::object>(Py_NotImplemented); }

private:
    std::string function_;
    py::dict left_;
    std::vector<std::string> known_;
};

template <class T>
T positional(Keywords& keywords, const py::args& args, std::size_t& used) {
    py::object given = keywords.take(argument_name<T>);
    const bool by_keyword = !given.is(Keywords::unset());
    if (by_keyword && used < args.size())
        throw py::type_error(keywords.function() + ": argument '" + argument_name<T> + "' is given twice");
    if (!by_keyword) {
        if constexpr (is_optional<T>)
            if (used >= args.size()) return {};
        if (used >= args.size())
            throw py::type_error(keywords.function() + ": missing argument '" + argument_name<T> + "'");
        given = args[used++];
    }
    if constexpr (std::is_same_v<T, std::vector<double>>) return convert_numbers(given, keywords.function(), argument_name<T>);
    else return convert<T>(given, keywords.function(), argument_name<T>);
}

/// The registered estimator of this name, with its options out of the keywords that are left.
buffon::BaseEstimator base_estimator(Keywords& keywords, py::handle name);

template <buffon::Described T>
T options(Keywords& keywords) {
    T out;
    const auto fill = [&](const auto& field) {
        using Member = std::remove_cvref_t<decltype(out.*(field.member))>;
        const py::object given = keywords.take(field.name);
        if (given.is(Keywords::unset())) return;
        if constexpr (std::is_same_v<Member, buffon::BaseEstimator>)
            out.*(field.member) = base_estimator(keywords, given);
        else
            out.*(field.member) = convert<Member>(given, keywords.function(), std::string(field.name));
    };
    std::apply([&](const auto&... field) { (fill(field), ...); }, T::fields());
    prepare(out);
    return out;
}

template <class T>
T argument(Keywords& keywords, const py::args& args, std::size_t& used) {
    if constexpr (buffon::Described<T>)
        return options<T>(keywords);
    else
        return positional<T>(keywords, args, used);
}

/// (name, type, default, help) of each keyword, the source of signatures and docstrings.
template <class T>
void describe(py::list& positional, py::list& keywords) {
    if constexpr (buffon::Described<T>) {
        const T defaults;
        const auto row = [&](const auto& field) {
            using Member = std::remove_cvref_t<decltype(defaults.*(field.member))>;
            keywords.append(py::make_tuple(std::string(field.name), type_name<Member>(), to_python(defaults.*(field.member)),
                                           std::string(field.help)));
        };
        std::apply([&](const auto&... field) { (row(field), ...); }, T::fields());
    } else {
        positional.append(std::string(argument_name<T>));
    }
}

template <class Result, class... Args>
void bind(py::module_& m, const char* name, Result (*function)(Args...)) {
    m.attr(name) = py::cpp_function(
        [function, name](const py::args& args, const py::kwargs& given) {
            Keywords keywords(name, given);
            std::size_t used = 0;
            std::tuple<std::decay_t<Args>...> values{argument<std::decay_t<Args>>(keywords, args, used)...};
            keywords.refuse_unknown();
            if (used < args.size())
                throw py::type_error(std::string(name) + ": takes " + std::to_string(used) + " positional argument" +
                                     (used == 1 ? "" : "s") + ", got " + std::to_string(args.size()) +
                                     "; options are keywords");
            const py::gil_scoped_release release;
            return std::apply(function, values);
        },
        py::name(name));
    py::list positional;
    py::list keywords;
    (describe<std::decay_t<Args>>(positional, keywords), ...);
    m.attr("registry")[name] = py::make_tuple(positional, keywords);
}

}  // namespace binder
