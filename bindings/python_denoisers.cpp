/// Python functions and networks as denoisers, and the class Denoiser that wrappers return.
#include "denoisers.hpp"

#include <algorithm>
#include <sstream>
#include <type_traits>

#include <buffon/check.hpp>
#include <buffon/diffusion/denoiser_errors.hpp>
#include <buffon/diffusion/finite.hpp>
#include <buffon/diffusion/guided.hpp>
#include <buffon/diffusion/input_perturbed.hpp>
#include <buffon/diffusion/network.hpp>
#include <buffon/diffusion/noise_scaled.hpp>
#include <buffon/diffusion/thresholded.hpp>

#include "convert.hpp"
#include "device_arrays.hpp"
#include "diffusion.hpp"
#include "rng.hpp"

namespace py = pybind11;
using namespace buffon::diffusion;
using binder::answer;
using binder::ask;
using buffon::ConstView;
using buffon::View;
using buffon::require;

namespace binder {
template <>
inline constexpr const char* argument_name<double> = "scale";
}

namespace {

/// Rows in an array that the function may keep.
template <class T>
py::array_t<T> given(ConstView x) {
    py::array_t<T> a({static_cast<py::ssize_t>(x.rows), static_cast<py::ssize_t>(x.cols)});
    std::copy_n(x.data, x.size(), a.mutable_data());
    return a;
}

/// One number per row.
template <class T>
py::array_t<T> given(std::span<const double> one_or_many, std::int64_t n) {
    py::array_t<T> a(static_cast<py::ssize_t>(n));
    if (one_or_many.size() == 1) std::fill_n(a.mutable_data(), n, static_cast<T>(one_or_many[0]));
    else std::copy_n(one_or_many.data(), n, a.mutable_data());
    return a;
}

py::object given(std::span<const std::int64_t> labels) {
    if (labels.empty()) return py::none();
    return py::array_t<std::int64_t>(static_cast<py::ssize_t>(labels.size()), labels.data());
}

template <class T>
bool copied(const py::array& a, View out) {
    if (!py::isinstance<py::array_t<T, py::array::c_style>>(a)) return false;
    const T* from = static_cast<const T*>(a.data());
    std::copy_n(from, out.size(), out.data);
    return true;
}

/// The numbers of an array of any shape with n rows.
void take(const std::string& function, const py::object& value, View out) {
    const py::array a = py::array::ensure(value);
    if (!a) {
        PyErr_Clear();
        throw py::type_error(function + ": the function must return an array, got " +
                             py::type::of(value).attr("__name__").cast<std::string>());
    }
    require(a.size() == out.size() && a.ndim() >= 1 && a.shape(0) == out.rows, function,
            ": the function must return an array of the shape of x, (", out.rows, ", ", out.cols, "), got ",
            binder::shape_text(a));
    if (copied<float>(a, out) || copied<double>(a, out)) return;
    const binder::Array numbers = binder::to_array(a, function + ": what the function returns");
    std::copy_n(numbers.data(), out.size(), out.data);
}

template <class T>
NetworkFunction network_function(const binder::Callable& call) {
    return [call](const NetworkInput& in, View out) {
        const py::gil_scoped_acquire gil;
        take("Network", (*call)(given<T>(in.x), given<T>(in.time, in.x.rows), given(in.labels)), out);
    };
}

/// What the adapter gives for rows on a device; the answer lives as long as the array that holds it.
NetworkOnDevice network_on_device(const binder::Callable& call, bool single) {
    return {single, [call, single](const NetworkOnDevice::Input& in) -> NetworkOnDevice::Output {
        const py::gil_scoped_acquire gil;
        const py::object time = single ? py::object(given<float>(in.time, in.rows)) : py::object(given<double>(in.time, in.rows));
        const py::tuple found =
            (*call).attr("on_device")(reinterpret_cast<std::uintptr_t>(in.x), in.rows, time, given(in.labels),
                                      in.queue.device, reinterpret_cast<std::uintptr_t>(in.queue.stream));
        return {reinterpret_cast<const void*>(found[1].cast<std::uintptr_t>()),
                std::make_shared<const binder::Callable>(found[0].cast<py::object>())};
    }};
}

Denoiser make_network(const py::object& call, std::int64_t dim, py::handle schedule, py::handle prediction,
                      py::handle preconditioning, py::handle sigma_data, py::handle levels, std::int64_t classes,
                      bool single) {
    const std::string f = "Network";
    const NetworkOptions options{.prediction = binder::convert<Prediction>(prediction, f, "prediction"),
                                 .preconditioning = binder::convert<Preconditioning>(preconditioning, f, "preconditioning"),
                                 .sigma_data = binder::convert<double>(sigma_data, f, "sigma_data"),
                                 .levels = binder::convert<std::int64_t>(levels, f, "levels"), .classes = classes};
    const binder::Callable kept(call);
    const bool there = call.attr("arrays").cast<std::string>() != "numpy";
    return network(dim, single ? network_function<float>(kept) : network_function<double>(kept),
                   binder::to_schedule(schedule, f + ": schedule"), options,
                   there ? network_on_device(kept, single) : NetworkOnDevice{});
}

Denoiser make_denoiser(const py::object& function, py::handle dim, py::handle classes, py::handle sigma_min,
                       py::handle sigma_max) {
    const std::string f = "Denoiser";
    if (!PyCallable_Check(function.ptr()))
        throw py::type_error(f + ": function must be callable, got " + binder::short_repr(function));
    const Denoiser::Traits traits{.name = f,
                                  .classes = binder::convert<std::int64_t>(classes, f, "classes"),
                                  .concurrent = false,
                                  .sigma_min = binder::convert<double>(sigma_min, f, "sigma_min"),
                                  .sigma_max = binder::convert<double>(sigma_max, f, "sigma_max")};
    require(traits.classes >= 0, f, ": classes must not be negative, got ", traits.classes);
    require(traits.sigma_min >= 0 && traits.sigma_min < traits.sigma_max, f,
            ": sigma_min must lie in [0, sigma_max), got ", traits.sigma_min);
    const bool conditional = traits.classes > 0;
    const auto call = [kept = binder::Callable(function), conditional](const Query& q, View out) {
        const py::gil_scoped_acquire gil;
        const py::object x = given<double>(q.x), sigma = given<double>(q.sigma, q.x.rows);
        take("Denoiser", conditional ? (*kept)(x, sigma, given(q.labels)) : (*kept)(x, sigma), out);
        require_finite("Denoiser: the function must return finite numbers", out, q.sigma);
    };
    return {binder::convert<std::int64_t>(dim, f, "dim"), call, traits};
}

namespace doc = binder::doc;

void bind_denoiser(py::module_& m) {
    py::class_<Denoiser> c(m, "Denoiser", py::dynamic_attr(),
                           R"(A denoiser: (x, sigma, condition) -> E[x0 | x], of x = x0 + sigma eps.

What ``Network``, ``guided`` and ``thresholded`` return, and what ``sample`` takes. Made from a Python function on NumPy arrays,
which is called with the GIL held and by one thread at a time. It must treat rows by themselves.

Parameters
----------
function : callable
    (x (n, d), sigma (n,)) -> array (n, d), or with classes (x, sigma, labels (n,) or None).
dim : int
    Number of coordinates d.
classes : int
    Labels are 0 ... classes - 1, and -1 for none; 0: takes no condition.
sigma_min, sigma_max : float
    Noise levels that it knows.

Raises
------
ValueError
    If an option is outside its range; when called: if the function returns another shape or a number that is not finite.

Examples
--------
>>> from buffon import diffusion as bd
>>> model = bd.Denoiser(lambda x, sigma: x / (1 + sigma[:, None]**2), dim=2)   # of x0 ~ N(0, I)
>>> bd.sample(model, bd.ddim(bd.EDM(), steps=5), n=3, rng=0).x.shape
(3, 2))");
    c.attr("__module__") = "buffon.diffusion";
    c.def(py::init(&make_denoiser), py::arg("function"), py::arg("dim"), py::kw_only(), py::arg("classes") = 0,
          py::arg("sigma_min") = 0.0, py::arg("sigma_max") = std::numeric_limits<double>::infinity());
    c.def("denoise", [](const Denoiser& self, py::handle x, py::handle sigma, py::handle condition) -> py::object {
        if (binder::on_device(x)) return binder::denoise_on_device(self.traits().name, self, x, sigma, condition);
        return answer(ask(self.traits().name, self.dim(), x, sigma, condition), {self.dim()},
                      [&](const Query& q, View out) { self.denoise(q, out); });
    }, py::arg("x"), py::arg("sigma"), py::arg("condition") = py::none(),
          doc::method("Posterior mean E[x0 | x].", doc::x + doc::sigma + doc::condition, "array (n, d)", doc::errors).c_str());
    c.def(
        "score",
        [](const Denoiser& self, py::handle x, py::handle sigma, py::handle condition) {
            return answer(ask(self.traits().name, self.dim(), x, sigma, condition), {self.dim()},
                          [&](const Query& q, View out) { self.score(q, out); });
        },
        py::arg("x"), py::arg("sigma"), py::arg("condition") = py::none(),
        doc::method("Gradient of the log density of x, (denoise(x, sigma) - x) / sigma^2; ``sigma`` > 0.",
                    doc::x + doc::sigma + doc::condition, "array (n, d)", doc::errors)
            .c_str());
    c.def_property_readonly("dim", &Denoiser::dim, "Number of coordinates d.");
    c.def_property_readonly(
        "classes", [](const Denoiser& self) { return self.traits().classes; },
        "Number of classes; 0: takes no condition.");
    c.def_property_readonly(
        "sigma_range",
        [](const Denoiser& self) { return py::make_tuple(self.traits().sigma_min, self.traits().sigma_max); },
        "Smallest and largest noise level that it knows.");
    c.def("__repr__", [](const Denoiser& self) {
        std::ostringstream out;
        const auto& t = self.traits();
        out << "Denoiser(" << t.name << ", d=" << self.dim();
        if (t.classes > 0) out << ", classes=" << t.classes;
        out << "): E[x0 | x = x0 + sigma eps], sigma in [" << t.sigma_min << ", " << t.sigma_max << "]";
        return out.str();
    });
}

py::dict errors(py::handle model, py::handle data, py::handle levels, py::handle condition, py::handle rng) {
    const std::string f = "check_denoiser";
    const Denoiser denoiser = binder::to_denoiser(model, f + ": model");
    const buffon::Matrix points = binder::to_points(data, f + ": data");
    const std::vector<double> sigma = binder::to_vector(levels, f + ": levels");
    const std::vector<std::int64_t> labels = binder::to_labels(f, condition, points.rows);
    const std::uint64_t key = rng_key(rng, f);
    DenoiserErrors found;
    {
        const py::gil_scoped_release release;
        found = denoiser_errors(denoiser, points, sigma, labels, key);
    }
    py::dict out;
    out["levels"] = binder::from_vector(sigma);
    out["error"] = binder::from_vector(found.error);
    out["std_error"] = binder::from_vector(found.std_error);
    out["linear"] = binder::from_vector(found.linear);
    return out;
}

/// By a number, or by a Python function of the noise level.
Denoiser scaled(py::handle model, py::handle factor) {
    const Denoiser denoiser = binder::to_denoiser(model, "noise_scaled: model");
    if (!PyCallable_Check(factor.ptr())) return noise_scaled(denoiser, binder::convert<double>(factor, "noise_scaled", "factor"));
    return noise_scaled(denoiser, [call = binder::Callable(py::reinterpret_borrow<py::object>(factor))](double sigma) {
        const py::gil_scoped_acquire gil;
        return binder::convert<double>((*call)(sigma), "noise_scaled", "factor's answer");
    });
}

}  // namespace

