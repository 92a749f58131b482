/// The argument of estimators that take several models of one quantity: [(problem, cost), ...], expensive first.
#pragma once

#include <string>
#include <vector>

#include <pybind11/pybind11.h>

#include <buffon/multilevel.hpp>

#include "bind.hpp"
#include "convert.hpp"

namespace binder {

template <>
inline constexpr const char* argument_name<std::vector<buffon::Level>> = "hierarchy";

template <>
struct Converter<std::vector<buffon::Level>> {
    static std::vector<buffon::Level> from(py::handle v, const std::string& f, const std::string& n) {
        if (!py::isinstance<py::list>(v) && !py::isinstance<py::tuple>(v)) wrong_type(f, n, "a list of pairs (problem, cost)", v);
        std::vector<buffon::Level> levels;
        for (const auto& item : v) {
            const std::string where = n + "[" + std::to_string(levels.size()) + "]";
            if (!py::isinstance<py::tuple>(item) || py::len(item) != 2) wrong_type(f, where, "a pair (problem, cost)", item);
            const auto pair = py::reinterpret_borrow<py::tuple>(item);
            levels.push_back({convert<buffon::Problem>(pair[0], f, where + "[0]"), convert<double>(pair[1], f, where + "[1]")});
        }
        return levels;
    }
};

}  // namespace binder
