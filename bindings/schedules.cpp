// Python's noise schedules, their grids, and conversions of what networks predict: no arithmetic.
#include <buffon/diffusion/convert.hpp>
#include <buffon/diffusion/schedule.hpp>
#include <buffon/diffusion/schedule_comparison.hpp>

#include <buffon/check.hpp>

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include "arrays.hpp"
#include "convert.hpp"
#include "diffusion.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace py = pybind11;

namespace {

using namespace buffon::diffusion;
using binder::Array;
using binder::numbers;
using binder::text;
using Shape = std::vector<py::ssize_t>;

/// f of each number, in an array of the same shape; a number for a number.
template <class F>
py::object elementwise(py::handle value, const std::string& what, const F& f) {
    const Array in = binder::to_array(value, what);
    Array out(Shape(in.shape(), in.shape() + in.ndim()));
    const std::span<const double> from = numbers(in);
    double* const to = out.mutable_data();
    {
        const py::gil_scoped_release release;
        std::transform(from.begin(), from.end(), to, f);
    }
    if (in.ndim() == 0) return py::float_(*to);
    return out;
}

constexpr const char* of_time = R"(

Parameters
----------
t : float or array of any shape
    Times of the schedule, up to t_start.

Returns
-------
float or array of the shape of ``t``

Raises
------
ValueError
    If a time lies outside the schedule's range.)";

/// A member function of the time.
template <class S>
void bind_function(py::class_<S>& c, const std::string& schedule, const char* name, double (S::*f)(double) const,
                   const std::string& doc) {
    const std::string what = schedule + "." + name + ": t";
    c.def(name, [what, f](const S& s, py::handle t) { return elementwise(t, what, [&](double v) { return (s.*f)(v); }); },
          py::arg("t"), (doc + of_time).c_str());
}

constexpr const char* t_of_lam_doc = R"(Time at which log(alpha / sigma) has the given value: the inverse of ``lam``.

Parameters
----------
lam : float or array of any shape
    Values that ``lam`` takes.

Returns
-------
float or array of the shape of ``lam``

Raises
------
ValueError
    If a value belongs to no time of the schedule.)";

constexpr const char* grid_doc = R"(Times of a sampler, from noise to data.

Parameters
----------
steps : int
    Number of steps, at least 1.
kind : {"logsnr", "time", "rho", "quadratic", "power", "index"}
    What is equidistant: log(alpha / sigma), the time, (sigma / alpha)^(1/power), the square root of the time, t^(1/power),
    or the level of a ``Discrete`` schedule, rounded, a half to even.
power : float
    Of "rho" and "power" alone, positive.

Returns
-------
array (steps + 1,)
    Decreasing; the first is ``t_start`` and the last ``t_end``, both to the bit.

Raises
------
ValueError
    If ``steps`` is below 1, ``kind`` unknown, ``power`` not positive; of "index", if the schedule has no levels or fewer than
    ``steps`` below the first.

References
----------
Karras, Aittala, Aila, Laine, "Elucidating the design space of diffusion-based generative models", NeurIPS 2022, eq. (5),
for "rho". Zhang, Chen, "Fast sampling of diffusion models with exponential integrator", ICLR 2023, for "power".)";

/// What all schedules share; the constructor is the caller's.
template <class S>
py::class_<S> bind_schedule(py::module_& m, const std::string& name, const char* doc) {
    py::class_<S> c(m, name.c_str(), doc);
    c.attr("__module__") = "buffon.diffusion";
    bind_function(c, name, "alpha", &S::alpha, "Factor of the data x0 at time t.");
    bind_function(c, name, "log_alpha", &S::log_alpha, "Logarithm of alpha at time t, which is computed from it.");
    bind_function(c, name, "sigma", &S::sigma, "Standard deviation of the noise at time t.");
    bind_function(c, name, "lam", &S::lambda,
                  "Half the logarithm of the signal-to-noise ratio, log(alpha / sigma), at time t; strictly decreasing.\n\n"
                  "Computed from log alpha, not from a rounded ratio: accurate down to t = 0, where it is +inf if sigma is 0.");
    c.def("t_of_lam",
          [name](const S& s, py::handle lam) {
              return elementwise(lam, name + ".t_of_lam: lam", [&](double v) { return s.t_of_lambda(v); });
          },
          py::arg("lam"), t_of_lam_doc);
    c.def("grid",
          [name](const S& s, py::handle steps, py::handle kind, py::handle power) {
              const std::string where = name + ".grid";
              return binder::from_vector(Schedule(s).grid(binder::convert<std::int64_t>(steps, where, "steps"),
                                                          binder::convert<GridKind>(kind, where, "kind"),
                                                          binder::convert<double>(power, where, "power")));
          },
          py::arg("steps"), py::arg("kind") = "logsnr", py::arg("power") = 7.0, grid_doc);
    c.def_property_readonly("t_start", &S::t_start, "Largest time: noise. Grids begin here.");
    c.def_property_readonly("t_end", &S::t_end, "Last time of a grid, near the data.");
    c.def_property_readonly("prior_scale", &S::prior_scale,
                            "Standard deviation of the normal law that samplers start from at t_start.");
    return c;
}

