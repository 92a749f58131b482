#include "python_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include <buffon/errors.hpp>
#include <buffon/evaluation.hpp>

#include "arrays.hpp"

using namespace buffon;

namespace binder {
namespace {

/// How a model that was not written for rows is told; nothing where Python's own words are all there is to say.
std::string hint_at(const std::string& said, bool vectorized) {
    const auto holds = [&](const char* words) { return said.find(words) != std::string::npos; };
    if (holds("missing") && holds("required positional argument")) {
        const std::string point = vectorized ? "all points in one array x (n, d): lambda x: f(*x.T)"
                                             : "one point in one array x (d,): lambda x: f(*x)";
        return "; a model gets " + point;
    }
    if (!vectorized) return "";
    const bool of_one = holds("truth value of an array") || holds("can be converted to Python scalars") ||
                        holds("only 0-dimensional arrays can be converted") || holds("values to unpack");
    return of_one ? "; a model gets all points at once, x (n, d): use x.T, np.where, np.exp, ..., or say vectorized=False" : "";
}

/// An Exception is the model's failure; KeyboardInterrupt and SystemExit stop the run.
[[noreturn]] void translate(py::error_already_set& error, bool vectorized) {
    if (error.matches(PyExc_Exception)) {
        const auto said = py::str(error.value()).cast<std::string>();
        throw PythonError(py::str(error.type().attr("__name__")).cast<std::string>() + ": " + said + hint_at(said, vectorized),
                          std::current_exception());
    }
    Interrupted stop;
    stop.cause = std::current_exception();
    throw stop;
}
[[noreturn]] void translate(py::error_already_set& error, Outputs before) {
    try {
        translate(error, false);
    } catch (const std::exception& failure) {
        throw PointError(failure.what(), std::move(before), std::current_exception());
    } catch (...) {
        throw PointError("interrupted", std::move(before), std::current_exception());
    }
}

py::array lent(ConstView x, const std::shared_ptr<const void>& owner) {
    const py::capsule keeper(new std::shared_ptr<const void>(owner),
                             [](void* p) { delete static_cast<std::shared_ptr<const void>*>(p); });
    py::array_t<double> a({static_cast<py::ssize_t>(x.rows), static_cast<py::ssize_t>(x.cols)}, x.data, keeper);
    py::detail::array_proxy(a.ptr())->flags &= ~py::detail::npy_api::NPY_ARRAY_WRITEABLE_;
    return a;
}

/// NumPy, Cython, Numba, ctypes and DLPack say so in their own words.
bool wants_to_write(const py::error_already_set& error) {
    if (!error.matches(PyExc_Exception)) return false;
    const auto text = py::str(error.value()).attr("lower")().cast<std::string>();
    return std::ranges::any_of(std::array{"read-only", "readonly", "writable", "writeable"},
                               [&](const char* word) { return text.find(word) != std::string::npos; });
}

/// A copy that Python owns: a model may keep its argument, or write into it.
py::array_t<double> owned(ConstView x) {
    py::array_t<double> a({static_cast<py::ssize_t>(x.rows), static_cast<py::ssize_t>(x.cols)});
    std::memcpy(a.mutable_data(), x.data, static_cast<std::size_t>(x.size()) * sizeof(double));
    return a;
}

/// What is no array at all is told by its kind: a `return` that is missing, outputs in a dict.
Array returned(py::handle y, const std::string& who) {
    if (y.is_none()) throw py::type_error("what " + who + " returns must be an array of real numbers, got None: its return is missing");
    if (py::isinstance<py::dict>(y))
        throw py::type_error("what " + who + " returns must be an array of real numbers, got a dict: stack its columns, np.stack([...], "
                             "axis=-1); names are outputs=[...] of the Problem");
    return to_array(y, "what " + who + " returns");
}

Array table(py::handle y, std::int64_t n, const std::string& who, std::int64_t d = -1) {
    const Array a = returned(y, who);
    if ((a.ndim() != 1 && a.ndim() != 2) || a.shape(0) != n)
        throw std::invalid_argument(who + " must return shape (n,) or (n, m) with n = " + std::to_string(n) + ", got " +
                                    shape_text(a) +
                                    (a.ndim() == 0 || (a.ndim() == 1 && a.shape(0) == d)
                                         ? "; for a model of one point at a time say vectorized=False"
                                     : a.ndim() == 2 && a.shape(1) == n ? "; np.stack(outputs, axis=1) has a column for each output"
                                                                        : ""));
    return a;
}

Matrix copied(const Array& a) {
    const ConstView v = view_of(a);
    Matrix m(v.rows, v.cols);
    std::memcpy(m.data.data(), v.data, m.data.size() * sizeof(double));
    return m;
}

/// Of the model itself: rows may be tables of any shape.
Outputs outputs_of(py::handle y, std::int64_t n, const std::string& who, std::int64_t d = -1) {
    const Array a = returned(y, who);
    if (a.ndim() < 3 || a.shape(0) != n) return {copied(table(a, n, who, d)), {}};
    Outputs out{Matrix(n, n == 0 ? 0 : a.size() / n), {}, {a.shape() + 1, a.shape() + a.ndim()}};
    std::memcpy(out.y.data.data(), a.data(), out.y.data.size() * sizeof(double));
    return out;
}

/// One score serves all outputs.
Outputs finish(Outputs out, Matrix score) {
    const std::int64_t m = out.y.cols;
    if (score.rows > 0 && score.cols != 1 && score.cols != m)
        throw std::invalid_argument("score must return shape (n,) or (n, m) with m = " + std::to_string(m) + ", got " +
                                    std::to_string(score.cols) + " columns");
    if (score.rows > 0 && score.cols == 1 && m > 1) {
        Matrix wide(score.rows, m);
        for (std::int64_t i = 0; i < wide.rows; ++i)
            for (std::int64_t j = 0; j < wide.cols; ++j) wide(i, j) = score(i, 0);
        score = std::move(wide);
    }
    out.score = std::move(score);
    return out;
}

}  // namespace

Outputs PythonModel::operator()(ConstView x) const {
    const py::gil_scoped_acquire gil;
    if (!vectorized_) return point_by_point(x);
    try {
        return batch(x);
    } catch (py::error_already_set& error) {
        translate(error, true);
    }
}

/// Looked at without a copy where the points stay as long as Python holds them; such an array is read-only. A model that
/// wants to write gets copies of its own from then on.
Outputs PythonModel::batch(ConstView x) const {
    const auto owner = *writes_ ? nullptr : owner_of(x);
    if (!owner) return evaluated(owned(x));
    try {
        return evaluated(lent(x, owner));
    } catch (py::error_already_set& error) {
        if (!wants_to_write(error)) throw;
        *writes_ = true;
    }
    return evaluated(owned(x));
}

Outputs PythonModel::evaluated(const py::array& x) const {
    const std::int64_t n = x.shape(0);
    const py::object y = (*model_)(x);
    return finish(functionals_.empty() ? outputs_of(y, n, who_, x.shape(1)) : Outputs{columns(y, n), {}},
                  score_.empty() ? Matrix() : copied(table((*score_[0])(y), n, "score")));
}

namespace {

/// A point whose output of the model is not finite has failed, whatever the functions make of it: nan > t is False.
void mark_failures(const py::object& y, Matrix& out) {
    const auto given = py::array::ensure(y);
    if (!given) PyErr_Clear();
    if (!given || given.dtype().kind() != 'f' || given.ndim() == 0 || given.shape(0) != out.rows) return;
    const Array numbers(given);
    const std::int64_t width = out.rows == 0 ? 0 : numbers.size() / out.rows;
    for (std::int64_t i = 0; i < out.rows; ++i)
        for (std::int64_t k = i * width; k < (i + 1) * width; ++k)
            if (!std::isfinite(numbers.data()[k])) {
                for (std::int64_t j = 0; j < out.cols; ++j) out(i, j) = std::numeric_limits<double>::quiet_NaN();
                break;
            }
}

/// The same of the output at one point.
bool failed(const py::object& value) {
    if (PyFloat_Check(value.ptr())) return !std::isfinite(PyFloat_AS_DOUBLE(value.ptr()));
    const auto given = py::array::ensure(value);
    if (!given) PyErr_Clear();
    if (!given || given.dtype().kind() != 'f') return false;
    const Array numbers(given);
    return !std::all_of(numbers.data(), numbers.data() + numbers.size(), [](double v) { return std::isfinite(v); });
}

}  // namespace

/// Column j is f_j of the whole output.
Matrix PythonModel::columns(const py::object& y, std::int64_t n) const {
    Matrix out(n, static_cast<std::int64_t>(functionals_.size()));
    for (std::size_t j = 0; j < functionals_.size(); ++j) {
        const std::string who = (who_ == "the model" ? "outputs" : who_) + "['" + names_[j] + "']";
        const Array a = table((*functionals_[j])(y), n, who);
        if (a.size() != n) throw std::invalid_argument(who + " must return shape (n,), got " + shape_text(a));
        for (std::int64_t i = 0; i < n; ++i) out(i, static_cast<std::int64_t>(j)) = a.data()[i];
    }
    mark_failures(y, out);
    return out;
}

Outputs PythonModel::point_by_point(ConstView x) const {
    PointArray point(x.cols);
    Column y(x.rows), score(score_.empty() ? 0 : x.rows);
    for (std::int64_t i = 0; i < x.rows; ++i) {
        try {
            evaluate_point(point.at(x.row(i)), y, score);
        } catch (py::error_already_set& error) {
            translate(error, i > 0 ? rows_of(y, score, i) : Outputs{});
        }
    }
    return rows_of(y, score, x.rows);
}

void PythonModel::evaluate_point(const py::object& point, Column& y, Column& score) const {
    const auto value = py::reinterpret_steal<py::object>(PyObject_CallOneArg((*model_).ptr(), point.ptr()));
    if (!value) throw py::error_already_set();
    py::object row = value;
    if (!functionals_.empty()) {
        py::list all;
        const bool none = failed(value);   // whatever the functions make of it
        for (const auto& f : functionals_) all.append(none ? py::object(py::float_(std::nan(""))) : (*f)(value));
        row = all;
    }
    if (!score_.empty()) score.append((*score_[0])(value));
    y.append(row);
}

/// The first n points; a point that failed has left nothing in y, and its score at most.
Outputs PythonModel::rows_of(const Column& y, const Column& score, std::int64_t n) const {
    const auto first = [n](const Column& c) { return c.values().attr("__getitem__")(py::slice(0, n, 1)); };
    Outputs out = y.numbers() ? Outputs{y.first(n), {}} : outputs_of(first(y), n, "the model");
    if (score_.empty()) return out;
    return finish(std::move(out), score.numbers() ? score.first(n) : copied(table(first(score), n, "score")));
}

}  // namespace binder
