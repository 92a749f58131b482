/// Python's Empirical, and what all denoisers share. Shapes are checked, the GIL is released, no arithmetic.
#include "denoisers.hpp"

#include <algorithm>
#include <sstream>
#include <tuple>

#include <buffon/check.hpp>
#include <buffon/diffusion/empirical.hpp>

#include "convert.hpp"
#include "device_arrays.hpp"
#include "diffusion.hpp"
#include "pickled.hpp"
#include "rng.hpp"

namespace py = pybind11;
using namespace buffon::diffusion;
using binder::Array;
using binder::answer;
using binder::ask;
using buffon::Stream;
using buffon::View;
using buffon::require;

namespace binder {

Array to_noise_levels(const std::string& function, py::handle value, std::int64_t n) {
    Array sigma = to_array(value, function + ": sigma");
    require(sigma.ndim() == 0 || (sigma.ndim() == 1 && (sigma.size() == 1 || sigma.size() == n)), function,
            ": sigma must be a number or have shape (n,) = (", n, ",), got shape ", shape_text(sigma));
    return sigma;
}

std::vector<std::int64_t> to_labels(const std::string& function, py::handle condition, std::int64_t n) {
    const auto given = convert<OneOrMany<std::int64_t>>(condition, function, "condition").values;
    if (given.size() == 1) return std::vector<std::int64_t>(static_cast<std::size_t>(n), given[0]);
    require(given.empty() || static_cast<std::int64_t>(given.size()) == n, function,
            ": condition must hold one label per row (", n, "), got ", given.size());
    return given;
}

Asked ask(const std::string& function, std::int64_t dim, py::handle points, py::handle levels, py::handle condition) {
    Array x = to_array(points, function + ": x");
    require(x.ndim() == 2 && x.shape(1) == dim, function, ": x must have shape (n, ", dim, "), got ", shape_text(x),
            axis_hint(x, "x", dim));
    const std::int64_t n = x.shape(0);
    return {x, to_noise_levels(function, levels, n), to_labels(function, condition, n)};
}

}  // namespace binder