void bind_python_denoisers(py::module_& m) {
    bind_denoiser(m);
    m.def("_network", &make_network);
    m.def("_denoiser_errors", &errors);
    binder::bind(m, "guided", &guided);
    binder::bind(m, "thresholded", &thresholded);
    m.def(
        "input_perturbed",
        [](py::handle model, py::handle gamma) {
            return input_perturbed(binder::to_denoiser(model, "input_perturbed: model"),
                                   binder::convert<double>(gamma, "input_perturbed", "gamma"));
        },
        py::arg("model"), py::arg("gamma") = 0.1, R"(Input perturbation of an exact denoiser, against exposure bias.

What training on inputs x0 + sigma (eps + gamma xi) towards the target eps makes of the best prediction: D' = x - (x - D(x; s)) / (1 + gamma^2),
s = sigma sqrt(1 + gamma^2). A network is trained so instead: multiply the noise of its inputs by sqrt(1 + gamma^2), leave its target.

Parameters
----------
model : denoiser
gamma : float
    At least 0, which changes nothing; the published one is 0.1.

Returns
-------
Denoiser
    It knows noise levels up to the model's divided by sqrt(1 + gamma^2).

Raises
------
ValueError
    If gamma is negative or not finite.

References
----------
Ning, Sangineto, Porrello, Calderara, Cucchiara, "Input perturbation reduces exposure bias in diffusion models", ICML 2023, arXiv:2301.11706.

Examples
--------
>>> from buffon import diffusion as bd
>>> model = bd.GaussianMixture([1.0], [[0.0]], [[[1.0]]])
>>> bd.input_perturbed(model, 1.0).denoise([[3.0]], sigma=1.0).tolist()
[[2.0]])");
    m.def("noise_scaled", &scaled, py::arg("model"), py::arg("factor"),
          R"(Epsilon scaling: the model's noise prediction times a factor, against exposure bias.

D' = x - factor (x - D). Published factors are a little below 1, as those of eps / 1.005.

Parameters
----------
model : denoiser
factor : float or callable
    Positive; a function of sigma gives one for each noise level.

Returns
-------
Denoiser

Raises
------
ValueError
    If a factor is not positive and finite.

References
----------
Ning, Li, Su, Salah, Onal Ertugrul, "Elucidating the exposure bias in diffusion models", ICLR 2024, section 4.

Examples
--------
>>> from buffon import diffusion as bd
>>> model = bd.GaussianMixture([1.0], [[0.0]], [[[1.0]]])
>>> bd.noise_scaled(model, 0.5).denoise([[2.0]], sigma=1.0).tolist()
[[1.5]])");
}
