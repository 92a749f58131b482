/// Laws of several inputs in Python: Joint, MultivariateNormal, MultivariateT, Mixture.
#include <pybind11/stl.h>

#include <buffon/check.hpp>
#include <buffon/counted.hpp>
#include <buffon/distribution.hpp>

#include "arrays.hpp"
#include "convert.hpp"
#include "device_arrays.hpp"
#include "laws.hpp"
#include "rng.hpp"

using namespace buffon;
namespace py = pybind11;

namespace {

using binder::Array;
using binder::text_of;

/// f maps rows (n, d) to rows (n, d); a single row gives a single row.
template <class F>
py::array rows_to_rows(const Distribution& law, py::handle x, const F& f) {
    const Array in = binder::to_rows(x, law.dim(), "x");
    py::array_t<double> out({in.shape(0), in.shape(1)});
    const View to{out.mutable_data(), in.shape(0), in.shape(1)};
    const ConstView from = binder::view_of(in);
    {
        const py::gil_scoped_release release;
        f(from, to);
    }
    if (binder::to_array(x, "x").ndim() == 1) return out.attr("__getitem__")(0).cast<py::array>();
    return out;
}

py::object log_density(const Distribution& law, py::handle x) {
    if (binder::on_device(x)) return binder::log_density_on_device(law, x, false);
    const Array in = binder::to_rows(x, law.dim(), "x");
    py::array_t<double> out(in.shape(0));
    const std::span<double> to(out.mutable_data(), static_cast<std::size_t>(in.shape(0)));
    const ConstView from = binder::view_of(in);
    {
        const py::gil_scoped_release release;
        law.log_density(from, to);
    }
    if (binder::to_array(x, "x").ndim() == 1) return py::float_(to[0]);
    return out;
}

template <class Law>
void bind_multivariate(py::class_<Law>& c) {
    c.def(
         "log_density", [](const Law& l, py::object x) { return log_density(Distribution(l), x); }, py::arg("x"),
         "Natural logarithm of the density at each row of x (n, d), shape (n,); -inf outside the support. "
         "MultivariateNormal and Mixture\n"
         "take arrays of torch and CuPy on a CUDA device, float64, and answer there.")
        .def(
            "to_normal",
            [](const Law& l, py::object x) {
                return rows_to_rows(Distribution(l), x, [&](ConstView a, View b) { l.to_normal(a, b); });
            },
            py::arg("x"), "Rosenblatt's map of rows x (n, d) to independent standard normal coordinates (n, d).")
        .def(
            "from_normal",
            [](const Law& l, py::object u) {
                return rows_to_rows(Distribution(l), u, [&](ConstView a, View b) { l.from_normal(a, b); });
            },
            py::arg("u"), "Inverse of to_normal.")
        .def(
            "sample",
            [](const Law& l, std::int64_t n, py::object rng) {
                return binder::sample(Distribution(l), n, rng_key(rng, "sample"));
            },
            py::arg("n"), py::arg("rng") = py::none(), "n independent draws, shape (n, d). Same rng key, same bits.")
        .def_property_readonly(
            "mean", [](const Law& l) { return binder::from_vector(l.mean()); }, "Mean, shape (d,).")
        .def_property_readonly(
            "covariance", [](const Law& l) { return binder::from_matrix(l.covariance()); }, "Covariance, shape (d, d).")
        .def_property_readonly(
            "dim", [](const Law& l) { return l.dim(); }, "Number of coordinates d.")
        .def_property_readonly("names", [](const Law& l) { return l.names(); }, "Names of the coordinates.");
}

Joint make_joint(py::object laws, py::object copula, std::vector<std::string> names) {
    std::vector<Univariate> list;
    if (py::isinstance<py::dict>(laws)) {
        if (!names.empty()) throw py::value_error("Joint: names belong to a list of laws; a dict brings its own");
        for (const auto& item : laws.cast<py::dict>()) {
            names.push_back(py::str(item.first).cast<std::string>());
            list.push_back(binder::to_univariate(item.second, "Joint: the law of '" + names.back() + "'"));
        }
    } else {
        if (!py::isinstance<py::iterable>(laws) || py::isinstance<py::str>(laws))
            throw py::type_error("Joint: laws must be a dict name -> law or a list of laws, got " +
                                 py::type::of(laws).attr("__name__").cast<std::string>());
        for (const auto law : py::iter(laws))
            list.push_back(binder::to_univariate(law, "Joint: laws[" + std::to_string(list.size()) + "]"));
    }
    const Joint independent(std::move(list), std::move(names));
    return Joint(independent.laws(), independent.names(), binder::to_dependence(copula, independent.laws(), independent.names()));
}

std::string text_of(const Joint& joint) {
    std::string out =
        "Joint of " + counted(joint.dim(), joint.independent() ? "independent input" : "dependent input") + ":";
    for (std::size_t j = 0; j < joint.laws().size(); ++j) out += "\n  " + joint.names()[j] + " ~ " + text_of(joint.laws()[j]);
    if (!joint.independent())
        out +=
            "\n  copula: " + py::repr(binder::from_dependence(joint.dependence(), joint.names())).cast<std::string>();
    return out;
}

py::dict laws_of(const Joint& joint) {
    py::dict out;
    for (std::size_t j = 0; j < joint.laws().size(); ++j) out[py::str(joint.names()[j])] = py::cast(joint.laws()[j]);
    return out;
}

MultivariateNormal make_normal(py::object mean, py::object covariance, std::vector<std::string> names) {
    return {binder::to_vector(mean, "MultivariateNormal: mean"),
            binder::to_matrix(covariance, "MultivariateNormal: covariance"), std::move(names)};
}

MultivariateT make_t(py::object location, py::object scale, double df, std::vector<std::string> names) {
    return {binder::to_vector(location, "MultivariateT: location"), binder::to_matrix(scale, "MultivariateT: scale"),
            df, std::move(names)};
}

Mixture make_mixture(std::vector<double> weights, py::iterable components) {
    std::vector<MultivariateNormal> list;
    for (const auto c : components) {
        if (py::isinstance<Normal>(c)) {
            const auto n = c.cast<Normal>();
            list.emplace_back(std::vector<double>{n.mean()}, Matrix(1, 1, n.variance()));
        } else if (py::isinstance<MultivariateNormal>(c)) {
            list.push_back(c.cast<MultivariateNormal>());
        } else {
            throw py::type_error("Mixture: components must be Normal or MultivariateNormal, got " +
                                 py::type::of(c).attr("__name__").cast<std::string>());
        }
    }
    return Mixture(std::move(weights), std::move(list));
}

}  // namespace

