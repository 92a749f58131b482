/// Univariate laws in Python: sample, densities, maps to and from normal space.
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <utility>
#include <variant>

#include <pybind11/stl.h>

#include <buffon/check.hpp>
#include <buffon/law_fit.hpp>
#include <buffon/parallel.hpp>

#include "arrays.hpp"
#include "convert.hpp"
#include "laws.hpp"
#include "rng.hpp"

using namespace buffon;
namespace py = pybind11;

namespace {

using binder::Array;
using binder::text_of;
using binder::to_univariate;

template <class F>
py::object elementwise(py::handle x, const std::string& what, const F& f) {
    const Array in = binder::to_array(x, what);
    py::array_t<double> out(std::vector<py::ssize_t>(in.shape(), in.shape() + in.ndim()));
    const double* from = in.data();
    double* to = out.mutable_data();
    {
        const py::gil_scoped_release release;
        for (py::ssize_t i = 0; i < in.size(); ++i) to[i] = f(from[i]);
    }
    if (in.ndim() == 0) return py::float_(*out.data());
    return out;
}

double checked_probability(double p, const char* who) {
    require(p >= 0 && p <= 1, who, ": p must lie in [0, 1], got ", p);
    return p;
}

template <class Law>
void bind_univariate(py::class_<Law>& c) {
    c.def(
         "log_density",
         [](const Law& l, py::object x) { return elementwise(x, "x", [&](double v) { return l.log_density(v); }); },
         py::arg("x"), "Natural logarithm of the density at each element of x; -inf outside the support.")
        .def(
            "cdf", [](const Law& l, py::object x) { return elementwise(x, "x", [&](double v) { return l.cdf(v); }); },
            py::arg("x"), "P(X <= x) at each element of x.")
        .def(
            "ccdf", [](const Law& l, py::object x) { return elementwise(x, "x", [&](double v) { return l.ccdf(v); }); },
            py::arg("x"), "P(X > x) at each element of x, with all its digits where it is small.")
        .def(
            "quantile",
            [](const Law& l, py::object p) {
                return elementwise(p, "p", [&](double v) { return l.quantile(checked_probability(v, "quantile")); });
            },
            py::arg("p"),
            "The number below which X falls with probability p, at each element of p.\n\nRaises ValueError outside [0, "
            "1].")
        .def(
            "upper_quantile",
            [](const Law& l, py::object p) {
                return elementwise(
                    p, "p", [&](double v) { return l.upper_quantile(checked_probability(v, "upper_quantile")); });
            },
            py::arg("p"),
            "The number that X exceeds with probability p, at each element of p: the inverse of ccdf.\n\n"
            "Takes p as small as 1e-300. Raises ValueError outside [0, 1].")
        .def(
            "to_normal",
            [](const Law& l, py::object x) { return elementwise(x, "x", [&](double v) { return l.to_normal(v); }); },
            py::arg("x"), "Standard normal scores: normal quantile of cdf(x), accurate in both tails.")
        .def(
            "from_normal",
            [](const Law& l, py::object u) { return elementwise(u, "u", [&](double v) { return l.from_normal(v); }); },
            py::arg("u"), "Inverse of to_normal.")
        .def(
            "sample",
            [](const Law& l, std::int64_t n, py::object rng) {
                return binder::sample(Distribution(Univariate(l)), n, rng_key(rng, "sample"))
                    .reshape({py::ssize_t{-1}});
            },
            py::arg("n"), py::arg("rng") = py::none(), "n independent draws, shape (n,). Same rng key, same bits.")
        .def_property_readonly(
            "mean", [](const Law& l) { return l.mean(); }, "Mean.")
        .def_property_readonly(
            "covariance", [](const Law& l) { return l.variance(); }, "Variance.")
        .def_property_readonly(
            "dim", [](const Law&) { return 1; }, "Number of coordinates: 1.")
        .def_property_readonly(
            "names", [](const Law&) { return std::vector<std::string>{"x1"}; }, "Names of the coordinates.");
}

// Laws described by numbers -------------------------------------------------------------------------------------------

/// One argument of a law: its keyword, the member that returns it, help.
template <class Law>
struct Parameter {
    const char* name;
    double (Law::*get)() const;
    const char* help;
};
/// With a default.
template <class Law>
struct Optional : Parameter<Law> {
    double fallback;
};
template <class Law>
py::arg keyword(const Parameter<Law>& p) { return py::arg(p.name); }
template <class Law>
py::arg_v keyword(const Optional<Law>& p) { return py::arg(p.name) = p.fallback; }

template <class>
using Number = double;

template <class Law, std::size_t... I>
Law unpickled(const py::tuple& numbers, std::index_sequence<I...>) { return Law(numbers[I].cast<double>()...); }

/// A law of numbers alone: constructor with keywords, one property each, repr and pickle.
template <class Law, class... P>
py::class_<Law> bind_numbers(py::module_& m, const char* name, const char* doc, const P&... parameters) {
    py::class_<Law> c(m, name, doc);
    c.def(py::init([](Number<P>... values) { return Law(values...); }), keyword(parameters)...);
    (c.def_property_readonly(parameters.name, parameters.get, parameters.help), ...);
    c.def("__repr__", [=](const Law& law) {
        std::string text;
        ((text += (text.empty() ? "" : ", ") + std::string(parameters.name) + "=" + text_of((law.*parameters.get)())), ...);
        return name + ("(" + text + ")");
    });
    c.def(py::pickle([=](const Law& law) { return py::make_tuple((law.*parameters.get)()...); },
                     [](const py::tuple& t) { return unpickled<Law>(t, std::index_sequence_for<P...>()); }));
    bind_univariate(c);
    return c;
}

// Any law ---------------------------------------------------------------------------------------------------------------

template <class>
struct Closed;
template <class... Laws>
struct Closed<std::variant<Laws...>> {
    static std::optional<Univariate> find(py::handle law) {
        std::optional<Univariate> out;
        ((py::isinstance<Laws>(law) ? void(out = law.cast<Laws>()) : void()), ...);
        return out;
    }
    static std::string names() {
        std::string text;
        ((text += (text.empty() ? "" : ", ") + py::type::of<Laws>().attr("__name__").template cast<std::string>()), ...);
        return text;
    }
};
using Laws = Closed<Univariate>;

Truncated make_truncated(py::object law, double lower, double upper) {
    return Truncated(to_univariate(law, "Truncated: law"), lower, upper);
}

void bind_truncated(py::module_& m) {
    const double infinity = std::numeric_limits<double>::infinity();
    py::class_<Truncated> c(m, "Truncated",
                            "A univariate law restricted to an interval: X given that lower <= X <= upper.\n\n"
                            "Stable in far tails, where the probability of the interval underflows too. Mean and variance are\n"
                            "integrated numerically. ValueError for an interval to which the law gives no probability.");
    c.def(py::init(&make_truncated), py::arg("law"), py::arg("lower") = -infinity, py::arg("upper") = infinity)
        .def_property_readonly("law", [](const Truncated& t) { return t.law(); }, "The law inside.")
        .def_property_readonly("lower", &Truncated::lower, "Left end, as given.")
        .def_property_readonly("upper", &Truncated::upper, "Right end, as given.")
        .def("__repr__",
             [](const Truncated& t) {
                 std::string text = "Truncated(" + text_of(t.law());
                 if (std::isfinite(t.lower())) text += ", lower=" + text_of(t.lower());
                 if (std::isfinite(t.upper())) text += ", upper=" + text_of(t.upper());
                 return text + ")";
             })
        .def(py::pickle([](const Truncated& t) { return py::make_tuple(t.law(), t.lower(), t.upper()); },
                        [](const py::tuple& t) { return make_truncated(t[0], t[1].cast<double>(), t[2].cast<double>()); }));
    bind_univariate(c);
}

std::string list_text(const std::vector<double>& values) {
    std::string out;
    for (const double value : values) out += (out.empty() ? "" : ", ") + text_of(value);
    return "[" + out + "]";
}

/// A number, or the name of a rule.
double to_bandwidth(const std::vector<double>& points, py::handle given) {
    if (given.is_none()) return sheather_jones_bandwidth(points);
    if (!py::isinstance<py::str>(given)) return binder::convert<double>(given, "KernelDensity", "bandwidth");
    const auto rule = given.cast<std::string>();
    if (rule == "silverman") return silverman_bandwidth(points);
    if (rule == "sheather_jones") return sheather_jones_bandwidth(points);
    throw py::value_error("KernelDensity: bandwidth must be a number, 'sheather_jones' or 'silverman', got '" + rule + "'");
}

KernelDensity make_kernel_density(py::object points, py::object bandwidth, double lower, double upper) {
    auto list = binder::to_vector(points, "KernelDensity: points");
    const double h = to_bandwidth(list, bandwidth);
    return {std::move(list), h, lower, upper};
}

/// Many points are not spelled out.
std::string text_of_points(const KernelDensity& law) {
    const auto& points = law.points();
    if (points.size() > 20) return "<" + std::to_string(points.size()) + " points>";
    std::string text;
    for (const double p : points) text += (text.empty() ? "" : ", ") + text_of(p);
    return "[" + text + "]";
}

void bind_kernel_density(py::module_& m) {
    const double infinity = std::numeric_limits<double>::infinity();
    py::class_<KernelDensity> c(
        m, "KernelDensity",
        "Kernel density of measured points: the mean of normal laws around them.\n\n"
        "points: shape (n,). bandwidth: standard deviation of each kernel, in the units of X; 'silverman' (right for "
        "one\n"
        "normal peak), or 'sheather_jones' (None), which follows several peaks. lower, upper: bounds of X, at which "
        "the\n"
        "kernels are reflected. More than 400 points are gathered on a grid an eighth of a bandwidth apart. The first\n"
        "sample makes a table, in a second or less.");
    c.def(py::init(&make_kernel_density), py::arg("points"), py::arg("bandwidth") = py::none(),
          py::arg("lower") = -infinity, py::arg("upper") = infinity)
        .def_property_readonly(
            "points", [](const KernelDensity& l) { return binder::from_vector(l.points()); },
            "The points, ascending, shape (n,).")
        .def_property_readonly("bandwidth", &KernelDensity::bandwidth, "Standard deviation of each kernel.")
        .def_property_readonly(
            "lower", [](const KernelDensity& l) { return l.support().lower; }, "Lower bound.")
        .def_property_readonly(
            "upper", [](const KernelDensity& l) { return l.support().upper; }, "Upper bound.")
        .def("__repr__",
             [](const KernelDensity& l) {
                 std::string text = "KernelDensity(" + text_of_points(l) + ", bandwidth=" + text_of(l.bandwidth());
                 if (std::isfinite(l.support().lower)) text += ", lower=" + text_of(l.support().lower);
                 if (std::isfinite(l.support().upper)) text += ", upper=" + text_of(l.support().upper);
                 return text + ")";
             })
        .def(py::pickle(
            [](const KernelDensity& l) {
                return py::make_tuple(l.points(), l.bandwidth(), l.support().lower, l.support().upper);
            },
            [](const py::tuple& t) {
                return KernelDensity(t[0].cast<std::vector<double>>(), t[1].cast<double>(), t[2].cast<double>(),
                                     t[3].cast<double>());
            }));
    bind_univariate(c);
}

Histogram histogram_from_data(py::object data, py::object bins) {
    const auto list = binder::to_vector(data, "Histogram.from_data: data");
    if (!py::isinstance<py::str>(bins)) {
        const auto count = binder::convert<std::int64_t>(bins, "Histogram.from_data", "bins");
        require(count >= 1, "Histogram.from_data: bins must be at least 1 or 'auto', got ", count);
        return histogram_of(list, count);
    }
    if (bins.cast<std::string>() != "auto")
        throw py::value_error("Histogram.from_data: bins must be a number or 'auto', got '" + bins.cast<std::string>() + "'");
    return histogram_of(list);
}

void bind_histogram(py::module_& m) {
    py::class_<Histogram> c(
        m, "Histogram",
        "Piecewise uniform law: probability weights[i] spread evenly between edges[i] and edges[i + 1].\n\n"
        "edges: shape (k + 1,), ascending. weights: shape (k,), probabilities of the bins (not densities), divided by\n"
        "their sum; zero empties a bin. Takes what numpy.histogram returns: Histogram(edges, counts).");
    c.def(py::init([](py::object edges, py::object weights) {
              return Histogram(binder::to_vector(edges, "Histogram: edges"), binder::to_vector(weights, "Histogram: weights"));
          }),
          py::arg("edges"), py::arg("weights"))
        .def_static("from_data", &histogram_from_data, py::arg("data"), py::arg("bins") = "auto",
                    "The histogram of measured numbers, NaN left out: bins of equal width between the extremes.\n\n"
                    "bins: their number, or 'auto': Freedman and Diaconis' width 2 IQR n^(-1/3).")
        .def_property_readonly(
            "edges", [](const Histogram& h) { return binder::from_vector(h.edges()); },
            "Edges of the bins, shape (k + 1,).")
        .def_property_readonly(
            "weights", [](const Histogram& h) { return binder::from_vector(h.weights()); },
            "Probabilities of the bins, shape (k,).")
        .def("__repr__",
             [](const Histogram& h) {
                 return "Histogram(edges=" + list_text(h.edges()) + ", weights=" + list_text(h.weights()) + ")";
             })
        .def(py::pickle([](const Histogram& h) { return py::make_tuple(h.edges(), h.weights()); },
                        [](const py::tuple& t) {
                            return Histogram(t[0].cast<std::vector<double>>(), t[1].cast<std::vector<double>>());
                        }));
    bind_univariate(c);
}

void bind_discrete(py::module_& m) {
    py::class_<Discrete> c(m, "Discrete",
                           "Law of finitely many values: X = values[i] with probability probabilities[i].\n\n"
                           "values: shape (k,), all different. probabilities: shape (k,), divided by their sum; "
                           "without them all values are\n"
                           "equally probable. log_density is the logarithm of a probability. Many scores have one "
                           "value: to_normal gives the\n"
                           "middle one. In a Joint a discrete input is independent of the others.");
    c.def(py::init([](py::object values, std::optional<py::object> probabilities) {
              return Discrete(
                  binder::to_vector(values, "Discrete: values"),
                  probabilities ? binder::to_vector(*probabilities, "Discrete: probabilities") : std::vector<double>{});
          }),
          py::arg("values"), py::arg("probabilities") = py::none())
        .def_property_readonly(
            "values", [](const Discrete& l) { return binder::from_vector(l.values()); },
            "Values with a probability, ascending, shape (k,).")
        .def_property_readonly(
            "probabilities", [](const Discrete& l) { return binder::from_vector(l.probabilities()); },
            "Their probabilities, shape (k,).")
        .def("__repr__",
             [](const Discrete& l) {
                 return "Discrete(values=" + list_text(l.values()) + ", probabilities=" + list_text(l.probabilities()) +
                        ")";
             })
        .def(py::pickle([](const Discrete& l) { return py::make_tuple(l.values(), l.probabilities()); },
                        [](const py::tuple& t) {
                            return Discrete(t[0].cast<std::vector<double>>(), t[1].cast<std::vector<double>>());
                        }));
    bind_univariate(c);
}

}  // namespace