constexpr const char* song = R"(
References
----------
Song et al., "Score-based generative modeling through stochastic differential equations", ICLR 2021.)";

constexpr const char* raises = R"(
Raises
------
ValueError
    If a parameter is outside its range.
)";

std::string documented(const char* doc, const char* references) { return std::string(doc) + raises + references; }

template <class S>
void bind_rates(py::module_& m, const char* name, const char* doc) {
    bind_schedule<S>(m, name, documented(doc, song).c_str())
        .def(py::init<double, double, double>(), py::arg("b0") = 0.1, py::arg("b1") = 20.0, py::arg("t_end") = 1e-3)
        .def("__repr__", [name](const S& s) {
            return text(name, "(b0=", s.b0(), ", b1=", s.b1(), ", t_end=", s.t_end(), "): ", s.formula());
        })
        .def(py::pickle([](const S& s) { return py::make_tuple(s.b0(), s.b1(), s.t_end()); },
                        [](const py::tuple& t) { return S(t[0].cast<double>(), t[1].cast<double>(), t[2].cast<double>()); }));
}

template <class S>
void bind_levels(py::module_& m, const char* name, double smin, double smax, const char* doc, const char* references) {
    bind_schedule<S>(m, name, documented(doc, references).c_str())
        .def(py::init<double, double>(), py::arg("smin") = smin, py::arg("smax") = smax)
        .def("__repr__",
             [name](const S& s) { return text(name, "(smin=", s.smin(), ", smax=", s.smax(), "): ", s.formula()); })
        .def(py::pickle([](const S& s) { return py::make_tuple(s.smin(), s.smax()); },
                        [](const py::tuple& t) { return S(t[0].cast<double>(), t[1].cast<double>()); }));
}

void bind_continuous(py::module_& m) {
    bind_rates<VP>(m, "VP", R"(Variance-preserving schedule with beta(t) = b0 + (b1 - b0) t on 0 <= t <= 1.

x_t = alpha(t) x0 + sigma(t) eps with log alpha(t) = -(b1 - b0) t^2 / 4 - b0 t / 2 and alpha^2 + sigma^2 = 1.

Parameters
----------
b0, b1 : float
    Noise rates at t = 0 and t = 1, 0 < b0 <= b1.
t_end : float
    Last time of a grid, in (0, 1). With more than about 15 evaluations 1e-4 is usual.
)");
    bind_rates<SubVP>(m, "SubVP", R"(Sub-variance-preserving schedule: alpha of ``VP``, sigma = 1 - alpha^2.

x_t = alpha(t) x0 + sigma(t) eps with log alpha(t) = -(b1 - b0) t^2 / 4 - b0 t / 2 on 0 <= t <= 1.

Parameters
----------
b0, b1 : float
    Noise rates at t = 0 and t = 1, 0 < b0 <= b1.
t_end : float
    Last time of a grid, in (0, 1).
)");
    bind_levels<VE>(m, "VE", 0.01, 50.0,
                    R"(Variance-exploding schedule: x_t = x0 + sigma(t) eps with sigma(t) = smin (smax / smin)^t on 0 <= t <= 1.

Parameters
----------
smin, smax : float
    Standard deviations of the noise at t = 0 and t = 1, 0 < smin < smax.
)",
                    song);
    bind_levels<EDM>(m, "EDM", 0.002, 80.0,
                     R"(Schedule whose time is the noise level: x_t = x0 + t eps on 0 <= t <= smax; grids run from smax to smin.

Parameters
----------
smin, smax : float
    Smallest and largest noise level of a grid, 0 < smin < smax.
)",
                     R"(
