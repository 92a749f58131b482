/// Control variates from Python: one function with all means, or a dict name -> (function, mean).
#include <string>
#include <vector>

#include <pybind11/stl.h>

#include <buffon/problem.hpp>

#include "convert.hpp"
#include "python_model.hpp"

using namespace buffon;

namespace binder {
namespace {

/// A dict name -> (function, mean): the functions all see x.
void read_known(const py::dict& given, const std::string& where, Controls& out, std::vector<Callable>& functions) {
    for (const auto& [name, value] : given) {
        out.names.push_back(convert<std::string>(name, where, "name"));
        const std::string here = where + "['" + out.names.back() + "']";
        if (!py::isinstance<py::tuple>(value) || py::len(value) != 2)
            throw py::type_error(here + " must be a pair (function, mean), got " + short_repr(value));
        const auto pair = py::reinterpret_borrow<py::tuple>(value);
        if (!PyCallable_Check(pair[0].ptr()))
            throw py::type_error(here + " must begin with a function, got " + short_repr(pair[0]));
        functions.emplace_back(py::reinterpret_borrow<py::object>(pair[0]));
        out.means.push_back(convert<double>(pair[1], where, "mean of '" + out.names.back() + "'"));
    }
    if (out.names.empty()) throw py::value_error(where + " is an empty dict");
}

}  // namespace

Controls to_controls(py::handle given, const std::string& where) {
    Controls out;
    std::vector<Callable> functions;
    py::object f = py::reinterpret_borrow<py::object>(given);
    if (py::isinstance<py::dict>(given)) {
        read_known(given.cast<py::dict>(), where, out, functions);
        f = py::cpp_function([](py::object x) { return x; });
    } else if (!PyCallable_Check(given.ptr())) {
        wrong_type(where.substr(0, where.find(':')), "controls", "a function or a dict name -> (function, mean)", given);
    }
    out.values = [model = PythonModel(std::move(f), out.names, std::move(functions), {}, true, "controls")](
                     ConstView x) { return model(x).y; };
    out.thread_safe = false;
    return out;
}

}  // namespace binder