namespace binder {

std::string text_of(double value) {
    if (std::isnan(value) || std::isinf(value))
        return "float('" + std::string(std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf") + "')";
    char text[32];
    return {text, std::to_chars(text, text + sizeof text, value).ptr};
}

std::string text_of(const Univariate& law) { return py::repr(py::cast(law)).cast<std::string>(); }

std::optional<Univariate> find_univariate(py::handle law) { return Laws::find(law); }
std::string univariate_names() { return Laws::names(); }

Univariate to_univariate(py::handle law, const std::string& where) {
    if (auto found = Laws::find(law)) return *found;
    throw py::type_error(where + " must be a univariate law (" + Laws::names() + "), got " +
                         py::type::of(law).attr("__name__").cast<std::string>());
}

py::array_t<double> sample(const Distribution& law, std::int64_t n, std::uint64_t key) {
    require(n >= 0, "sample: n must not be negative, got ", n);
    py::array_t<double> out({static_cast<py::ssize_t>(n), static_cast<py::ssize_t>(law.dim())});
    const View x{out.mutable_data(), n, law.dim()};
    const py::gil_scoped_release release;
    parallel::for_blocks(n, 0, [&](std::int64_t first, std::int64_t count) {
        law.sample({key, 0}, first, x.slice(first, count));
    });
    return out;
}

}  // namespace binder

void bind_univariates(py::module_& m) {
    bind_numbers<Normal>(m, "Normal", "Normal law with this mean and standard deviation.",
                         Optional<Normal>{{"mean", &Normal::mean, "Mean."}, 0.0},
                         Optional<Normal>{{"sd", &Normal::sd, "Standard deviation."}, 1.0});
    bind_numbers<LogNormal>(m, "LogNormal", "Log-normal law: log X is normal with mean mu and standard deviation sigma.",
                            Optional<LogNormal>{{"mu", &LogNormal::mu, "Mean of log X."}, 0.0},
                            Optional<LogNormal>{{"sigma", &LogNormal::sigma, "Standard deviation of log X."}, 1.0})
        .def_static("from_moments", &LogNormal::from_moments, py::arg("mean"), py::arg("cv"),
                    "The log-normal law with this mean and coefficient of variation (standard deviation / mean).");
    bind_numbers<Uniform>(m, "Uniform", "Uniform law on (lower, upper).",
                          Optional<Uniform>{{"lower", &Uniform::lower, "Left end."}, 0.0},
                          Optional<Uniform>{{"upper", &Uniform::upper, "Right end."}, 1.0});
    bind_numbers<Exponential>(m, "Exponential", "Exponential law: density rate * exp(-rate * x) on x >= 0.",
                              Optional<Exponential>{{"rate", &Exponential::rate, "1 / mean."}, 1.0})
        .def_static("from_mean", &Exponential::from_mean, py::arg("mean"), "The exponential law with this mean.");
    bind_numbers<Gamma>(m, "Gamma",
                        "Gamma law: density proportional to x^(shape - 1) exp(-x / scale) on x > 0.\n\n"
                        "The first sample or quantile makes a table, in some milliseconds.",
                        Parameter<Gamma>{"shape", &Gamma::shape, "Shape, without unit: 1 / cv^2."},
                        Optional<Gamma>{{"scale", &Gamma::scale, "Scale, in the units of X: mean / shape."}, 1.0})
        .def_static("from_moments", &Gamma::from_moments, py::arg("mean"), py::arg("cv"),
                    "The gamma law with this mean and coefficient of variation (standard deviation / mean).");
    bind_numbers<Beta>(
        m, "Beta",
        "Beta law on (lower, upper): with t = (x - lower) / (upper - lower) the density is proportional to\n"
        "t^(a - 1) (1 - t)^(b - 1).\n\nThe first sample or quantile makes a table, in some milliseconds.",
        Parameter<Beta>{"a", &Beta::a, "Exponent at the lower end, plus one."},
        Parameter<Beta>{"b", &Beta::b, "Exponent at the upper end, plus one."},
        Optional<Beta>{{"lower", &Beta::lower, "Left end."}, 0.0},
        Optional<Beta>{{"upper", &Beta::upper, "Right end."}, 1.0})
        .def_static("from_moments", &Beta::from_moments, py::arg("mean"), py::arg("sd"), py::arg("lower") = 0.0,
                    py::arg("upper") = 1.0, "The beta law on (lower, upper) with this mean and standard deviation.");
    bind_numbers<Weibull>(m, "Weibull", "Weibull law: P(X > x) = exp(-((x - location) / scale)^shape) for x >= location.",
                          Parameter<Weibull>{"shape", &Weibull::shape, "Shape, without unit."},
                          Optional<Weibull>{{"scale", &Weibull::scale, "Scale, in the units of X."}, 1.0},
                          Optional<Weibull>{{"location", &Weibull::location, "Left end."}, 0.0})
        .def_static("from_moments", &Weibull::from_moments, py::arg("mean"), py::arg("cv"),
                    "The Weibull law on x >= 0 with this mean and coefficient of variation (standard deviation / mean).");
    bind_numbers<Gumbel>(m, "Gumbel",
                         "Gumbel law of largest values: P(X <= x) = exp(-exp(-(x - location) / scale)).\n\n"
                         "Yearly maxima (floods, winds). For smallest values take the negative of the variable.",
                         Optional<Gumbel>{{"location", &Gumbel::location, "Mode, in the units of X."}, 0.0},
                         Optional<Gumbel>{{"scale", &Gumbel::scale, "Scale: sqrt(6) / pi standard deviations."}, 1.0})
        .def_static("from_moments", &Gumbel::from_moments, py::arg("mean"), py::arg("sd"),
                    "The Gumbel law with this mean and standard deviation.");
    bind_numbers<Triangular>(
        m, "Triangular", "Triangular law: the density rises linearly from lower to mode and falls linearly to upper.",
        Parameter<Triangular>{"lower", &Triangular::lower, "Left end."},
        Parameter<Triangular>{"mode", &Triangular::mode, "Most likely value, in [lower, upper]."},
        Parameter<Triangular>{"upper", &Triangular::upper, "Right end."});
    bind_numbers<StudentT>(
        m, "StudentT",
        "Student's t law: (x - location) / scale has df degrees of freedom.\n\n"
        "The mean is NaN for df <= 1; the variance is infinite for 1 < df <= 2, NaN below. The first sample or\n"
        "quantile makes a table, in some milliseconds.",
        Parameter<StudentT>{"df", &StudentT::df, "Degrees of freedom, any positive number."},
        Optional<StudentT>{{"location", &StudentT::location, "Centre."}, 0.0},
        Optional<StudentT>{{"scale", &StudentT::scale, "Scale: the standard deviation is scale sqrt(df / (df - 2))."},
                           1.0});
    bind_numbers<Logistic>(m, "Logistic", "Logistic law: P(X <= x) = 1 / (1 + exp(-(x - location) / scale)).",
                           Optional<Logistic>{{"location", &Logistic::location, "Mean."}, 0.0},
                           Optional<Logistic>{{"scale", &Logistic::scale, "Scale: sqrt(3) / pi standard deviations."}, 1.0});
    bind_histogram(m);
    bind_kernel_density(m);
    bind_discrete(m);
    bind_numbers<Constant>(m, "Constant",
                           "The law of a number that does not vary: an input that is fixed in this study.\n\nAs a "
                           "Discrete law of one value.",
                           Parameter<Constant>{"value", &Constant::value, "The number."});
    bind_truncated(m);   // last: its property `law` names all of them
}