namespace {

// Each use of a key has its own stream: `forward` and `posterior_sample` with one rng are independent.
constexpr std::uint32_t forward_stream = 0;
constexpr std::uint32_t posterior_stream = 1;

namespace doc = binder::doc;

Empirical make_empirical(py::handle points, py::handle weights, py::handle bandwidth, py::handle labels, py::handle dtype) {
    EmpiricalOptions options;
    buffon::Matrix y = binder::to_points(points, "Empirical: points");
    if (!weights.is_none()) options.weights = binder::to_vector(weights, "Empirical: weights");
    options.bandwidth = binder::convert<double>(bandwidth, "Empirical", "bandwidth");
    if (!labels.is_none()) options.labels = binder::convert<OneOrMany<std::int64_t>>(labels, "Empirical", "labels").values;
    const auto precision = binder::convert<StateType>(dtype, "Empirical", "dtype");
    require(precision == StateType::float64 || precision == StateType::float32,
            "Empirical: dtype must be 'float64' or 'float32', got ", py::repr(dtype).cast<std::string>());
    options.single = precision == StateType::float32;
    const py::gil_scoped_release release;
    return Empirical(std::move(y), std::move(options));
}

py::tuple top_k(const Empirical& e, py::handle x, py::handle sigma, py::handle k, py::handle condition) {
    const auto count = binder::convert<std::int64_t>(k, "Empirical.top_k", "k");
    require(count >= 1 && count <= e.size(), "Empirical.top_k: k must lie in 1 ... ", e.size(), ", got ", count);
    const binder::Asked asked = ask("Empirical.top_k", e.dim(), x, sigma, condition);
    py::array_t<std::int64_t> points({static_cast<py::ssize_t>(asked.n()), static_cast<py::ssize_t>(count)});
    const std::span<std::int64_t> to(points.mutable_data(), static_cast<std::size_t>(points.size()));
    Array weights = answer(asked, {count}, [&](const Query& q, View out) { e.top_k(q, out, to); });
    return py::make_tuple(points, weights);
}

Array posterior_sample(const Empirical& e, py::handle x, py::handle sigma, py::handle rng, py::handle condition) {
    const Stream stream{rng_key(rng, "Empirical.posterior_sample"), posterior_stream};
    return answer(ask("Empirical.posterior_sample", e.dim(), x, sigma, condition), {e.dim()},
                  [&](const Query& q, View out) { e.posterior_sample(q, stream, 0, out); });
}

Array sigma_posterior(const Empirical& e, py::handle x, py::handle nodes, py::handle condition) {
    const std::vector<double> grid = binder::to_vector(nodes, "Empirical.sigma_posterior: grid");
    return answer(ask("Empirical.sigma_posterior", e.dim(), x, py::float_(1.0), condition),
                  {static_cast<py::ssize_t>(grid.size())},
                  [&](const Query& q, View out) { e.sigma_posterior(q, grid, out); });
}

Array forward(const Empirical& e, py::handle count, py::handle levels, py::handle rng, py::handle condition) {
    const std::string function = "Empirical.forward";
    const auto n = binder::convert<std::int64_t>(count, function, "n");
    require(n >= 0, function, ": n must be at least 0, got ", n);
    const Array sigma = binder::to_noise_levels(function, levels, n);
    const std::vector<std::int64_t> labels = binder::to_labels(function, condition, n);
    const Stream stream{rng_key(rng, function), forward_stream};
    Array out({static_cast<py::ssize_t>(n), static_cast<py::ssize_t>(e.dim())});
    const View to{out.mutable_data(), n, e.dim()};
    const Query query{{}, {sigma.data(), static_cast<std::size_t>(sigma.size())}, labels, 0};
    const py::gil_scoped_release release;
    e.forward(query, stream, 0, to);
    return out;
}

/// A method (x, sigma, condition) -> array of n rows of the shape that `row` says.
template <class Row, class F>
void def_rows(py::class_<Empirical>& c, const char* name, const std::string& summary, const std::string& returns,
              const Row& row, const F& f) {
    c.def(
        name,
        [name, row, f](const Empirical& e, py::handle x, py::handle sigma, py::handle condition) {
            return answer(ask(std::string("Empirical.") + name, e.dim(), x, sigma, condition), row(e),
                          [&](const Query& q, View out) { f(e, q, out); });
        },
        py::arg("x"), py::arg("sigma"), py::arg("condition") = py::none(),
        doc::method(summary, doc::x + doc::sigma + doc::condition, returns, doc::errors).c_str());
}

void bind_empirical(py::module_& m) {
    py::class_<Empirical> c(m, "Empirical", R"(Ideal denoiser of a finite data set: x0 is one of the points, or near it.

p0 = sum_i weights_i N(points_i, bandwidth^2 I); with bandwidth 0 a point mass at each point. The posterior mean given
x = x0 + sigma eps is a softmax-weighted average of the points. Nothing of size n times m is stored. With sigma -> 0 the answer
is the nearest point. A row of an answer depends on that row alone, to the bit.

Parameters
----------
points : array (m, d)
weights : array (m,), optional
    Positive; normalised here. None: equal ones.
bandwidth : float
    Standard deviation of the normal kernel around each point.
labels : array of int (m,), optional
    Class 0, 1, ... of each point; a condition then asks for the points of that class only.
dtype : {"float64", "float32"}
    Of distances and weights in ``denoise`` and ``score``. float32 is about twice as fast, with errors near 1e-6 of the data's size.

Raises
------
ValueError
    If a shape is wrong, a number not finite, a weight not positive, or a class has no point.

Examples
--------
>>> from buffon import diffusion as bd
>>> model = bd.Empirical([[0.0], [1.0]])
>>> model.denoise([[0.5], [2.0]], sigma=0.1)
array([[0.5],
       [1. ]]))");
    c.attr("__module__") = "buffon.diffusion";
    c.def(py::init(&make_empirical), py::arg("points"), py::arg("weights") = py::none(), py::kw_only(),
          py::arg("bandwidth") = 0.0, py::arg("labels") = py::none(), py::arg("dtype") = "float64");
    const auto d = [](const Empirical& e) { return std::vector<py::ssize_t>{e.dim()}; };
    const auto d_d = [](const Empirical& e) { return std::vector<py::ssize_t>{e.dim(), e.dim()}; };
    const auto m_points = [](const Empirical& e) { return std::vector<py::ssize_t>{e.size()}; };
    const auto number = [](const Empirical&) { return std::vector<py::ssize_t>{}; };
    c.def(
        "denoise",
        [](const Empirical& e, py::handle x, py::handle sigma, py::handle condition) -> py::object {
            if (binder::on_device(x)) return binder::denoise_on_device("Empirical.denoise", e, x, sigma, condition);
            return answer(ask("Empirical.denoise", e.dim(), x, sigma, condition), {e.dim()},
                          [&](const Query& q, View out) { e.denoise(q, out); });
        },
        py::arg("x"), py::arg("sigma"), py::arg("condition") = py::none(),
        doc::method("Posterior mean E[x0 | x].", doc::x_anywhere + doc::sigma + doc::condition, "array (n, d)",
                    doc::errors)
            .c_str());
    def_rows(c, "score", "Gradient of the log density of x; needs ``sigma`` > 0 or a bandwidth.", "array (n, d)", d,
             [](const Empirical& e, const Query& q, View out) { e.score(q, out); });
    def_rows(c, "log_density", "Log density of x = x0 + sigma eps, given the class where one is asked for.",
             "array (n,)", number, [](const Empirical& e, const Query& q, View out) {
                 e.log_density(q, {out.data, static_cast<std::size_t>(out.rows)});
             });
    def_rows(c, "responsibilities", "Probability that x0 came from each point, given x.",
             "array (n, m)\n    Rows sum to 1.", m_points,
             [](const Empirical& e, const Query& q, View out) { e.responsibilities(q, out); });
    def_rows(c, "jacobian", "Derivative of the denoiser; equals Cov[x0 | x] / sigma^2.", "array (n, d, d)", d_d,
             [](const Empirical& e, const Query& q, View out) { e.jacobian(q, out); });
    def_rows(c, "posterior_covariance", "Cov[x0 | x].", "array (n, d, d)", d_d,
             [](const Empirical& e, const Query& q, View out) { e.posterior_covariance(q, out); });
    c.def(
        "top_k", &top_k, py::arg("x"), py::arg("sigma"), py::arg("k"), py::arg("condition") = py::none(),
        doc::method(
            "The k points that x0 most probably is, given x.", doc::x + doc::sigma + "\nk : int" + doc::condition,
            "indices : array of int (n, k)\n    Of the points, the most probable first.\nprobabilities : array (n, k)",
            doc::errors)
            .c_str());
    c.def(
        "posterior_sample", &posterior_sample, py::arg("x"), py::arg("sigma"), py::arg("rng") = py::none(),
        py::arg("condition") = py::none(),
        doc::method("One exact draw of x0 given x for each row.",
                    doc::x + doc::sigma + doc::rng + " Independent of ``forward`` with the same key." + doc::condition,
                    "array (n, d)", doc::errors)
            .c_str());
    c.def("sigma_posterior", &sigma_posterior, py::arg("x"), py::arg("grid"), py::arg("condition") = py::none(),
          doc::method("Probability of each noise level of a grid, given x; the prior is uniform over the nodes.",
                      doc::x + "grid : array (g,)\n    Noise levels." + doc::condition,
                      "array (n, g)\n    Rows sum to 1.", doc::errors)
              .c_str());
    c.def(
        "forward", &forward, py::arg("n"), py::arg("sigma"), py::arg("rng") = py::none(),
        py::arg("condition") = py::none(),
        doc::method("Noisy samples x0 + sigma eps; with sigma = 0 samples of the data.",
                    "n : int\n    Number of samples.\n" + doc::sigma + doc::rng +
                        " The x0 are the same for every ``sigma``." + doc::condition,
                    "array (n, d)", "If ``n`` or ``sigma`` is negative or of a wrong shape, or ``condition`` no class.")
            .c_str());
    c.def_property_readonly("dim", &Empirical::dim, "Number of coordinates d.");
    c.def_property_readonly(
        "points", [](const Empirical& e) { return binder::from_matrix(e.points()); }, "Points (m, d), a copy.");
    c.def_property_readonly(
        "weights", [](const Empirical& e) { return binder::from_vector(e.weights()); },
        "Normalised weights (m,), a copy.");
    c.def_property_readonly("labels", [](const Empirical& e) -> py::object {
        const auto labels = e.labels();
        if (labels.empty()) return py::none();
        return py::array_t<std::int64_t>(static_cast<py::ssize_t>(labels.size()), labels.data());
    }, "Class of each point (m,), a copy; None if unconditional.");
    c.def_property_readonly("classes", &Empirical::classes, "Number of classes; 0 if unconditional.");
    c.def_property_readonly("bandwidth", &Empirical::bandwidth, "Standard deviation of the kernel around each point.");
    c.def_property_readonly(
        "dtype", [](const Empirical& e) { return e.single() ? "float32" : "float64"; }, "Of distances and weights.");
    c.def("__repr__", [](const Empirical& e) {
        std::ostringstream out;
        out << "Empirical(m=" << e.size() << ", d=" << e.dim();
        if (e.bandwidth() > 0) out << ", bandwidth=" << e.bandwidth();
        if (e.classes() > 0) out << ", classes=" << e.classes();
        out << "): denoise(x, sigma) = E[x0 | x = x0 + sigma eps], x0 one of the points";
        return out.str();
    });
    using O = EmpiricalOptions;
    using Options = binder::OfMembers<O, &O::weights, &O::bandwidth, &O::labels, &O::single>;
    c.def(py::pickle(
        [](const Empirical& e) { return py::make_tuple(binder::from_matrix(e.points()), Options::to(e.options())); },
        [](const py::tuple& state) {
            return Empirical(binder::to_matrix(state[0], "Empirical: points"), Options::from(state[1]));
        }));
}

}  // namespace

void bind_python_denoisers(py::module_& m);

void bind_denoisers(py::module_& m) {
    bind_empirical(m);
    bind_python_denoisers(m);
}
