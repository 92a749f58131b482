#include "c_function.hpp"

#include <tuple>

#include "convert.hpp"

using namespace buffon;
namespace py = pybind11;

namespace {

using binder::CFunction;

template <class Signature>
Signature* as(const CFunction& f) {
    return reinterpret_cast<Signature*>(f.function);
}

// One for each form: as the core calls it, with the CFunction in place of the user data.

double point(int d, double* x, void* called) {
    const auto& f = *static_cast<const CFunction*>(called);
    return f.takes_data ? as<double(int, double*, void*)>(f)(d, x, f.user_data) : as<double(int, double*)>(f)(d, x);
}

double row(int d, double* x, void* called) {
    const auto& f = *static_cast<const CFunction*>(called);
    return f.takes_data ? as<double(const double*, std::int64_t, void*)>(f)(x, d, f.user_data)
                        : as<double(const double*, std::int64_t)>(f)(x, d);
}

void batch(std::int64_t n, std::int64_t d, const double* x, std::int64_t m, double* y, void* called) {
    using WithData = void(std::int64_t, std::int64_t, const double*, std::int64_t, double*, void*);
    using Without = void(std::int64_t, std::int64_t, const double*, std::int64_t, double*);
    const auto& f = *static_cast<const CFunction*>(called);
    f.takes_data ? as<WithData>(f)(n, d, x, m, y, f.user_data) : as<Without>(f)(n, d, x, m, y);
}

}  // namespace

namespace binder {

std::optional<CFunction> read_c_function(py::handle model) {
    const py::object found = py::module_::import("buffon._c_function").attr("read")(model);
    if (found.is_none()) return std::nullopt;
    const auto [form, takes_data, address, user_data] =
        found.cast<std::tuple<std::string, bool, std::uintptr_t, std::uintptr_t>>();
    return CFunction{form, takes_data, reinterpret_cast<void*>(address), reinterpret_cast<void*>(user_data),
                     std::make_shared<const Callable>(py::reinterpret_borrow<py::object>(model))};
}

Problem c_problem(const CFunction& f, std::int64_t m, Distribution inputs, std::vector<std::string> outputs) {
    const auto kept = std::make_shared<CFunction>(f);
    if (f.form == "batch") return Problem::from_c(&batch, kept.get(), m, std::move(inputs), std::move(outputs), kept);
    return Problem::from_c(f.form == "row" ? &row : &point, kept.get(), std::move(inputs), std::move(outputs), kept);
}

}  // namespace binder
