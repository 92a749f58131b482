/// Python's semi-discrete optimal transport. No arithmetic.
#include <sstream>

#include <buffon/transport_map.hpp>

#include "arrays.hpp"
#include "diffusion.hpp"

namespace py = pybind11;
using namespace buffon;

namespace binder {

template <>
inline constexpr const char* argument_name<Matrix> = "points";

}  // namespace binder

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

/// f(rows of x) without the GIL.
template <class F>
auto of_rows(const TransportMap& map, py::handle x, const std::string& where, const F& f) {
    const binder::Array rows = binder::to_rows(x, map.points.cols, where + ": x");
    const ConstView view = binder::view_of(rows);
    const py::gil_scoped_release release;
    return f(view);
}

py::array_t<std::int64_t> cell(const TransportMap& map, py::handle x) {
    const std::vector<std::int64_t> found = of_rows(map, x, "TransportMap.cell", [&](ConstView rows) { return map.cell(rows); });
    return py::array_t<std::int64_t>(static_cast<py::ssize_t>(found.size()), found.data());
}

py::array_t<double> image(const TransportMap& map, py::handle x) {
    return binder::from_matrix(of_rows(map, x, "TransportMap", [&](ConstView rows) { return map(rows); }));
}

std::string text(const TransportMap& map) {
    std::ostringstream out;
    out << "TransportMap(" << map.points.rows << " targets, d=" << map.points.cols << "): W2 = " << with_error(map.w2().value[0], map.w2().std_error()[0])
        << ", L1 error of the masses " << with_error(map.mass_error.value[0], map.mass_error.std_error()[0]) << ", " << map.empty << " empty cells ("
        << map.draws << " draws" << (map.converged ? ")" : ", not converged)");
    return out.str();
}

}  // namespace

void bind_transport(py::module_& m) {
    py::class_<TransportMap> c(m, "TransportMap", R"(The optimal transport map from a law to weighted points: what ``transport_map`` finds.

x goes to the point y_i with the largest <x, y_i> + heights_i.)");
    c.attr("__module__") = "buffon.diffusion";
    c.def_property_readonly("points", [](const TransportMap& t) { return binder::from_matrix(t.points); }, "Targets (n, d), a copy.");
    c.def_property_readonly("heights", [](const TransportMap& t) { return binder::from_vector(t.heights); },
                            "(n,), their mean under ``wanted`` is 0; -inf where nothing is wanted. A copy.");
    c.def_property_readonly("wanted", [](const TransportMap& t) { return binder::from_vector(t.wanted); },
                            "Mass that each target was to receive (n,); of equal points the first has that of all. A copy.");
    c.def_property_readonly("masses", [](const TransportMap& t) { return binder::from_vector(t.masses); },
                            "Mass of each cell (n,), measured on draws that no step has seen. A copy.");
    c.def_property_readonly("mass_std_error", [](const TransportMap& t) { return binder::from_vector(t.mass_std_error); }, "Their standard errors (n,), a copy.");
    c.def_readonly("mass_error", &TransportMap::mass_error,
                   "Estimate of the L1 distance of the cells' masses from the wanted ones, free of the measurement's own noise.");
    c.def_readonly("w2_squared", &TransportMap::w2_squared, "Estimate of the squared 2-Wasserstein distance between source and targets.");
    c.def_property_readonly("w2", &TransportMap::w2, "Estimate of the 2-Wasserstein distance.");
    c.def_readonly("empty", &TransportMap::empty, "Number of cells that got no draw in the last check.");
    c.def_readonly("n", &TransportMap::draws, "Draws of the source that were spent.");
    c.def_property_readonly("draws", &draws, "They by part: ``start``, ``steps``, ``check``.");
    c.def_readonly("steps", &TransportMap::steps, "Number of steps after the start.");
    c.def_readonly("converged", &TransportMap::converged, "Whether a check found ``target_error`` reached.");
    c.def_readonly("rng_key", &TransportMap::rng_key, "Key that replays the search.");
    c.def("cell", &cell, py::arg("x"), "Index of the point that each row of x (n, d) goes to; of equal scores the lowest.");
    c.def("__call__", &image, py::arg("x"), "Image (n, d) of each row of x (n, d).");
    c.def("__repr__", &text);
    binder::bind(m, "transport_map", &transport_map);
}
