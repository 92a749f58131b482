/// Compiled functions from Python as models; what is accepted stands in bindings/buffon/_c_function.py.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <pybind11/pybind11.h>

#include <buffon/problem.hpp>

namespace binder {

/// A function of C with its user data; copies share what keeps both alive.
struct CFunction {
    std::string form;          // "point", "row" or "batch"
    bool takes_data = false;
    void* function = nullptr;
    void* user_data = nullptr;
    std::shared_ptr<const void> owner;   // the Python object
};

/// Nothing for an object that is no compiled function.   @throw TypeError for one of another signature.
std::optional<CFunction> read_c_function(pybind11::handle model);

/// The problem that calls it without the GIL, from several threads; m outputs if it takes batches.
buffon::Problem c_problem(const CFunction& f, std::int64_t m, buffon::Distribution inputs, std::vector<std::string> outputs);

}  // namespace binder
