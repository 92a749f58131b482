/// What a model of one point at a time costs little with: one array for all points, numbers that never become a list.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <buffon/view.hpp>

namespace binder {

namespace py = pybind11;

/// A NumPy array (d,) that is filled again for every point, unless somebody keeps it or has changed its form.
class PointArray {
public:
    explicit PointArray(std::int64_t d) : d_(d) {}

    const py::object& at(std::span<const double> row) {
        if (!reusable()) array_ = py::array_t<double>(d_);
        const auto* a = py::detail::array_proxy(array_.ptr());
        std::copy(row.begin(), row.end(), reinterpret_cast<double*>(a->data));
        return array_;
    }

private:
    bool reusable() const {
        if (!array_ || Py_REFCNT(array_.ptr()) > 1) return false;
        const auto* a = py::detail::array_proxy(array_.ptr());
        return a->nd == 1 && a->dimensions[0] == d_ && a->strides[0] == sizeof(double) && (a->flags & wanted) == wanted &&
               py::reinterpret_borrow<py::dtype>(a->descr).is(type_);
    }

    static constexpr int wanted = py::detail::npy_api::NPY_ARRAY_WRITEABLE_ | py::detail::npy_api::NPY_ARRAY_OWNDATA_;
    py::ssize_t d_;
    py::dtype type_ = py::dtype::of<double>();
    py::object array_;
};

/// What a model says point by point: plain numbers as long as it says nothing else, a list after that.
class Column {
public:
    explicit Column(std::int64_t n) { numbers_.reserve(static_cast<std::size_t>(n)); }

    void append(py::object value) {
        if (!mixed_ && PyFloat_Check(value.ptr())) {
            numbers_.push_back(PyFloat_AS_DOUBLE(value.ptr()));
            return;
        }
        if (!mixed_)
            for (const double number : numbers_) values_.append(number);
        mixed_ = true;
        values_.append(std::move(value));
    }

    bool numbers() const { return !mixed_; }
    const py::list& values() const { return values_; }
    /// The first n numbers as a column.
    buffon::Matrix first(std::int64_t n) const {
        buffon::Matrix out(n, 1);
        std::copy_n(numbers_.begin(), n, out.data.begin());
        return out;
    }

private:
    bool mixed_ = false;
    std::vector<double> numbers_;
    py::list values_;
};

}  // namespace binder
