/// A model with uncertain inputs: what every estimator works on.
/// The model maps a batch x (n, d) to y (n, m); row i of y depends on row i of x only.
#pragma once

#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <buffon/check.hpp>
#include <buffon/columns.hpp>
#include <buffon/distribution.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// What a model says about a batch.
struct Outputs {
    Matrix y;       // (n, m)
    Matrix score;   // (n, m), or empty: y_ij > 0 exactly where score_ij > 0; lets rare events be found from afar
    std::vector<std::int64_t> shape = {};   // of what the m outputs are the numbers, row-major; empty: (m). They are named by it
};

using Model = std::function<Outputs(ConstView x)>;

/// A model compiled for a CUDA device, see device_model.hpp and device.cuh.
struct DeviceModel;

/// A model that works point by point failed at one of them: what came before it stands.
struct PointError : std::runtime_error {
    PointError(const std::string& message, Outputs before, std::exception_ptr cause)
        : std::runtime_error(message), before(std::move(before)), cause(std::move(cause)) {}

    Outputs before;             // of the rows before the one that failed
    std::exception_ptr cause;   // what the model threw; anything but a std::exception stops the run
};

/// A function of one point with one number as its value.
template <class F>
concept PointFunction = requires(const F& f, std::span<const double> x) {
    { f(x) } -> std::convertible_to<double>;
};

/// A function of one point with a range of m numbers as its value.
template <class F>
concept PointVectorFunction = !PointFunction<F> && requires(const F& f, std::span<const double> x) {
    { *f(x).begin() } -> std::convertible_to<double>;
    { f(x).size() } -> std::convertible_to<std::size_t>;
};

/// A function of C at one point, as scipy.integrate.nquad calls it: x (dim) is a copy that it may write into.
using CPointFunction = double (*)(int dim, double* x, void* user_data);
/// A function of C at a batch: fills y (n, m) from x (n, d), both row-major.
using CBatchFunction = void (*)(std::int64_t n, std::int64_t d, const double* x, std::int64_t m, double* y, void* user_data);

/// One expectation: the mean of `value` of the raw output row of the model.
struct Functional {
    std::string name;
    std::function<double(std::span<const double> row)> value;
};

class Problem {
public:
    /// From a batch model. `thread_safe` allows calls from several threads at once.
    Problem(Model model, Distribution inputs, std::vector<std::string> outputs = {}, bool thread_safe = true)
        : model_(std::move(model)), inputs_(std::move(inputs)), outputs_(std::move(outputs)), thread_safe_(thread_safe) {
        require(static_cast<bool>(model_), "Problem: model must be callable, got an empty function");
    }

    /// From a model of columns, see ColumnModel and by_columns: the fastest form.
    /// @throw std::invalid_argument for an empty function, fewer than one output, or another number of names.
    Problem(ColumnModel model, Distribution inputs, std::vector<std::string> outputs = {});

    /// From a function of one point; it is called from several threads at once, and again where it throws or is not finite.
    template <PointFunction F>
    Problem(F f, Distribution inputs, std::vector<std::string> outputs = {})
        : Problem(Model([f](ConstView x) { return by_point(f, x); }), std::move(inputs), std::move(outputs)) {
        columns_ = detail::gathered(std::move(f));
    }
    template <PointVectorFunction F>
    Problem(F f, Distribution inputs, std::vector<std::string> outputs = {})
        : Problem(Model([f](ConstView x) { return by_point(f, x); }), std::move(inputs), std::move(outputs)) {
        columns_ = detail::gathered(std::move(f));
    }

    /// From a function of C; it is called from several threads at once and must return, not throw. `user_data` is handed to
    /// every call, `owner` kept as long as the problem. A function of a batch has m outputs.
    /// @throw std::invalid_argument for a null function, m < 1, or another number of names.
    static Problem from_c(CPointFunction f, void* user_data, Distribution inputs, std::vector<std::string> outputs = {},
                          std::shared_ptr<const void> owner = {});
    static Problem from_c(CBatchFunction f, void* user_data, std::int64_t m, Distribution inputs,
                          std::vector<std::string> outputs = {}, std::shared_ptr<const void> owner = {});

    /// The problem whose outputs are functions of this model's output: many expectations from one model call.
    Problem with_outputs(std::vector<Functional> functionals) const;

    /// The problem whose outputs are followed by functions of the inputs: (n, d) -> (n, k), row by row, with k names.
    /// Estimators carry them along, with their covariances, and adapt to nothing in them. `asked_by`: who errors speak of.
    Problem with_known(std::function<Matrix(ConstView x)> functions, std::vector<std::string> names, bool thread_safe = true,
                       std::string asked_by = {}) const;

    /// The problem whose model is `compiled` where a run names a device: the same function, for a device.
    Problem with_device(std::shared_ptr<const DeviceModel> compiled) const {
        Problem out = *this;
        out.device_ = std::move(compiled);
        return out;
    }

    Outputs operator()(ConstView x) const { return model_(x); }
    std::int64_t dim() const { return inputs_.dim(); }
    const Distribution& inputs() const { return inputs_; }
    /// Given names; empty when the user gave none (then "y", or "y1", "y2", ..., of a table "y1,1", "y1,2", ... once m is known).
    const std::vector<std::string>& outputs() const { return outputs_; }
    /// Names of the functions that follow the outputs, see with_known.
    const std::vector<std::string>& known() const { return known_; }
    const std::string& asked_by() const { return asked_by_; }
    bool thread_safe() const { return thread_safe_; }
    /// The model by columns; with an empty function where there is none.
    const ColumnModel& columns() const { return columns_; }
    /// The model on a device; null where there is none.
    const std::shared_ptr<const DeviceModel>& on_device() const { return device_; }

private:
    template <PointFunction F>
    static Outputs by_point(const F& f, ConstView x) {
        Outputs out{Matrix(x.rows, 1), {}};
        for_points(x, out, [&](std::int64_t i) { out.y(i, 0) = f(x.row(i)); });
        return out;
    }
    /// set(i) for each row; what throws becomes a PointError with the rows before.
    template <class Set>
    static void for_points(ConstView x, Outputs& out, const Set& set) {
        std::int64_t i = 0;
        try {
            for (; i < x.rows; ++i) set(i);
        } catch (const std::exception& error) {
            out.y.data.resize(static_cast<std::size_t>(i * out.y.cols));
            out.y.rows = i;
            throw PointError(error.what(), std::move(out), std::current_exception());
        }
    }
    template <PointVectorFunction F>
    static Outputs by_point(const F& f, ConstView x);

    Model model_;
    ColumnModel columns_;
    std::shared_ptr<const DeviceModel> device_;
    Distribution inputs_;
    std::vector<std::string> outputs_;
    std::vector<std::string> known_;
    std::string asked_by_;
    bool thread_safe_;
};

/// The problem whose outputs are 1{y_0 > t_j} (below: 1{y_0 < t_j}) of a one-output problem, with the model as score.
Problem exceedance(const Problem& problem, std::vector<double> thresholds, bool below = false);

template <PointVectorFunction F>
Outputs Problem::by_point(const F& f, ConstView x) {
    Outputs out;
    for_points(x, out, [&](std::int64_t i) {
        const auto row = f(x.row(i));
        if (i == 0) out.y = Matrix(x.rows, static_cast<std::int64_t>(row.size()));
        require(static_cast<std::int64_t>(row.size()) == out.y.cols,
                "Problem: every point must give ", out.y.cols, " outputs, got ", row.size());
        std::int64_t j = 0;
        for (const double value : row) out.y(i, j++) = value;
    });
    return out;
}

}  // namespace buffon