References
----------
Karras, Aittala, Aila, Laine, "Elucidating the design space of diffusion-based generative models", NeurIPS 2022.)");
    bind_schedule<Cosine>(m, "Cosine",
                          documented(R"(Variance-preserving cosine schedule on 0 <= t <= t_start.

x_t = alpha(t) x0 + sigma(t) eps with alpha(t) = cos(pi/2 (t + s) / (1 + s)) / cos(pi/2 s / (1 + s)) and
alpha^2 + sigma^2 = 1. At t = 1 nothing of the data would be left: grids start below.

Parameters
----------
s : float
    Keeps the noise of the first levels away from 0; positive.
t_start : float
    Largest time, in (0, 1).
t_end : float
    Last time of a grid, in (0, t_start).
)",
                                     R"(
References
----------
Nichol, Dhariwal, "Improved denoising diffusion probabilistic models", ICML 2021. Lu et al., "DPM-Solver", NeurIPS 2022, for
t_start = 0.9946.)")
                              .c_str())
        .def(py::init<double, double, double>(), py::arg("s") = 0.008, py::arg("t_start") = 0.9946, py::arg("t_end") = 1e-3)
        .def("__repr__",
             [](const Cosine& s) {
                 return text("Cosine(s=", s.s(), ", t_start=", s.t_start(), ", t_end=", s.t_end(), "): ", s.formula());
             })
        .def(py::pickle([](const Cosine& s) { return py::make_tuple(s.s(), s.t_start(), s.t_end()); },
                        [](const py::tuple& t) {
                            return Cosine(t[0].cast<double>(), t[1].cast<double>(), t[2].cast<double>());
                        }));
}

void bind_discrete(py::module_& m) {
    bind_schedule<Discrete>(m, "Discrete",
                            documented(R"(Variance-preserving schedule of a model that was trained with N discrete levels.

Level n has alpha_n^2 = (1 - beta_0) ... (1 - beta_n) and the time (n + 1) / N; log alpha is linear in the time between levels
and, with the slope of the first two, below level 0. Trailing levels with lambda < -5.1 (as those of a capped cosine) hold no
signal and are left out: grids start at the last level that is kept, and times remain (n + 1) / N.

Parameters
----------
betas : array (N,)
    Between 0 and 1, from data to noise.
t_end : float, optional
    Last time of a grid; 1 / N, level 0, by default.
)",
                                       R"(
References
----------
Ho, Jain, Abbeel, "Denoising diffusion probabilistic models", NeurIPS 2020. Lu et al., "DPM-Solver", NeurIPS 2022.)")
                                .c_str())
        .def(py::init([](py::handle betas, std::optional<double> t_end) {
                 return Discrete(binder::to_vector(betas, "Discrete: betas"), t_end);
             }),
             py::arg("betas"), py::arg("t_end") = py::none())
        .def_static("linear", &Discrete::linear, py::arg("levels") = 1000, py::arg("beta_start") = 1e-4,
                    py::arg("beta_end") = 0.02, "Equidistant betas (Ho, Jain, Abbeel, NeurIPS 2020).")
        .def_static("scaled_linear", &Discrete::scaled_linear, py::arg("levels") = 1000, py::arg("beta_start") = 0.00085,
                    py::arg("beta_end") = 0.012,
                    "Betas with equidistant square roots (Rombach et al., CVPR 2022: latent diffusion).")
        .def_static("cosine", &Discrete::cosine, py::arg("levels") = 1000, py::arg("s") = 0.008, py::arg("cap") = 0.999,
                    "Betas of the cosine schedule, at most ``cap`` (Nichol, Dhariwal, ICML 2021).")
        .def_property_readonly("betas", [](const Discrete& s) { return binder::from_vector(s.betas()); },
                               "Betas (N,) as given, a copy.")
        .def_property_readonly("levels", &Discrete::levels, "Number of levels N, those that were left out included.")
        .def_property_readonly("kept", &Discrete::kept, "Number of levels that grids use.")
        .def("__repr__",
             [](const Discrete& s) {
                 return text("Discrete(levels=", s.levels(), ", kept=", s.kept(), ", t_end=", s.t_end(), "): ", s.formula());
             })
        .def(py::pickle([](const Discrete& s) { return py::make_tuple(s.betas(), s.t_end()); },
                        [](const py::tuple& t) { return Discrete(t[0].cast<std::vector<double>>(), t[1].cast<double>()); }));
}

