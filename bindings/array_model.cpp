#include "array_model.hpp"

#include <cstdint>
#include <utility>

#include "python_model.hpp"

using namespace buffon;

namespace binder {
namespace {

py::module_ helper() { return py::module_::import("buffon._array_models"); }

}  // namespace

void check_arrays(const std::string& kind) { helper().attr("check")(kind); }

py::object on_processor(const py::object& model, const std::string& kind) { return helper().attr("on_processor")(model, kind); }

std::shared_ptr<const DeviceModel> array_model(py::object model, std::vector<Callable> functionals,
                                               std::vector<Callable> score, const std::string& kind, std::int64_t dim) {
    const auto batch = [model = Callable(std::move(model)), functionals = std::move(functionals), score = std::move(score), kind,
                        dim](const DeviceQueue& queue, const double* x, std::int64_t rows) -> DeviceValues {
        const py::gil_scoped_acquire gil;
        try {
            py::list others;
            for (const Callable& f : functionals) others.append(*f);
            const py::object of_score = score.empty() ? py::none() : *score[0];
            const py::tuple found = helper().attr("evaluate")(
                *model, others, of_score, kind, reinterpret_cast<std::uintptr_t>(x), rows, dim, queue.device);
            return {reinterpret_cast<const double*>(found[1].cast<std::uintptr_t>()), found[2].cast<std::int64_t>(),
                    std::make_shared<const Callable>(found[0].cast<py::object>()),
                    reinterpret_cast<const double*>(found[3].cast<std::uintptr_t>())};
        } catch (py::error_already_set& error) {
            if (!error.matches(PyExc_Exception)) throw;   // somebody wants to stop
            const std::string text = py::str(error.type().attr("__name__")).cast<std::string>() + ": " +
                                     py::str(error.value()).cast<std::string>();
            throw PythonError(text, std::current_exception());
        }
    };
    return std::make_shared<const DeviceModel>(DeviceModel{dim, 0, {}, {}, batch});
}

}  // namespace binder
