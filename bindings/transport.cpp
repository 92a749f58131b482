/// Python's semi-discrete optimal transport. No arithmetic.
#include <sstream>

#include <buffon/counted.hpp>
#include <buffon/diffusion/transport_start.hpp>
#include <buffon/transport_map.hpp>

#include "arrays.hpp"
#include "diffusion.hpp"
#include "finite_rows.hpp"
#include "path.hpp"
#include "pickled.hpp"
#include "rng.hpp"

namespace py = pybind11;
using namespace buffon;

namespace binder {

template <>
inline constexpr const char* argument_name<Matrix> = "points";

py::object from_distribution(const buffon::Distribution& law);

}  // namespace binder

namespace {

/// A TransportStart with the map and the schedule that made it.
class StartObject : public py::object {
    PYBIND11_OBJECT(StartObject, py::object, py::isinstance<diffusion::TransportStart>)
};

}  // namespace

namespace pybind11::detail {

template <>
struct handle_type_name<StartObject> {
    static constexpr auto name = const_name("buffon._buffon.diffusion.TransportStart");
};

}  // namespace pybind11::detail

namespace buffon {

void prepare(TransportOptions& options) { options.progress = diffusion::interruptible(options.progress); }

}  // namespace buffon

namespace {

py::dict draws(const TransportMap& map) {
    py::dict out;
    out["start"] = map.start_draws;
    out["steps"] = map.step_draws;
    out["check"] = map.check_draws;
    return out;
}

py::array_t<std::int64_t> integers(const std::vector<std::int64_t>& v) {
    return py::array_t<std::int64_t>(static_cast<py::ssize_t>(v.size()), v.data());
}

/// f(rows of x) without the GIL.
template <class F>
auto of_rows(const TransportMap& map, py::handle x, const std::string& where, const F& f) {
    const binder::Array rows = binder::to_finite_rows(x, map.points.cols, where + ": x");
    const ConstView view = binder::view_of(rows);
    const py::gil_scoped_release release;
    return f(view);
}

py::array_t<std::int64_t> cell(const TransportMap& map, py::handle x) {
    const std::vector<std::int64_t> found = of_rows(map, x, "TransportMap.cell", [&](ConstView rows) { return map.cell(rows); });
    return integers(found);
}

py::array_t<double> image(const TransportMap& map, py::handle x) {
    return binder::from_matrix(of_rows(map, x, "TransportMap", [&](ConstView rows) { return map(rows); }));
}

py::array_t<double> weights(const TransportMap& map, py::handle x) {
    return binder::from_matrix(of_rows(map, x, "TransportMap.weights", [&](ConstView rows) { return map.weights(rows); }));
}

using Numbers = std::vector<double> (TransportMap::*)(ConstView, int) const;

/// A method that gives one number for each row.
void def_numbers(py::class_<TransportMap>& c, const char* name, Numbers f, const char* doc) {
    c.def(
        name,
        [name, f](const TransportMap& map, py::handle x) {
            return binder::from_vector(of_rows(map, x, std::string("TransportMap.") + name,
                                               [&](ConstView rows) { return (map.*f)(rows, 0); }));
        },
        py::arg("x"), doc);
}

py::array_t<double> centroids(const TransportMap& map, py::handle n, py::handle rng) {
    const std::string f = "TransportMap.centroids";
    const auto draws = binder::convert<std::int64_t>(n, f, "n");
    const std::uint64_t key = rng_key(rng, f);
    Matrix out;
    {
        const py::gil_scoped_release release;
        out = map.centroids(draws, key);
    }
    return binder::from_matrix(out);
}

py::array_t<double> heights_at(const TransportMap& map, py::handle points, py::handle n, py::handle rng) {
    const std::string f = "TransportMap.heights_at";
    const Matrix others = binder::to_points(points, f + ": points");
    const auto draws = binder::convert<std::int64_t>(n, f, "n");
    const std::uint64_t key = rng_key(rng, f);
    std::vector<double> out;
    {
        const py::gil_scoped_release release;
        out = map.heights_at(others, draws, key);
    }
    return binder::from_vector(out);
}

py::tuple between(const TransportMap& map, py::handle x, py::handle means, py::handle k, py::handle angle) {
    const std::string f = "TransportMap.between";
    const Matrix centres = binder::to_points(means, f + ": centroids");
    const auto count = binder::convert<std::int64_t>(k, f, "k");
    const auto limit = binder::convert<double>(angle, f, "angle");
    const TransportBetween found = of_rows(map, x, f, [&](ConstView rows) { return map.between(rows, centres, count, limit); });
    return py::make_tuple(binder::from_matrix(found.images), integers(found.used));
}

TransportMap check(const TransportMap& map, py::handle n, py::handle rng, const std::string& device) {
    const std::string f = "TransportMap.check";
    const auto draws = binder::convert<std::int64_t>(n, f, "n");
    const std::uint64_t key = rng_key(rng, f);
    const py::gil_scoped_release release;
    return map.check(draws, key, 0, device);
}

diffusion::TransportStart start(const TransportMap& map, py::handle n, py::handle level, py::handle rng,
                                py::handle noise, py::handle schedule, py::handle k, py::handle centroids,
                                py::handle angle) {
    const std::string f = "transport_start";
    const auto count = binder::convert<std::int64_t>(n, f, "n");
    const auto sigma = binder::convert<double>(level, f, "level");
    diffusion::TransportStartOptions options;
    options.noise = binder::convert<diffusion::StartNoise>(noise, f, "noise");
    options.k = binder::convert<std::int64_t>(k, f, "k");
    if (!schedule.is_none()) options.schedule = binder::to_schedule(schedule, f + ": schedule");
    if (!centroids.is_none()) options.centroids = binder::to_points(centroids, f + ": centroids");
    if (!angle.is_none()) options.angle = binder::convert<double>(angle, f, "angle");
    options.rng = rng_key(rng, f);
    const py::gil_scoped_release release;
    return transport_start(map, count, sigma, options);
}

constexpr int format_version = 1;

/// All of a map, as numbers, arrays, Estimates and a law.
py::dict state(const TransportMap& map) {
    py::dict out;
    out["version"] = format_version;
    out["points"] = binder::from_matrix(map.points);
    out["source"] = binder::from_distribution(*map.source);
    out["wanted"] = binder::from_vector(map.wanted);
    out["heights"] = binder::from_vector(map.heights);
    out["masses"] = binder::from_vector(map.masses);
    out["mass_std_error"] = binder::from_vector(map.mass_std_error);
    out["mass_error"] = map.mass_error;
    out["w2_squared"] = map.w2_squared;
    out["entropic_value"] = map.entropic_value;
    out["epsilon"] = map.epsilon;
    out["empty"] = map.empty;
    out["draws"] = draws(map);
    out["steps"] = map.steps;
    out["converged"] = map.converged;
    out["rng_key"] = map.rng_key;
    return out;
}

TransportMap from_state(const py::dict& s) {
    require(s.contains("version") && s["version"].cast<int>() == format_version,
            "TransportMap: not a saved map of a version this Buffon reads");
    TransportMap map;
    map.points = binder::to_matrix(s["points"], "TransportMap: points");
    map.source = binder::to_distribution(s["source"], "TransportMap: source");
    require(map.source->dim() == map.points.cols, "TransportMap: source must have the points' dimension ", map.points.cols,
            ", got ", map.source->dim());
    const std::pair<const char*, std::vector<double> TransportMap::*> of_points[] = {{"wanted", &TransportMap::wanted},
                                                                                    {"heights", &TransportMap::heights},
                                                                                    {"masses", &TransportMap::masses},
                                                                                    {"mass_std_error", &TransportMap::mass_std_error}};
    for (const auto& [name, member] : of_points) {
        map.*member = binder::to_vector(s[name], std::string("TransportMap: ") + name);
        require(std::ssize(map.*member) == map.points.rows, "TransportMap: ", name, " must have shape (n,) = (", map.points.rows,
                ",), got ", (map.*member).size());
    }
    map.mass_error = s["mass_error"].cast<Estimate>();
    map.w2_squared = s["w2_squared"].cast<Estimate>();
    map.entropic_value = s["entropic_value"].cast<Estimate>();
    map.epsilon = s["epsilon"].cast<double>();
    map.empty = s["empty"].cast<std::int64_t>();
    const py::dict parts = s["draws"];
    map.start_draws = parts["start"].cast<std::int64_t>();
    map.step_draws = parts["steps"].cast<std::int64_t>();
    map.check_draws = parts["check"].cast<std::int64_t>();
    map.draws = map.start_draws + map.step_draws + map.check_draws;
    map.steps = s["steps"].cast<std::int64_t>();
    map.converged = s["converged"].cast<bool>();
    map.rng_key = s["rng_key"].cast<std::uint64_t>();
    return map;
}

std::string text(const TransportMap& map) {
    std::ostringstream out;
    out << "TransportMap(" << counted(map.points.rows, "target") << ", d=" << map.points.cols;
    if (map.epsilon > 0) out << ", epsilon=" << map.epsilon;
    out << "): W2 = " << with_error(map.w2().value[0], map.w2().std_error()[0]) << ", L1 error of the masses "
        << with_error(map.mass_error.value[0], map.mass_error.std_error()[0]) << ", " << counted(map.empty, "empty cell") << " (";
    if (map.draws > 0) out << counted(map.draws, "draw");
    else out << "exact, " << counted(map.steps, "step");
    out << (map.converged ? ")" : ", not converged)");
    return out.str();
}

}  // namespace

