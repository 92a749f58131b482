/// A Python model as C++ calls it: vectorised or point by point, with functionals of its output and scores. The GIL is
/// taken once per batch.
#pragma once

#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <pybind11/pybind11.h>

#include <buffon/problem.hpp>

#include "convert.hpp"
#include "points.hpp"

namespace binder {

namespace py = pybind11;

/// An ordinary Python exception on its way through C++; the first line of its message is ours.
struct PythonError : std::runtime_error {
    PythonError(const std::string& text, std::exception_ptr cause) : std::runtime_error(text), cause(std::move(cause)) {}
    std::exception_ptr cause;
};

/// A Python model with what is made of its output. Everything it holds may be copied and destroyed without the GIL.
class PythonModel {
public:
    PythonModel(py::object model, std::vector<std::string> names, std::vector<Callable> functionals, std::vector<Callable> score,
                bool vectorized, std::string who = "the model")
        : model_(std::move(model)), names_(std::move(names)), functionals_(std::move(functionals)), score_(std::move(score)),
          vectorized_(vectorized), who_(std::move(who)) {}

    buffon::Outputs operator()(buffon::ConstView x) const;

private:
    buffon::Outputs batch(buffon::ConstView x) const;
    buffon::Outputs evaluated(const py::array& x) const;
    buffon::Matrix columns(const py::object& y, std::int64_t n) const;
    buffon::Outputs point_by_point(buffon::ConstView x) const;
    void evaluate_point(const py::object& point, Column& y, Column& score) const;
    buffon::Outputs rows_of(const Column& y, const Column& score, std::int64_t n) const;

    Callable model_;
    std::vector<std::string> names_;
    std::vector<Callable> functionals_;
    std::vector<Callable> score_;
    bool vectorized_;
    std::shared_ptr<bool> writes_ = std::make_shared<bool>(false);   // shared by copies, changed under the GIL
    std::string who_;
};

}  // namespace binder