namespace binder {

buffon::Distribution to_distribution(py::handle law, const std::string& where) {
    if (py::isinstance<Joint>(law)) return law.cast<Joint>();
    if (py::isinstance<MultivariateNormal>(law)) return law.cast<MultivariateNormal>();
    if (py::isinstance<MultivariateT>(law)) return law.cast<MultivariateT>();
    if (py::isinstance<Mixture>(law)) return law.cast<Mixture>();
    if (auto found = find_univariate(law)) return *found;
    throw py::type_error(where + " must be a law (" + univariate_names() +
                         ", Joint, MultivariateNormal, MultivariateT, Mixture), got " +
                         py::type::of(law).attr("__name__").cast<std::string>());
}

/// The Python object of the law inside.
py::object from_distribution(const buffon::Distribution& law) {
    return std::visit([](const auto& l) { return py::cast(l); }, law.law());
}

}  // namespace binder

void bind_joint(py::module_& m) {
    py::class_<Joint> joint(m, "Joint",
                            "Inputs with their own laws, independent or joined by copulas.\n\n"
                            "laws: dict name -> univariate law, or list of laws (then names may follow).\n"
                            "copula: a copula, or a list of copulas of different inputs, or None: independent.");
    joint
        .def(py::init(&make_joint), py::arg("laws"), py::arg("copula") = py::none(),
             py::arg("names") = std::vector<std::string>{})
        .def_property_readonly("laws", &laws_of, "The univariate laws by name.")
        .def_property_readonly(
            "copula", [](const Joint& l) { return binder::from_dependence(l.dependence(), l.names()); },
            "The copula, a list if there are several, None if independent.")
        .def("__repr__", [](const Joint& l) { return text_of(l); })
        .def(py::pickle(
            [](const Joint& l) {
                return py::make_tuple(laws_of(l), binder::from_dependence(l.dependence(), l.names()));
            },
            [](const py::tuple& t) { return make_joint(t[0], t[1], {}); }));
    bind_multivariate(joint);
}

