/// Pickles of classes that are their members: a tuple of these, and from it the same object to the bit. Objects that hold
/// functions pickle by what made them: buffon/_made_by.py.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "arrays.hpp"

namespace binder {

/// A member as a pickle holds it: numbers in arrays, others as pybind11 has them.
template <class T>
struct Kept {
    static py::object to(const T& v) {
        if constexpr (std::is_base_of_v<py::object, T>) return v;
        else return py::cast(v);
    }
    static T from(py::handle v) { return py::cast<T>(v); }
};

template <>
struct Kept<buffon::Matrix> {
    static py::object to(const buffon::Matrix& m) { return from_matrix(m); }
    static buffon::Matrix from(py::handle v) { return to_matrix(v, "pickle"); }
};

template <class T>
struct Kept<std::optional<T>> {
    static py::object to(const std::optional<T>& v) { return v ? py::object(Kept<T>::to(*v)) : py::none(); }
    static std::optional<T> from(py::handle v) {
        if (v.is_none()) return {};
        return Kept<T>::from(v);
    }
};

template <class T>
struct Kept<std::map<std::string, T>> {
    static py::object to(const std::map<std::string, T>& all) {
        py::dict out;
        for (const auto& [name, v] : all) out[py::str(name)] = Kept<T>::to(v);
        return out;
    }
    static std::map<std::string, T> from(py::handle all) {
        std::map<std::string, T> out;
        for (const auto& [name, v] : all.cast<py::dict>()) out.emplace(py::cast<std::string>(name), Kept<T>::from(v));
        return out;
    }
};

template <class T>
struct Kept<std::vector<T>> {
    static constexpr bool numbers = std::is_arithmetic_v<T> && !std::is_same_v<T, bool>;
    static py::object to(const std::vector<T>& all) {
        if constexpr (numbers) return py::array_t<T>(static_cast<py::ssize_t>(all.size()), all.data());
        py::list out;
        for (const auto& v : all) out.append(Kept<T>::to(v));
        return out;
    }
    static std::vector<T> from(py::handle all) {
        std::vector<T> out;
        if constexpr (numbers) {
            const auto a = all.cast<py::array_t<T, py::array::c_style>>();
            out.assign(a.data(), a.data() + a.size());
        } else {
            for (const py::handle v : all.cast<py::list>()) out.push_back(Kept<T>::from(v));
        }
        return out;
    }
};

template <class T, auto... members>
struct OfMembers {
    static py::tuple to(const T& v) { return py::make_tuple(part(v.*members)...); }
    static T from(py::handle given) {
        const auto state = given.cast<py::tuple>();
        T v;
        std::size_t next = 0;
        (take(v.*members, state[next++]), ...);
        return v;
    }

private:
    template <class M>
    static py::object part(const M& member) {
        return Kept<M>::to(member);
    }
    template <class M>
    static void take(M& member, py::handle from) {
        member = Kept<M>::from(from);
    }
};

/// `c` pickles as these members; every other one keeps its default.
template <auto... members, class Class>
void def_pickle(Class& c) {
    using T = typename Class::type;
    using Parts = OfMembers<T, members...>;
    c.def(py::pickle([](const T& v) { return Parts::to(v); }, [](const py::tuple& state) { return Parts::from(state); }));
}

}  // namespace binder
