#include <buffon/problem.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>

#include <buffon/counted.hpp>
#include <buffon/device_model.hpp>

namespace buffon {
namespace {

/// f of what the model says, also of the points before one that fails.
template <class F>
Outputs mapped(const Model& model, ConstView x, const F& f) {
    try {
        return f(model(x));
    } catch (PointError& error) {
        if (error.before.y.rows > 0) error.before = f(error.before);
        throw;
    }
}

void require_names(const std::vector<std::string>& names, std::int64_t m) {
    require(names.empty() || static_cast<std::int64_t>(names.size()) == m, "Problem: a function of C with ",
            counted(m, "output"), " got ", counted(static_cast<std::int64_t>(names.size()), "name"));
}

/// The columns of a, then those of b.
Matrix beside(const Matrix& a, const Matrix& b) {
    Matrix both(a.rows, a.cols + b.cols);
    for (std::int64_t i = 0; i < a.rows; ++i) {
        const auto row = both.view().row(i);
        std::ranges::copy(a.view().row(i), row.begin());
        std::ranges::copy(b.view().row(i), row.begin() + a.cols);
    }
    return both;
}

/// A few hundred points: both tables stay in the cache.
constexpr std::int64_t slice_rows = 256;

/// Rows [first, first + count) of x through a model of columns into those of y.
void ask(const ColumnModel& model, ConstView x, std::int64_t first, std::int64_t count, View y) {
    std::vector<double> in(static_cast<std::size_t>(count * x.cols)), out(static_cast<std::size_t>(count * y.cols));
    for (std::int64_t i = 0; i < count; ++i)
        for (std::int64_t j = 0; j < x.cols; ++j) in[static_cast<std::size_t>(j * count + i)] = x(first + i, j);
    model.evaluate(Columns{in.data(), count, x.cols, count}, {out.data(), count, y.cols, count});
    for (std::int64_t i = 0; i < count; ++i)
        for (std::int64_t k = 0; k < y.cols; ++k) y(first + i, k) = out[static_cast<std::size_t>(k * count + i)];
}

/// A slice in which the model throws is asked point by point: the first one at which it throws is named.
Outputs by_slices(const ColumnModel& model, ConstView x) {
    Outputs out{Matrix(x.rows, model.outputs), {}};
    std::int64_t i = 0;
    const auto point_by_point = [&](std::int64_t end) {
        try {
            for (; i < end; ++i) ask(model, x, i, 1, out.y);
        } catch (const std::exception& error) {
            out.y.rows = i;
            out.y.data.resize(static_cast<std::size_t>(i * out.y.cols));
            throw PointError(error.what(), std::move(out), std::current_exception());
        }
    };
    while (i < x.rows) {
        const std::int64_t count = std::min(slice_rows, x.rows - i);
        try {
            ask(model, x, i, count, out.y);
            i += count;
        } catch (const std::exception&) {
            point_by_point(i + count);
        }
    }
    return out;
}

/// The model on a device, followed by f on the processor; null where there is none.
template <class F>
std::shared_ptr<const DeviceModel> followed(const std::shared_ptr<const DeviceModel>& model, const F& f) {
    if (!model) return nullptr;
    DeviceModel out = *model;
    out.finish = [before = model->finish, f](ConstView x, Outputs& y) {
        if (before) before(x, y);
        y = f(x, y);
    };
    return std::make_shared<const DeviceModel>(std::move(out));
}

/// The shortest text that gives this number back.
std::string shortest(double value) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

}  // namespace

Problem Problem::from_c(CPointFunction f, void* user_data, Distribution inputs, std::vector<std::string> outputs,
                        std::shared_ptr<const void> owner) {
    require(f != nullptr, "Problem: from_c needs a function, got a null pointer");
    require_names(outputs, 1);
    const auto columns = [f, user_data, owner](ConstColumns x, Columns y) {
        std::vector<double> point(static_cast<std::size_t>(x.cols));
        for (std::int64_t i = 0; i < x.rows; ++i) {
            for (std::int64_t j = 0; j < x.cols; ++j) point[static_cast<std::size_t>(j)] = x[j][i];
            y[0][i] = f(static_cast<int>(x.cols), point.data(), user_data);
        }
    };
    Model model = [f, user_data, owner = std::move(owner)](ConstView x) {
        Outputs out{Matrix(x.rows, 1), {}};
        std::vector<double> point(static_cast<std::size_t>(x.cols));   // what f writes disturbs nothing
        for (std::int64_t i = 0; i < x.rows; ++i) {
            std::copy_n(x.data + i * x.cols, x.cols, point.begin());
            out.y(i, 0) = f(static_cast<int>(x.cols), point.data(), user_data);
        }
        return out;
    };
    Problem out(std::move(model), std::move(inputs), std::move(outputs));
    out.columns_ = {columns, 1};
    return out;
}

Problem Problem::from_c(CBatchFunction f, void* user_data, std::int64_t m, Distribution inputs, std::vector<std::string> outputs,
                        std::shared_ptr<const void> owner) {
    require(f != nullptr, "Problem: from_c needs a function, got a null pointer");
    require(m >= 1, "Problem: from_c needs at least one output, got ", m);
    require_names(outputs, m);
    Model model = [f, user_data, m, owner = std::move(owner)](ConstView x) {
        Outputs out{Matrix(x.rows, m), {}};
        f(x.rows, x.cols, x.data, m, out.y.data.data(), user_data);
        return out;
    };
    return Problem(std::move(model), std::move(inputs), std::move(outputs));
}

Problem::Problem(ColumnModel model, Distribution inputs, std::vector<std::string> outputs)
    : Problem(Model([model](ConstView x) { return by_slices(model, x); }), std::move(inputs), std::move(outputs)) {
    require(static_cast<bool>(model.evaluate), "Problem: model must be callable, got an empty function");
    require(model.outputs >= 1, "Problem: a model of columns needs at least one output, got ", model.outputs);
    require(outputs_.empty() || static_cast<std::int64_t>(outputs_.size()) == model.outputs, "Problem: a model of columns with ",
            counted(model.outputs, "output"), " got ", counted(static_cast<std::int64_t>(outputs_.size()), "name"));
    columns_ = std::move(model);
}

Problem Problem::with_outputs(std::vector<Functional> functionals) const {
    require(!functionals.empty(), "Problem: with_outputs needs at least one functional, got none");
    std::vector<std::string> names;
    for (const auto& f : functionals) names.push_back(f.name);
    const auto values = [functionals = std::move(functionals)](ConstView, const Outputs& inner) {
        const ConstView y = inner.y;
        Outputs out{Matrix(y.rows, static_cast<std::int64_t>(functionals.size())), {}};
        for (std::int64_t i = 0; i < y.rows; ++i)
            for (std::int64_t j = 0; j < out.y.cols; ++j)
                out.y(i, j) = functionals[static_cast<std::size_t>(j)].value(y.row(i));
        return out;
    };
    Model model = [raw = model_, values](ConstView x) {
        return mapped(raw, x, [&](const Outputs& inner) { return values(x, inner); });
    };
    return Problem(std::move(model), inputs_, std::move(names), thread_safe_).with_device(followed(device_, values));
}

Problem Problem::with_known(std::function<Matrix(ConstView x)> functions, std::vector<std::string> names, bool thread_safe,
                            std::string asked_by) const {
    require(static_cast<bool>(functions), "Problem: with_known needs a function, got an empty one");
    require(!names.empty(), "Problem: with_known needs at least one name, got none");
    const auto taken = [&](const std::string& name) {
        const bool numbered = name.starts_with('y') && name.find_first_not_of("0123456789,", 1) ==
                                                           name.npos;   // what outputs without names will be called
        return outputs_.empty() ? numbered : std::ranges::find(outputs_, name) != outputs_.end();
    };
    for (std::size_t c = 0; c < names.size(); ++c)
        require(!taken(names[c]) && std::ranges::find(known_, names[c]) == known_.end() &&
                    std::find(names.begin() + static_cast<std::ptrdiff_t>(c) + 1, names.end(), names[c]) == names.end(),
                "Problem: '", names[c], "' is the name of two outputs");
    const auto k = static_cast<std::int64_t>(names.size());
    const auto with_values = [functions = std::move(functions), k](ConstView x, const Outputs& inner) {
        require(inner.y.rows <= x.rows, "it must give a row for each of ", x.rows, " points, got ", inner.y.rows);
        const Matrix values = functions(x.slice(0, inner.y.rows));
        require(values.rows == inner.y.rows && values.cols == k, "known functions must give shape (", inner.y.rows,
                ", ", k, "), got (", values.rows, ", ", values.cols, ")");
        // their scores are never looked at
        return Outputs{beside(inner.y, values),
                       inner.score.rows > 0 ? beside(inner.score, Matrix(values.rows, k, 1.0)) : Matrix(), inner.shape};
    };
    Model model = [raw = model_, with_values](ConstView x) {
        return mapped(raw, x, [&](const Outputs& inner) { return with_values(x, inner); });
    };
    Problem out(std::move(model), inputs_, outputs_, thread_safe_ && thread_safe);
    out.device_ = followed(device_, with_values);
    out.asked_by_ = std::move(asked_by);
    out.known_ = known_;
    out.known_.insert(out.known_.end(), names.begin(), names.end());
    return out;
}

Problem exceedance(const Problem& problem, std::vector<double> thresholds, bool below) {
    require(!thresholds.empty(), "exceedance: thresholds must hold at least one number, got none");
    std::vector<std::string> names;
    for (const double t : thresholds) {
        require(std::isfinite(t), "exceedance: thresholds must be finite, got ", t);
        require(std::ranges::count(thresholds, t) == 1, "exceedance: thresholds must differ, got ", t, " twice");
        names.push_back((below ? "P(y < " : "P(y > ") + shortest(t) + ")");
    }
    const auto events = [thresholds = std::move(thresholds), sign = below ? -1.0 : 1.0](ConstView, const Outputs& inner) {
        require(inner.y.cols == 1, "exceedance: the model must have one output, got ", inner.y.cols);
        const auto m = static_cast<std::int64_t>(thresholds.size());
        Outputs out{Matrix(inner.y.rows, m), Matrix(inner.y.rows, m)};
        for (std::int64_t i = 0; i < inner.y.rows; ++i)
            for (std::int64_t j = 0; j < m; ++j) {
                const double s = sign * (inner.y(i, 0) - thresholds[static_cast<std::size_t>(j)]);
                out.score(i, j) = s;
                out.y(i, j) = std::isfinite(s) ? (s > 0 ? 1.0 : 0.0) : s;   // a failed evaluation stays visible
            }
        return out;
    };
    Model model = [problem, events](ConstView x) {
        return mapped([&](ConstView points) { return problem(points); }, x,
                      [&](const Outputs& inner) { return events(x, inner); });
    };
    return Problem(std::move(model), problem.inputs(), std::move(names), problem.thread_safe())
        .with_device(followed(problem.on_device(), events));
}

}  // namespace buffon
