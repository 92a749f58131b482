/// Points in Python: random numbers by index, and scrambled Sobol' points likewise.
#include <optional>
#include <string>

#include <pybind11/stl.h>

#include <buffon/check.hpp>
#include <buffon/parallel.hpp>
#include <buffon/sobol_sequence.hpp>
#include <buffon/stream.hpp>

#include "arrays.hpp"
#include "rng.hpp"

using namespace buffon;
namespace py = pybind11;

namespace {

/// Rows first ... first + n - 1 of width d from fill(first, rows), in parallel without the GIL.
template <class Fill>
py::array_t<double> table(const char* function, std::int64_t n, std::int64_t d, std::int64_t first, const Fill& fill) {
    require(n >= 0, function, ": n must not be negative, got ", n);
    require(d >= 1, function, ": d must be at least 1, got ", d);
    require(first >= 0, function, ": first must not be negative, got ", first);
    py::array_t<double> out({static_cast<py::ssize_t>(n), static_cast<py::ssize_t>(d)});
    const View rows{out.mutable_data(), n, d};
    const py::gil_scoped_release release;
    parallel::for_blocks(n, 0, [&](std::int64_t start, std::int64_t count) { fill(first + start, rows.slice(start, count)); });
    return out;
}

/// A sequence for Python: index bound 2^52, and what its scramble was made from.
struct Sequence {
    SobolSequence points;
    std::optional<std::string> scramble;
    std::uint64_t key;
};

Sequence make_sequence(std::int64_t dim, const std::optional<std::string>& scramble, const py::object& rng) {
    constexpr std::int64_t most = std::int64_t{1} << 52;
    if (!scramble) return {SobolSequence::unscrambled(dim, most), {}, 0};
    require(*scramble == "linear" || *scramble == "owen",
            "SobolSequence: scramble must be 'linear', 'owen' or None, got '", *scramble, "'");
    const std::uint64_t key = rng_key(rng, "SobolSequence");
    return {SobolSequence(dim, most, {key, 0}, *scramble == "owen" ? Scramble::owen : Scramble::linear),
            scramble, key};
}

}  // namespace

void bind_points(py::module_& m) {
    py::class_<Stream>(
        m, "Stream",
        "Random numbers as a pure function of (key, id, index, component): no state, so any part can be drawn "
        "anywhere.\n\n"
        "key: integer 0 ... 2**64 - 1; id: integer 0 ... 2**32 - 1 that separates the uses of one key.\n"
        "Philox-4x32-10 (Salmon et al. 2011). Same numbers on any machine, number of threads and device.")
        .def(py::init([](std::uint64_t key, std::uint32_t id) { return Stream{key, id}; }), py::arg("key"),
             py::arg("id") = 0)
        .def(
            "uniform",
            [](const Stream& s, std::int64_t n, std::int64_t d, std::int64_t first) {
                return table("Stream.uniform", n, d, first, [&](std::int64_t row, View out) { s.uniform(row, out); });
            },
            py::arg("n"), py::arg("d") = 1, py::arg("first") = 0,
            "Uniform numbers on (0, 1), shape (n, d): rows are the indices first, first + 1, ..., columns the "
            "components.")
        .def(
            "normal",
            [](const Stream& s, std::int64_t n, std::int64_t d, std::int64_t first) {
                return table("Stream.normal", n, d, first, [&](std::int64_t row, View out) { s.normal(row, out); });
            },
            py::arg("n"), py::arg("d") = 1, py::arg("first") = 0,
            "Standard normal numbers, shape (n, d): the normal quantiles of uniform(n, d, first).")
        .def_readonly("key", &Stream::key, "The key.")
        .def_readonly("id", &Stream::id, "The use of the key.")
        .def("__repr__", [](const Stream& s) {
            return "Stream(key=" + std::to_string(s.key) + ", id=" + std::to_string(s.id) + ")";
        })
        .def(py::pickle([](const Stream& s) { return py::make_tuple(s.key, s.id); },
                        [](const py::tuple& s) { return Stream{s[0].cast<std::uint64_t>(), s[1].cast<std::uint32_t>()}; }));

    py::class_<Sequence>(
        m, "SobolSequence",
        "Sobol' points with the direction numbers of Joe and Kuo, any of them by its index.\n\n"
        "dim: 1 ... 3667. scramble: 'linear' (random linear maps of the digits and a shift), 'owen' (each digit is\n"
        "permuted given those before it), or None. rng: int, Generator or SeedSequence; None draws a fresh key.\n"
        "Scrambled points are uniform, and the mean over 2^k of them is unbiased.")
        .def(py::init(&make_sequence), py::arg("dim"), py::arg("scramble") = "linear", py::arg("rng") = py::none())
        .def(
            "uniform",
            [](const Sequence& s, std::int64_t n, std::int64_t first) {
                return table("SobolSequence.uniform", n, s.points.dim(), first,
                             [&](std::int64_t row, View out) { s.points.uniform(row, out); });
            },
            py::arg("n"), py::arg("first") = 0,
            "Points first, first + 1, ... in the order of the Gray code, shape (n, dim), on (0, 1).")
        .def_property_readonly(
            "dim", [](const Sequence& s) { return s.points.dim(); }, "Number of coordinates.")
        .def_property_readonly(
            "rng_key", [](const Sequence& s) { return s.key; }, "The key of the scramble; 0 without one.")
        .def("__repr__", [](const Sequence& s) {
            return "SobolSequence(dim=" + std::to_string(s.points.dim()) + ", scramble=" +
                   (s.scramble ? "'" + *s.scramble + "', rng=" + std::to_string(s.key) : "None") + ")";
        })
        .def(py::pickle(
            [](const Sequence& s) { return py::make_tuple(s.points.dim(), s.scramble, s.key); },
            [](const py::tuple& s) {
                return make_sequence(s[0].cast<std::int64_t>(), s[1].cast<std::optional<std::string>>(), s[2]);
            }));
}
