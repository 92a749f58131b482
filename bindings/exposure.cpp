/// Exposure bias in Python: the profile of samplers.
#include <buffon/diffusion/exposure_profile.hpp>

#include <buffon/diffusion/empirical.hpp>
#include <buffon/diffusion/gaussian_mixture.hpp>

#include "diffusion.hpp"
#include "pickled.hpp"

namespace py = pybind11;
using namespace buffon::diffusion;

namespace binder {

template <>
inline constexpr const char* argument_name<DenoiserOfData> = "model";
template <>
inline constexpr const char* argument_name<Samplers> = "tables";

template <>
struct Converter<DenoiserOfData> {
    static std::string name() { return "denoiser"; }
    static py::object to(const DenoiserOfData& v) { return py::cast(v.denoiser); }
    static DenoiserOfData from(py::handle v, const std::string& f, const std::string& n) {
        if (py::isinstance<GaussianMixture>(v)) return v.cast<const GaussianMixture&>();
        if (py::isinstance<Empirical>(v)) return v.cast<const Empirical&>();
        return to_denoiser(v, f + ": " + n);
    }
};

/// A table, or a pair of a denoiser and a table; a list of them, or a dict name -> one of them.
template <>
struct Converter<Samplers> {
    static std::string name() { return "Table, list or dict"; }
    static py::object to(const Samplers&) { return py::none(); }
    static Samplers from(py::handle v, const std::string& f, const std::string& n) {
        Samplers out;
        if (py::isinstance<py::dict>(v)) {
            for (const auto& [key, item] : v.cast<py::dict>())
                out.all.push_back(sampler(item, convert<std::string>(key, f, n + ": a name"), f,
                                          n + "['" + py::str(key).cast<std::string>() + "']"));
        } else if (py::isinstance<Table>(v) || is_pair(v)) {
            out.all.push_back(sampler(v, "", f, n));
        } else {
            if (!py::isinstance<py::list>(v) && !py::isinstance<py::tuple>(v))
                wrong_type(f, n, "a Table, a list or a dict of them", v);
            for (const auto item : v) out.all.push_back(sampler(item, "", f, n + "[" + std::to_string(out.all.size()) + "]"));
        }
        return out;
    }

private:
    static bool is_pair(py::handle v) {
        if (!py::isinstance<py::tuple>(v)) return false;
        const auto items = py::reinterpret_borrow<py::tuple>(v);
        return items.size() == 2 && !py::isinstance<Table>(py::object(items[0])) && py::isinstance<Table>(py::object(items[1]));
    }
    static Sampler sampler(py::handle v, const std::string& name, const std::string& f, const std::string& n) {
        if (!is_pair(v)) return {name, Converter<Table>::from(v, f, n), {}};
        const auto items = py::reinterpret_borrow<py::tuple>(v);
        return {name, Converter<Table>::from(items[1], f, n + "[1]"), to_denoiser(items[0], f + ": " + n + "[0]")};
    }
};

template <>
struct Kept<ExposureProfile::Place>
    : OfMembers<ExposureProfile::Place, &ExposureProfile::Place::sampler, &ExposureProfile::Place::node> {};
template <>
struct Kept<ExposureProfile::Measured>
    : OfMembers<ExposureProfile::Measured, &ExposureProfile::Measured::estimate, &ExposureProfile::Measured::places> {};

}  // namespace binder

namespace buffon::diffusion {

void prepare(ExposureProfileOptions& options) { options.progress = interruptible(options.progress); }

}  // namespace buffon::diffusion

namespace {

py::list names(const std::vector<std::string>& from) {
    py::list out;
    for (const std::string& name : from) out.append(name);
    return out;
}

py::list quantities(const ExposureProfile& p) {
    py::list out;
    for (const std::string& name : exposure_quantities())
        if (p.measured.contains(name)) out.append(name);
    return out;
}

void bind_profile(py::module_& m) {
    py::class_<ExposureProfile> c(
        m, "ExposureProfile",
        "How far the states of samplers are from noised data, node by node: what ``exposure_profile`` returns.");
    c.attr("__module__") = "buffon.diffusion";
    c.def_property_readonly("samplers", [](const ExposureProfile& p) { return names(p.samplers); }, "Names of the samplers.");
    c.def_property_readonly("quantities", &quantities, "Names of the quantities that were measured.");
    c.def_property_readonly("notes", [](const ExposureProfile& p) { return names(p.notes); }, "What is left out, and why.");
    c.def_readonly("evaluations", &ExposureProfile::evaluations, "Denoiser evaluations spent, all together.");
    c.def_readonly("rng_key", &ExposureProfile::rng_key, "Pass it as rng to replay the run.");
    c.def(
        "times",
        [](const ExposureProfile& p, const std::string& sampler) {
            return binder::from_vector(p.times[p.sampler(sampler)]);
        },
        py::arg("sampler"), "Times of a sampler's nodes, shape (steps + 1,), the start first.");
    c.def(
        "levels",
        [](const ExposureProfile& p, const std::string& sampler) {
            return binder::from_vector(p.levels[p.sampler(sampler)]);
        },
        py::arg("sampler"), "Noise levels sigma / alpha of a sampler's nodes, shape (steps + 1,).");
    c.def(
        "__getitem__",
        [](const ExposureProfile& p, const std::string& quantity) { return p.quantity(quantity).estimate; },
        py::arg("quantity"), "Estimate of a quantity: all samplers, node by node, with their joint covariance.");
    c.def("of", &ExposureProfile::of, py::arg("quantity"), py::arg("sampler"),
          "Estimate of a quantity of one sampler, node by node.");
    c.def("compare", &ExposureProfile::compare, py::arg("quantity"), py::arg("a"), py::arg("b"),
          "Estimate of a's values less b's at the noise levels that both have, with the error that their common noise leaves.");
    c.def("__repr__", &ExposureProfile::text);
    using P = ExposureProfile;
    binder::def_pickle<&P::samplers, &P::times, &P::levels, &P::measured, &P::notes, &P::evaluations, &P::rng_key>(c);
}

}  // namespace

void bind_exposure(py::module_& m) {
    bind_profile(m);
    binder::bind(m, "exposure_profile", &exposure_profile);
}