void bind_mean_reverting(py::module_& m) {
    const auto made = [](double sinf, double alpha_start, double F_end, py::handle theta) {
        return MeanReverting(sinf, alpha_start, F_end, binder::convert<Theta>(theta, "MeanReverting", "theta"));
    };
    bind_schedule<MeanReverting>(
        m, "MeanReverting",
        documented(R"(Mean-reverting schedule: x_t = mu + alpha(t) (x0 - mu) + sigma(t) eps on 0 <= t <= 1.

dx = f (mu - x) dt + g dw with g^2 = 2 sinf^2 f: alpha = exp(-F), F the integral of f, sigma = sinf sqrt(1 - alpha^2). mu, the
degraded data, belongs to each sample; the schedule is that of x - mu.

Parameters
----------
sinf : float
    Standard deviation of x - mu after infinite time, e.g. 50 / 255.
alpha_start : float
    alpha at t_start = 1, in (0, 1).
F_end : float
    F at t_end, the last time of a grid, in (0, -log(alpha_start)).
theta : {"cosine", "constant"}
    How f changes: in proportion to 1 - cos(pi/2 (t + s) / (1 + s))^2 / cos(pi/2 s / (1 + s))^2 with s = 0.008, or not at all.
)",
                   R"(
References
----------
Luo, Gustafsson, Zhao, Sjölund, Schön, "Image restoration with mean-reverting stochastic differential equations", ICML 2023;
their discrete levels are replaced by the limit of many.)")
            .c_str())
        .def(py::init(made), py::arg("sinf"), py::arg("alpha_start") = 0.005, py::arg("F_end") = 1e-3,
             py::arg("theta") = "cosine")
        .def("__repr__",
             [](const MeanReverting& s) {
                 return text("MeanReverting(sinf=", s.sinf(), ", alpha_start=", s.alpha_start(), ", F_end=", s.F_end(),
                             ", theta='", binder::to_python(s.theta()).cast<std::string>(), "'): ", s.formula());
             })
        .def(py::pickle(
            [](const MeanReverting& s) {
                return py::make_tuple(s.sinf(), s.alpha_start(), s.F_end(), binder::to_python(s.theta()));
            },
            [made](const py::tuple& t) {
                return made(t[0].cast<double>(), t[1].cast<double>(), t[2].cast<double>(), t[3]);
            }));
}

Array converted(py::handle value, py::handle x, const Schedule& schedule, py::handle t, py::handle from, py::handle to,
                py::handle mean) {
    const Array of = binder::to_array(value, "convert: value"), at = binder::to_array(x, "convert: x");
    const Array times = binder::to_array(t, "convert: t");
    buffon::require(of.ndim() == 2, "convert: value must have shape (n, d), got ", binder::shape_text(of),
                    binder::axis_hint(of, "value"));
    buffon::require(at.ndim() == 2, "convert: x must have shape (n, d), got ", binder::shape_text(at),
                    binder::axis_hint(at, "x"));
    buffon::require(times.ndim() <= 1, "convert: t must be a number or have shape (n,), got shape ", binder::shape_text(times));
    const auto source = binder::convert<Prediction>(from, "convert", "from_");
    const auto target = binder::convert<Prediction>(to, "convert", "to");
    Array mu(Shape{0, at.shape(1)});
    if (!mean.is_none()) mu = binder::to_rows(mean, at.shape(1), "convert: mean");
    Array out(Shape{at.shape(0), at.shape(1)});
    const buffon::View result{out.mutable_data(), at.shape(0), at.shape(1)};
    const py::gil_scoped_release release;
    convert(binder::view_of(of), binder::view_of(at), schedule, numbers(times), source, target, binder::view_of(mu), result);
    return out;
}

