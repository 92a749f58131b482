// Python's exact Gaussian-mixture denoiser: shapes are checked, the GIL is released, no arithmetic.
#include <buffon/diffusion/gaussian_mixture.hpp>
#include <buffon/diffusion/sampler_problem.hpp>

#include <buffon/check.hpp>

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include "arrays.hpp"
#include "convert.hpp"
#include "denoisers.hpp"
#include "device_arrays.hpp"
#include "diffusion.hpp"
#include "finite_rows.hpp"
#include "gaussian_mixture_docs.hpp"
#include "pickled.hpp"
#include "rng.hpp"

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace py = pybind11;

namespace binder {

using G = buffon::diffusion::GaussianMixture;
template <>
struct Kept<G::Component>
    : OfMembers<G::Component, &G::Component::log_weight, &G::Component::variance, &G::Component::axes,
                &G::Component::rest> {};
template <>
struct Kept<G::Parts> : OfMembers<G::Parts, &G::Parts::weights, &G::Parts::means, &G::Parts::covariances,
                                  &G::Parts::components, &G::Parts::labels> {};

}  // namespace binder

namespace {

using namespace buffon::diffusion;
using buffon::ConstView;
using buffon::Matrix;
using buffon::Stream;
using buffon::View;
using buffon::require;

using binder::Array;
using binder::numbers;
using binder::shape_text;
using binder::text;
using Shape = std::vector<py::ssize_t>;

ConstView table(const Array& a) { return {a.data(), a.shape(0), a.shape(1)}; }

/// The first axis holds the rows, the others together the columns.
View table(Array& a) {
    return {a.mutable_data(), a.shape(0), a.ndim() == 1 ? 1 : a.ndim() == 2 ? a.shape(1) : a.shape(1) * a.shape(2)};
}

Array array_of(std::span<const double> data, const Shape& shape) {
    Array a(shape);
    std::copy(data.begin(), data.end(), a.mutable_data());
    return a;
}

std::vector<Matrix> to_matrices(py::handle value, const std::string& what) {
    const Array a = binder::to_array(value, what);
    require(a.ndim() == 3, what, " must have shape (k, d, d), got ", shape_text(a));
    std::vector<Matrix> out(static_cast<std::size_t>(a.shape(0)), Matrix(a.shape(1), a.shape(2)));
    const double* from = a.data();
    for (Matrix& m : out) {
        std::copy_n(from, m.data.size(), m.data.begin());
        from += m.data.size();
    }
    return out;
}

/// covariances (k, d, d) or (k, d), or factors (k, d, r) with noise (k,).
GaussianMixture make_mixture(py::handle weights, py::handle means, py::handle covariances, py::handle factors,
                             py::handle noise, py::handle labels) {
    const std::string f = "GaussianMixture";
    std::vector<double> w = binder::to_vector(weights, f + ": weights");
    Matrix centres = binder::to_points(means, f + ": means");
    std::vector<std::int64_t> classes;
    if (!labels.is_none()) classes = binder::convert<OneOrMany<std::int64_t>>(labels, f, "labels").values;
    require(covariances.is_none() != factors.is_none(), f, ": either covariances or factors must be given");
    require(factors.is_none() == noise.is_none(), f, ": factors and noise belong together");
    if (!factors.is_none()) {
        const std::vector<Matrix> u = to_matrices(factors, f + ": factors");
        const std::vector<double> tau = binder::to_vector(noise, f + ": noise");
        const py::gil_scoped_release release;
        return GaussianMixture::low_rank(std::move(w), std::move(centres), u, tau, std::move(classes));
    }
    if (binder::to_array(covariances, f + ": covariances").ndim() == 2) {
        const Matrix variances = binder::to_matrix(covariances, f + ": covariances");
        const py::gil_scoped_release release;
        return GaussianMixture::diagonal(std::move(w), std::move(centres), variances, std::move(classes));
    }
    std::vector<Matrix> parts = to_matrices(covariances, f + ": covariances");
    const py::gil_scoped_release release;
    return {std::move(w), std::move(centres), std::move(parts), std::move(classes)};
}

std::string argument(const char* function, const char* name) { return std::string("GaussianMixture.") + function + ": " + name; }

Array to_points(const char* function, const GaussianMixture& mixture, py::handle value) {
    Array x = binder::to_array(value, argument(function, "x"));
    require(x.ndim() == 2 && x.shape(1) == mixture.dim(), "GaussianMixture.", function, ": x must have shape (n, ", mixture.dim(),
            "), got ", shape_text(x), binder::axis_hint(x, "x", mixture.dim()));
    return x;
}

Array to_levels(const char* function, py::handle value, py::ssize_t n) {
    Array sigma = binder::to_array(value, argument(function, "sigma"));
    require(sigma.ndim() == 0 || (sigma.ndim() == 1 && (sigma.size() == 1 || sigma.size() == n)), "GaussianMixture.", function,
            ": sigma must be a number or have shape (n,) = (", n, ",), got shape ", shape_text(sigma));
    return sigma;
}

/// f(x, sigma, out) without the GIL, into a new array of n rows of the given shape.
template <class F>
Array rows_of(const char* function, const GaussianMixture& mixture, py::handle points, py::handle levels, Shape row, const F& f) {
    const Array x = to_points(function, mixture, points);
    const Array sigma = to_levels(function, levels, x.shape(0));
    const ConstView from = table(x);
    row.insert(row.begin(), x.shape(0));
    Array out(row);
    const View to = table(out);
    const py::gil_scoped_release release;
    f(from, numbers(sigma), to);
    return out;
}

py::object denoise(const GaussianMixture& g, py::handle x, py::handle sigma, py::handle condition) {
    const std::string f = "GaussianMixture.denoise";
    if (binder::on_device(x)) return binder::denoise_on_device(f, g, x, sigma, condition);
    require(condition.is_none() || g.classes() > 0, f, ": condition must be None, this model is unconditional");
    const Array points = to_points("denoise", g, x);
    const std::vector<std::int64_t> labels = binder::to_labels(f, condition, points.shape(0));
    for (const std::int64_t label : labels)
        require(label >= -1 && label < g.classes(), f, ": condition must lie in 0 ... ", g.classes() - 1,
                " (-1: none), got ", label);
    return rows_of("denoise", g, points, sigma, {g.dim()},
                   [&](ConstView a, auto s, View out) { g.denoise({a, s, labels, 0}, out); });
}

Array score(const GaussianMixture& g, py::handle x, py::handle sigma) {
    return rows_of("score", g, x, sigma, {g.dim()}, [&](ConstView a, auto s, View out) { g.score(a, s, out); });
}

Array log_density(const GaussianMixture& g, py::handle x, py::handle sigma) {
    return rows_of("log_density", g, x, sigma, {}, [&](ConstView a, auto s, View out) {
        g.log_density(a, s, std::span(out.data, static_cast<std::size_t>(out.rows)));
    });
}

Array responsibilities(const GaussianMixture& g, py::handle x, py::handle sigma) {
    return rows_of("responsibilities", g, x, sigma, {g.size()},
                   [&](ConstView a, auto s, View out) { g.responsibilities(a, s, out); });
}

Array squared_distances(const GaussianMixture& g, py::handle x) {
    return rows_of("squared_distances", g, x, py::float_(0.0), {g.size()}, [&](ConstView a, auto, View out) {
        const ModeDistances distances(g);
        distances(a, out);
    });
}

/// The smallest distance of each row, or whose it is.
Array off_mode(const GaussianMixture& g, py::handle x) {
    const Array all = squared_distances(g, x);
    Array out(Shape{all.shape(0)});
    for (py::ssize_t i = 0; i < all.shape(0); ++i)
        out.mutable_data()[i] = *std::min_element(all.data(i, 0), all.data(i, 0) + all.shape(1));
    return out;
}

py::array_t<std::int64_t> mode(const GaussianMixture& g, py::handle x) {
    const Array all = squared_distances(g, binder::to_finite_rows(x, g.dim(), "GaussianMixture.mode: x"));
    py::array_t<std::int64_t> out(all.shape(0));
    for (py::ssize_t i = 0; i < all.shape(0); ++i)
        out.mutable_data()[i] = std::min_element(all.data(i, 0), all.data(i, 0) + all.shape(1)) - all.data(i, 0);
    return out;
}

Array jacobian(const GaussianMixture& g, py::handle x, py::handle sigma) {
    return rows_of("jacobian", g, x, sigma, {g.dim(), g.dim()}, [&](ConstView a, auto s, View out) { g.jacobian(a, s, out); });
}

// Each use of a key has its own stream: `forward` and `posterior_sample` with one rng are independent.
constexpr std::uint32_t forward_stream = 0;
constexpr std::uint32_t posterior_stream = 1;

Array posterior_sample(const GaussianMixture& g, py::handle x, py::handle sigma, py::handle rng) {
    const Stream stream{rng_key(rng), posterior_stream};
    return rows_of("posterior_sample", g, x, sigma, {g.dim()},
                   [&](ConstView a, auto s, View out) { g.posterior_sample(a, s, stream, 0, out); });
}

Array sigma_posterior(const GaussianMixture& g, py::handle points, py::handle nodes) {
    const Array x = to_points("sigma_posterior", g, points);
    const std::vector<double> grid = binder::to_vector(nodes, argument("sigma_posterior", "grid"));
    Array out(Shape{x.shape(0), static_cast<py::ssize_t>(grid.size())});
    const ConstView from = table(x);
    const View to = table(out);
    const py::gil_scoped_release release;
    g.sigma_posterior(from, grid, to);
    return out;
}

Array forward(const GaussianMixture& g, py::handle count, py::handle levels, py::handle rng) {
    const std::int64_t n = binder::convert<std::int64_t>(count, "GaussianMixture.forward", "n");
    require(n >= 0, "GaussianMixture.forward: n must be at least 0, got ", n);
    const Array sigma = to_levels("forward", levels, n);
    const Stream stream{rng_key(rng), forward_stream};
    Array out(Shape{n, g.dim()});
    const View to = table(out);
    const py::gil_scoped_release release;
    g.forward(numbers(sigma), stream, 0, to);
    return out;
}

Array covariances(const GaussianMixture& g) {
    Array out(Shape{g.size(), g.dim(), g.dim()});
    double* to = out.mutable_data();
    for (const Matrix& c : g.covariances()) to = std::copy(c.data.begin(), c.data.end(), to);
    return out;
}

void bind(py::module_& m) {
    py::class_<GaussianMixture> c(m, "GaussianMixture", docs::type);
    c.attr("__module__") = "buffon.diffusion";
    c.def(py::init(&make_mixture), py::arg("weights"), py::arg("means"), py::arg("covariances") = py::none(), py::kw_only(),
          py::arg("factors") = py::none(), py::arg("noise") = py::none(), py::arg("labels") = py::none());
    c.def("given", &GaussianMixture::given, py::arg("label"), docs::given);
    c.def_property_readonly("classes", &GaussianMixture::classes, "Number of classes; 0 if unconditional.");
    c.def_property_readonly("labels", [](const GaussianMixture& g) -> py::object {
        if (g.labels().empty()) return py::none();
        return py::array_t<std::int64_t>(static_cast<py::ssize_t>(g.labels().size()), g.labels().data());
    }, "Class of each component (k,), a copy; None if unconditional.");
    c.def("squared_distances", &squared_distances, py::arg("x"), docs::squared_distances);
    c.def("off_mode", &off_mode, py::arg("x"), docs::off_mode);
    c.def("mode", &mode, py::arg("x"), docs::mode);
    c.def("denoise", &denoise, py::arg("x"), py::arg("sigma"), py::arg("condition") = py::none(), docs::denoise);
    c.def("score", &score, py::arg("x"), py::arg("sigma"), docs::score);
    c.def("log_density", &log_density, py::arg("x"), py::arg("sigma"), docs::log_density);
    c.def("responsibilities", &responsibilities, py::arg("x"), py::arg("sigma"), docs::responsibilities);
    c.def("jacobian", &jacobian, py::arg("x"), py::arg("sigma"), docs::jacobian);
    c.def("posterior_sample", &posterior_sample, py::arg("x"), py::arg("sigma"), py::arg("rng") = py::none(),
          docs::posterior_sample);
    c.def("sigma_posterior", &sigma_posterior, py::arg("x"), py::arg("grid"), docs::sigma_posterior);
    c.def("forward", &forward, py::arg("n"), py::arg("sigma"), py::arg("rng") = py::none(), docs::forward);
    c.def_property_readonly("dim", &GaussianMixture::dim, "Number of coordinates d.");
    c.def_property_readonly(
        "weights", [](const GaussianMixture& g) { return array_of(g.weights(), {g.size()}); },
        "Normalised weights (k,), a copy.");
    c.def_property_readonly(
        "means", [](const GaussianMixture& g) { return array_of(g.means().data, {g.size(), g.dim()}); }, "Means (k, d), a copy.");
    c.def_property_readonly("covariances", &covariances, "Covariances (k, d, d), a copy.");
    c.def("__repr__", [](const GaussianMixture& g) {
        return text("GaussianMixture(k=", g.size(), ", d=", g.dim(),
                    "): x0 ~ sum_k weights_k N(means_k, covariances_k), denoise(x, sigma) = E[x0 | x = x0 + sigma eps]");
    });
    using Parts = binder::Kept<GaussianMixture::Parts>;
    c.def(py::pickle([](const GaussianMixture& g) { return Parts::to(g.parts()); },
                     [](const py::tuple& state) { return GaussianMixture::of(Parts::from(state)); }));
}

}  // namespace

void bind_gaussian_mixture(py::module_& m) { bind(m); }