void bind_transport(py::module_& m) {
    py::class_<TransportMap> c(m, "TransportMap",
                               R"(The optimal transport map from a law to weighted points: what ``transport_map`` finds.

x goes to the point y_i with the largest <x, y_i> + heights_i.)");
    c.attr("__module__") = "buffon.diffusion";
    c.def_property_readonly(
        "points", [](const TransportMap& t) { return binder::from_matrix(t.points); }, "Targets (n, d), a copy.");
    c.def_property_readonly(
        "source", [](const TransportMap& t) { return binder::from_distribution(*t.source); }, "Law that is moved.");
    c.def_property_readonly("heights", [](const TransportMap& t) { return binder::from_vector(t.heights); },
                            "(n,), their mean under ``wanted`` is 0; -inf where nothing is wanted. A copy.");
    c.def_property_readonly("wanted", [](const TransportMap& t) { return binder::from_vector(t.wanted); },
                            "Mass that each target was to receive (n,); of equal points the first has that of all. A copy.");
    c.def_property_readonly(
        "masses", [](const TransportMap& t) { return binder::from_vector(t.masses); },
        "Mass of each cell (n,), of an entropic map the mean of ``weights``, measured on draws that no step has seen. "
        "A copy.");
    c.def_property_readonly(
        "mass_std_error", [](const TransportMap& t) { return binder::from_vector(t.mass_std_error); },
        "Their standard errors (n,), a copy.");
    c.def_readonly("mass_error", &TransportMap::mass_error,
                   "Estimate of the L1 distance of the cells' masses from the wanted ones, free of the measurement's own noise.");
    c.def_readonly(
        "w2_squared", &TransportMap::w2_squared,
        "Estimate of the squared 2-Wasserstein distance between source and targets: the dual value of the heights, a "
        "lower bound.\n\nOf an entropic map the "
        "interval reaches up to the cost of the plan, an upper bound, so that it holds what the entropy costs.");
    c.def_readonly("epsilon", &TransportMap::epsilon, "Strength of the entropy of an entropic map, as a cost; else 0.");
    c.def_readonly("entropic_value", &TransportMap::entropic_value,
                   "Estimate of min E|x - y|^2 + epsilon KL(plan | independent), what ``sinkhorn`` finds between "
                   "samples; ``w2_squared`` where epsilon is 0.");
    c.def_property_readonly("w2", &TransportMap::w2, "Estimate of the 2-Wasserstein distance.");
    c.def_readonly("empty", &TransportMap::empty, "Number of cells that got no draw in the last check.");
    c.def_readonly("n", &TransportMap::draws, "Draws of the source that were spent.");
    c.def_property_readonly("draws", &draws, "They by part: ``start``, ``steps``, ``check``.");
    c.def_readonly("steps", &TransportMap::steps, "Number of steps after the start.");
    c.def_readonly("converged", &TransportMap::converged, "Whether a check found ``target_error`` reached.");
    c.def_readonly("rng_key", &TransportMap::rng_key, "Key that replays the search.");
    c.def("cell", &cell, py::arg("x"), "Index of the point that each row of x (n, d) goes to; of equal scores the lowest.");
    c.def("__call__", &image, py::arg("x"),
          "Image (n, d) of each row of x (n, d), the gradient of ``potential``: the point of its cell; of an entropic "
          "map the mean of the points under ``weights``.");
    c.def("weights", &weights, py::arg("x"),
          "How the plan shares each row of x (n, d) among the points, (n, n_points): the softmax of (<x, y_i> + "
          "heights_i) / (epsilon / 2); 1 at its cell where epsilon is 0.");
    def_numbers(c, "potential", &TransportMap::potential,
                "Brenier's convex potential max_i <x, y_i> + heights_i at each row of x (n, d), shape (n,), of an "
                "entropic map its softened form; the map is its gradient.");
    def_numbers(c, "angle", &TransportMap::angle,
                "Angle (n,) at which the potential's facets over the best and the second best cell of each row of x "
                "(n, d) meet, of points scaled to mean "
                "square length 1.\n\nLarge where the map jumps, between clusters; absolute, so it does not depend on "
                "the other rows.");
    def_numbers(c, "facet_distance", &TransportMap::facet_distance,
                "Distance (n,) of each row of x (n, d) from the facet to its second best cell.");
    c.def("centroids", &centroids, py::arg("n") = 1'000'000, py::arg("rng") = py::none(),
          "Means of the source in each cell (n_points, d), of n draws; NaN for a cell without one.\n\nrng: int, "
          "Generator, SeedSequence or None.");
    c.def("heights_at", &heights_at, py::arg("points"), py::arg("n") = 100'000, py::arg("rng") = py::none(),
          "Heights (n_new,) for other points (n_new, d), for ``transport_map(points, heights=...)`` to go on from "
          "where points of this map were moved or added.\n\n"
          "A new point's cell meets that of the nearest point of the map at its centroid, of n draws; exact to first "
          "order for a point that moved. rng: int, "
          "Generator, SeedSequence or None.");
    c.def("between", &between, py::arg("x"), py::arg("centroids"), py::kw_only(), py::arg("k") = 2, py::arg("angle"),
          R"(Images between targets: the barycentric extension of the map, without its jumps.

The points of the k best cells of each row are averaged with weights 1 / |x - centroid of the cell|. A cell whose facet stands at
more than ``angle`` to that of the best cell takes no part: between them the map jumps, and nothing lies between.

Parameters
----------
x : array (n, d)
centroids : array (n_points, d)
    What ``centroids`` gives.
k : int
    Number of cells; 1 is the map itself.
angle : float
    In radians; see the method ``angle``, whose quantiles over draws are a guide.

Returns
-------
images : array (n, d)
used : array of int (n,)
    Number of points that each image is a mean of.

References
----------
An, Guo, Lei, Luo, Yau, Gu, "AE-OT: a new generative model based on extended semi-discrete optimal transport", ICLR 2020. Their angle
is relative to a batch.)");
    c.def("check", &check, py::arg("n"), py::arg("rng") = py::none(), py::kw_only(), py::arg("device") = "cpu",
          "The same map with ``masses``, ``mass_error``, ``w2`` and ``empty`` measured on n fresh draws.\n\nrng: int, "
          "Generator, SeedSequence or None; device: "
          "'cpu', or 'cuda', 'cuda:1', ..., with the same bits.");
    c.def("__repr__", &text);
    c.def(py::pickle(&state, &from_state));
    c.def("_state", &state);
    c.def_static("_from_state", &from_state);
    binder::bind(m, "transport_map", &transport_map);
    py::class_<diffusion::TransportStart> started(
        m, "TransportStart", py::dynamic_attr(),
        "Starts of a sampler: ``x, level = transport_start(map, n, level, rng)``.");
    started.attr("__module__") = "buffon.diffusion";
    started.def_property_readonly(
        "x", [](const diffusion::TransportStart& s) { return binder::from_matrix(s.x); }, "Starts (n, d), a copy.");
    started.def_readonly("level", &diffusion::TransportStart::level, "Their noise level sigma / alpha.");
    started.def_property_readonly(
        "source", [](const diffusion::TransportStart& s) { return binder::from_matrix(s.source); },
        "Draws (n, d) of the map's source that they came from, a copy.");
    started.def_property_readonly(
        "cell", [](const diffusion::TransportStart& s) { return integers(s.cell); },
        "Index (n,) of the point of each draw's cell.");
    started.def_property_readonly(
        "used", [](const diffusion::TransportStart& s) { return integers(s.used); },
        "Number (n,) of points that each image is the mean of.");
    started.def_readonly("rng_key", &diffusion::TransportStart::rng_key, "Key that draws them again.");
    started.def("__iter__", [](const diffusion::TransportStart& s) {
        return py::iter(py::make_tuple(binder::from_matrix(s.x), s.level));
    });
    using S = diffusion::TransportStart;
    using Members = binder::OfMembers<S, &S::x, &S::level, &S::source, &S::cell, &S::used, &S::rng_key>;
    started.def(py::pickle(   // with map and schedule, which are attributes in Python
        [](const py::object& self) { return py::make_tuple(Members::to(self.cast<const S&>()), self.attr("__dict__")); },
        [](const py::tuple& s) { return std::pair(Members::from(s[0]), s[1].cast<py::dict>()); }));
    const auto begin = [](const TransportMap& map, py::handle n, py::handle level, py::handle rng, py::handle noise,
                          const py::object& schedule, py::handle k, py::handle centroids, py::handle angle) {
        StartObject out = py::cast(start(map, n, level, rng, noise, schedule, k, centroids, angle));
        out.attr("map") = py::cast(&map);   // the object that was given
        out.attr("schedule") = schedule;
        return out;
    };
    m.def(
        "transport_start", begin, py::arg("map"), py::arg("n"), py::arg("level"), py::arg("rng") = py::none(),
        py::kw_only(), py::arg("noise") = "fresh", py::arg("schedule") = py::none(), py::arg("k") = 1,
        py::arg("centroids") = py::none(), py::arg("angle") = py::none(),
        R"doc(Starts of a sampler at a low noise level, from an optimal transport map to data: no evaluation of a denoiser.

Draws of the map's source go to its points, noise of the level is added, and any solver goes on: ``x, level = transport_start(...)``,
then ``sample(model, table, x=x, level=level)``. The law of the starts is that of a point drawn at random with noise, whatever the map: what the map decides is
which draw of the source goes where. At levels far below the points' distances the samples copy the points: look at ``memorised``.

Parameters
----------
map : TransportMap
    To data, or, for ``noise="points"``, to data with noise.
n : int
    Number of starts.
level : float
    sigma / alpha of the starts.
rng : int, Generator, SeedSequence or None
    Start i depends on the key and i only.
noise : str
    "fresh": each start has noise of its own. "points": none is added, as the map's points have noise of the level already; so it was published.
schedule : schedule, optional
    That of the table that goes on: x = alpha x0 + sigma eps. None: x = x0 + level eps, the coordinates of VE and EDM.
k : int
    Number of cells whose points an image is the mean of, as in ``map.between``; 1 is the map itself.
centroids : array (n_points, d), optional
    ``map.centroids(n)``, needed for k > 1.
angle : float, optional
    Largest angle between cells that are averaged, in radians; needed for k > 1.

Returns
-------
TransportStart
    ``x`` (n, d), ``level``; ``source`` (n, d), ``cell`` (n,), ``used`` (n,), ``rng_key``, ``map``, ``schedule``. Unpacks to x, level. ``memorised`` is the share of
    starts that copy a point, ``mass_bound`` what the wrong masses may add to their distance; both are printed. ``report(model, table)`` has the error bound term by
    term beside the measured error, and copies and mode mixture of the samples.

Raises
------
ValueError
    If n or k is below 1, ``level`` is not positive, k > 1 without ``centroids`` and ``angle``, or the schedule does not know the level.

References
----------
Li, Li, Zheng, Lei, Luo, Gu, "DPM-OT: a new diffusion probabilistic model based on optimal transport", ICCV 2023.

Examples
--------
>>> import numpy as np
>>> from buffon import diffusion as bd
>>> model = bd.GaussianMixture([0.5, 0.5], [[-1.0], [1.0]], [[[0.04]], [[0.04]]])
>>> found = bd.transport_map(model.forward(200, 0.0, rng=1), method="newton")
>>> x, level = bd.transport_start(found, 1000, 0.3, rng=2)
>>> draws = bd.sample(model, bd.heun(bd.EDM(), steps=3), x=x, level=level)
>>> draws.evaluations / 1000
6.0
)doc");
}