void bind_elliptical_laws(py::module_& m) {
    py::class_<MultivariateNormal> mvn(m, "MultivariateNormal",
                                       "Normal law of a vector: mean (d,), covariance (d, d) positive definite.");
    mvn.def(py::init(&make_normal), py::arg("mean"), py::arg("covariance"),
            py::arg("names") = std::vector<std::string>{})
        .def("__repr__",
             [](const MultivariateNormal& l) { return "MultivariateNormal of " + counted(l.dim(), "input"); })
        .def(py::pickle(
            [](const MultivariateNormal& l) {
                return py::make_tuple(binder::from_vector(l.mean()), binder::from_matrix(l.covariance()), l.names());
            },
            [](const py::tuple& t) { return make_normal(t[0], t[1], t[2].cast<std::vector<std::string>>()); }));
    bind_multivariate(mvn);

    py::class_<MultivariateT> mvt(
        m, "MultivariateT",
        "Student law of a vector: location (d,), scale (d, d) positive definite, df degrees of freedom.\n\n"
        "A normal vector with covariance `scale` divided by sqrt(chi^2 / df). The covariance is scale df / (df - 2): "
        "infinite\n"
        "for 1 < df <= 2 and NaN below, as the mean is for df <= 1.");
    mvt.def(py::init(&make_t), py::arg("location"), py::arg("scale"), py::arg("df"),
            py::arg("names") = std::vector<std::string>{})
        .def_property_readonly(
            "location", [](const MultivariateT& l) { return binder::from_vector(l.location()); }, "Centre, shape (d,).")
        .def_property_readonly(
            "scale", [](const MultivariateT& l) { return binder::from_matrix(l.scale()); },
            "Scale matrix, shape (d, d).")
        .def_property_readonly("df", &MultivariateT::df, "Degrees of freedom.")
        .def("__repr__",
             [](const MultivariateT& l) {
                 return "MultivariateT of " + counted(l.dim(), "input") + ", df=" + text_of(l.df());
             })
        .def(py::pickle(
            [](const MultivariateT& l) {
                return py::make_tuple(binder::from_vector(l.location()), binder::from_matrix(l.scale()), l.df(),
                                      l.names());
            },
            [](const py::tuple& t) {
                return make_t(t[0], t[1], t[2].cast<double>(), t[3].cast<std::vector<std::string>>());
            }));
    bind_multivariate(mvt);
}

void bind_mixture(py::module_& m) {
    py::class_<Mixture> mixture(
        m, "Mixture", "Mixture of normal laws: weights (K,) (normalised), components: Normal or MultivariateNormal.");
    mixture.def(py::init(&make_mixture), py::arg("weights"), py::arg("components"))
        .def_property_readonly(
            "weights", [](const Mixture& l) { return binder::from_vector(l.weights()); },
            "Normalised weights, shape (K,).")
        .def_property_readonly(
            "components", [](const Mixture& l) { return l.components(); }, "The normal laws.")
        .def("__repr__",
             [](const Mixture& l) {
                 return "Mixture of " + counted(static_cast<std::int64_t>(l.components().size()), "normal law") + " of " +
                        counted(l.dim(), "input");
             })
        .def(py::pickle([](const Mixture& l) { return py::make_tuple(l.weights(), l.components()); },
                        [](const py::tuple& t) {
                            return Mixture(t[0].cast<std::vector<double>>(),
                                           t[1].cast<std::vector<MultivariateNormal>>());
                        }));
    bind_multivariate(mixture);
}

void bind_multivariates(py::module_& m) {
    bind_joint(m);
    bind_elliptical_laws(m);
    bind_mixture(m);
    // of each component, on a device: for its benchmark
    m.def("_component_log_densities",
          [](const Mixture& law, py::object x) { return binder::log_density_on_device(law, x, true); });
}