void bind_conversions(py::module_& m) {
    m.def("convert",
          [](py::handle value, py::handle x, py::handle schedule, py::handle t, py::handle from, py::handle to, py::handle mean) {
              return converted(value, x, binder::to_schedule(schedule, "convert: schedule"), t, from, to, mean);
          },
          py::arg("value"), py::arg("x"), py::arg("schedule"), py::arg("t"), py::arg("from_") = "noise", py::arg("to") = "data",
          py::arg("mean") = py::none(),
          R"(What a network predicts of x = alpha x0 + sigma eps, from any other such prediction.

"data" is D = E[x0 | x], "noise" (x - alpha D) / sigma, "score" -noise / sigma. "velocity" is (alpha noise - sigma D) / r with
r^2 = alpha^2 + sigma^2, so alpha noise - sigma D where the variance is preserved; elsewhere it is the velocity of the
variance-preserving process with the same lambda, at x / r. Of a mean-reverting schedule it is
sinf alpha noise - (sigma / sinf) (D - mean), and everything else is that of x - mean.

Parameters
----------
value, x : array (n, d)
schedule : schedule
t : float or array (n,)
    Time of all rows, or of each.
from_, to : {"noise", "data", "velocity", "score"}
mean : array (n, d) or (d,), optional
    The degraded data of a mean-reverting schedule; 0 by default.

Returns
-------
array (n, d)

Raises
------
ValueError
    If a shape or a word is wrong, a time outside the schedule's range, sigma 0 where noise or score are asked of the data, or
    ``mean`` given of a schedule that has none.

References
----------
Salimans, Ho, "Progressive distillation for fast sampling of diffusion models", ICLR 2022. Mean-reverting: arXiv:2502.07856.

Examples
--------
>>> from buffon import diffusion as bd
>>> bd.convert([[-1.0]], [[0.5]], bd.VP(), t=0.5).round(3)
array([[5.191]]))");
}

py::object law_of(const Schedule& schedule) {
    return std::visit([](const auto& law) { return py::cast(law); }, schedule.law());
}

std::optional<std::pair<double, double>> ends(const std::optional<Range>& range) {
    if (!range) return std::nullopt;
    return std::pair{range->low, range->high};
}

void bind_comparison(py::module_& m) {
    using C = ScheduleComparison;
    py::class_<C> c(m, "ScheduleComparison",
                    "Where two schedules differ, in words (print it) and numbers: what ``compare_schedules`` returns.");
    c.attr("__module__") = "buffon.diffusion";
    c.def_property_readonly("a", [](const C& s) { return law_of(s.a); }, "The first schedule.");
    c.def_property_readonly("b", [](const C& s) { return law_of(s.b); }, "The second schedule.");
    c.def_property_readonly(
        "same_law", &C::same_law,
        "Whether alpha and sigma are the same functions of lambda: one schedule is the other in another time, and a\n"
        "network that was trained with one serves the other at the time of the same lambda.");
    c.def_property_readonly("same_time", &C::same_time, "Whether lambda is also the same at equal times.");
    c.def_property_readonly("lam", [](const C& s) { return ends(s.lambda); },
                            "Smallest and largest lambda that grids of both pass through; None: there is none.");
    c.def_property_readonly("t", [](const C& s) { return ends(s.t); },
                            "Smallest and largest time of grids of both; None: there is none.");
    c.def_readonly("log_alpha_difference", &C::log_alpha_difference,
                   "Largest difference of log alpha at an equal lambda, as seen at a thousand; None without a common lambda.");
    c.def_readonly("lam_difference", &C::lambda_difference,
                   "Largest difference of lambda at an equal time, as seen at a thousand and more; None without a common time.");
    c.def_readonly("t_of_difference", &C::t_of_difference, "Time of ``lam_difference``.");
    c.def("__repr__", &C::text);
    c.def(py::pickle([](const C& s) { return py::make_tuple(law_of(s.a), law_of(s.b)); },
                     [](const py::tuple& s) {
                         return compare_schedules(binder::to_schedule(s[0], "ScheduleComparison: a"),
                                                  binder::to_schedule(s[1], "ScheduleComparison: b"));
                     }));
    m.def("compare_schedules",
          [](py::handle a, py::handle b) {
              const Schedule first = binder::to_schedule(a, "compare_schedules: a");
              const Schedule second = binder::to_schedule(b, "compare_schedules: b");
              const py::gil_scoped_release release;
              return compare_schedules(first, second);
          },
          py::arg("a"), py::arg("b"), R"(Compare two schedules: one law in another time, or two laws; lambda at equal times.

Parameters
----------
a, b : schedule

Returns
-------
ScheduleComparison

Examples
--------
>>> from buffon import diffusion as bd
>>> bd.compare_schedules(bd.VP(), bd.Cosine())
the same law in another time: alpha and sigma are the same functions of lambda
lambda of their grids: -5.025 to 4.558, and -4.778 to 5.047
at equal times lambda differs by up to 2.232, at t = 0.8843)");
}

}  // namespace

void bind_schedules(py::module_& m) {
    bind_continuous(m);
    bind_discrete(m);
    bind_mean_reverting(m);
    bind_conversions(m);
    bind_comparison(m);
}
