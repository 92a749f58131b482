#include <buffon/problem.hpp>

#include <charconv>
#include <cmath>

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

/// The shortest text that gives this number back.
std::string shortest(double value) {
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

}  // namespace

Problem Problem::with_outputs(std::vector<Functional> functionals) const {
    require(!functionals.empty(), "Problem: with_outputs needs at least one functional, got none");
    std::vector<std::string> names;
    for (const auto& f : functionals) names.push_back(f.name);
    Model model = [raw = model_, functionals = std::move(functionals)](ConstView x) {
        return mapped(raw, x, [&](const Outputs& inner) {
            const ConstView y = inner.y;
            Outputs out{Matrix(y.rows, static_cast<std::int64_t>(functionals.size())), {}};
            for (std::int64_t i = 0; i < y.rows; ++i)
                for (std::int64_t j = 0; j < out.y.cols; ++j)
                    out.y(i, j) = functionals[static_cast<std::size_t>(j)].value(y.row(i));
            return out;
        });
    };
    return Problem(std::move(model), inputs_, std::move(names), thread_safe_);
}

Problem exceedance(const Problem& problem, std::vector<double> thresholds, bool below) {
    require(!thresholds.empty(), "exceedance: thresholds must hold at least one number, got none");
    std::vector<std::string> names;
    for (const double t : thresholds) {
        require(std::isfinite(t), "exceedance: thresholds must be finite, got ", t);
        names.push_back((below ? "P(y < " : "P(y > ") + shortest(t) + ")");
    }
    Model model = [problem, thresholds = std::move(thresholds), sign = below ? -1.0 : 1.0](ConstView x) {
        return mapped([&](ConstView points) { return problem(points); }, x, [&](const Outputs& inner) {
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
        });
    };
    return Problem(std::move(model), problem.inputs(), std::move(names), problem.thread_safe());
}

}  // namespace buffon
