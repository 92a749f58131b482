/// Paths of files among options: str or os.PathLike.
#pragma once

#include "convert.hpp"

#include <filesystem>
#include <string>

namespace binder {

template <>
struct Converter<std::filesystem::path> {
    static std::string name() { return "str or PathLike"; }
    static py::object to(const std::filesystem::path& v) { return py::str(v.string()); }
    static std::filesystem::path from(py::handle v, const std::string& f, const std::string& n) {
        const py::object path = py::module_::import("os").attr("PathLike");
        if (!py::isinstance<py::str>(v) && !py::isinstance(v, path)) wrong_type(f, n, "a path", v);
        return py::module_::import("os").attr("fsdecode")(v).cast<std::string>();
    }
};

}  // namespace binder
