/// Distances between samples in Python.
#include <algorithm>
#include <array>
#include <string_view>

#include <buffon/diffusion/cf_distance.hpp>
#include <buffon/diffusion/mode_metrics.hpp>
#include <buffon/diffusion/moment_probe.hpp>
#include <buffon/frechet.hpp>
#include <buffon/memorised.hpp>
#include <buffon/prdc.hpp>
#include <buffon/two_sample.hpp>
#include <buffon/wasserstein_metrics.hpp>

#include "device_arrays.hpp"
#include "diffusion.hpp"
#include "python_model.hpp"

using namespace buffon;
namespace py = pybind11;

namespace binder {

template <>
inline constexpr const char* argument_name<PointSets> = "x";
template <>
inline constexpr const char* argument_name<ReferencePoints> = "y";
template <>
inline constexpr const char* argument_name<diffusion::ExactReference> = "reference";
template <>
inline constexpr const char* argument_name<diffusion::GaussianMixture> = "mixture";
template <>
inline constexpr const char* argument_name<diffusion::ModeClassifier> = "classifier";

/// What meets arrays on a device there.
inline constexpr std::array<std::string_view, 4> device_metrics{"energy", "kid", "mmd", "sliced_w2"};

/// Whether v lies on a device.   @throw ValueError where the function computes on the processor only.
inline bool is_there(py::handle v, const std::string& f, const std::string& n) {
    if (!on_device(v)) return false;
    if (std::ranges::find(device_metrics, f) == device_metrics.end())
        throw py::value_error(f + ": computes on the CPU only, " + n + " lies on a device: bring it here, by .cpu() or .get()");
    return true;
}

/// Rows of numbers. NumPy makes an array of dtype object of anything: what is no array is called by its name here.
inline Matrix rows_or_refused(py::handle v, const std::string& f, const std::string& n) {
    if (py::isinstance<diffusion::GaussianMixture>(v))
        wrong_type(f, n, "an array (n, d) (cf_distance, mode_masses, mode_mixture, moment_probe and off_mode take a mixture)", v);
    if (!py::isinstance<py::array>(v) && !py::isinstance<py::sequence>(v)) {
        const py::array a = py::array::ensure(v);
        if (!a) PyErr_Clear();
        else if (a.ndim() == 0 && a.dtype().kind() == 'O') wrong_type(f, n, "an array (n, d)", v);
    }
    return to_points(v, f + ": " + n);
}

/// An array, a list of arrays, or a dict name -> array; draws are arrays, too.
template <>
struct Converter<PointSets> {
    static std::string name() { return "array, list of arrays or dict"; }
    static py::object to(const PointSets&) { return py::none(); }
    static PointSets from(py::handle v, const std::string& f, const std::string& n) {
        PointSets out;
        if (py::isinstance<py::dict>(v)) {
            for (const auto& item : py::reinterpret_borrow<py::dict>(v)) {
                if (!py::isinstance<py::str>(item.first)) wrong_type(f, n + "'s keys", "names", item.first);
                out.names.push_back(item.first.cast<std::string>());
                add(out, item.second, f, n + "['" + out.names.back() + "']");
            }
        } else if (is_list_of_tables(v)) {
            for (const auto& item : py::reinterpret_borrow<py::sequence>(v))
                add(out, item, f, n + "[" + std::to_string(out.size()) + "]");
        } else {
            add(out, v, f, n);
        }
        return out;
    }

private:
    static void add(PointSets& out, py::handle v, const std::string& f, const std::string& n) {
        if (is_there(v, f, n)) out.arrays.push_back(device_array(v, f + ": " + n));
        else out.sets.push_back(rows_or_refused(v, f, n));
    }
    /// [[1, 2], [3, 4]] is one table of numbers.
    static bool is_list_of_tables(py::handle v) {
        if (!py::isinstance<py::list>(v) && !py::isinstance<py::tuple>(v)) return false;
        const auto items = py::reinterpret_borrow<py::sequence>(v);
        if (items.size() == 0) return true;
        const py::object first = items[0];
        if (on_device(first)) return true;
        const py::array a = py::array::ensure(first);
        if (!a) PyErr_Clear();
        return a && a.ndim() == 2;
    }
};

template <>
struct Converter<ReferencePoints> {
    static std::string name() { return "array"; }
    static py::object to(const ReferencePoints&) { return py::none(); }
    static ReferencePoints from(py::handle v, const std::string& f, const std::string& n) {
        if (is_there(v, f, n)) return {{}, device_array(v, f + ": " + n)};
        return {rows_or_refused(v, f, n)};
    }
};

template <>
struct Converter<diffusion::ExactReference> {
    static std::string name() { return "GaussianMixture or array"; }
    static py::object to(const diffusion::ExactReference&) { return py::none(); }
    static diffusion::ExactReference from(py::handle v, const std::string& f, const std::string& n) {
        if (py::isinstance<diffusion::GaussianMixture>(v)) return {{}, v.cast<const diffusion::GaussianMixture&>()};
        is_there(v, f, n);
        return {rows_or_refused(v, f, n), {}};
    }
};

template <>
struct Converter<diffusion::GaussianMixture> {
    static std::string name() { return "GaussianMixture"; }
    static py::object to(const diffusion::GaussianMixture& v) { return py::cast(v); }
    static diffusion::GaussianMixture from(py::handle v, const std::string& f, const std::string& n) {
        if (!py::isinstance<diffusion::GaussianMixture>(v)) wrong_type(f, n, "a GaussianMixture", v);
        return v.cast<const diffusion::GaussianMixture&>();
    }
};

/// A mixture, or a function of rows.
template <>
struct Converter<diffusion::ModeClassifier> {
    static std::string name() { return "GaussianMixture or callable"; }
    static py::object to(const diffusion::ModeClassifier&) { return py::none(); }
    static diffusion::ModeClassifier from(py::handle v, const std::string& f, const std::string& n) {
        if (py::isinstance<diffusion::GaussianMixture>(v)) return {v.cast<const diffusion::GaussianMixture&>(), {}};
        if (!PyCallable_Check(v.ptr())) wrong_type(f, n, "a GaussianMixture, or a function of rows", v);
        return {{}, PythonModel(py::reinterpret_borrow<py::object>(v), {}, {}, {}, true, n)};
    }
};

}  // namespace binder

namespace buffon::diffusion {

void prepare(CfDistanceOptions& options) { options.progress = interruptible(options.progress); }
void prepare(ModeMassesOptions& options) { options.progress = interruptible(options.progress); }
void prepare(ModeMixtureOptions& options) { options.progress = interruptible(options.progress); }
void prepare(MomentProbeOptions& options) { options.progress = interruptible(options.progress); }
void prepare(OffModeOptions& options) { options.progress = interruptible(options.progress); }

}  // namespace buffon::diffusion

namespace buffon {

void prepare(EnergyOptions& options) { options.progress = diffusion::interruptible(options.progress); }
void prepare(MmdOptions& options) { options.progress = diffusion::interruptible(options.progress); }
void prepare(KidOptions& options) { options.progress = diffusion::interruptible(options.progress); }
void prepare(FrechetOptions& options) { options.progress = diffusion::interruptible(options.progress); }
void prepare(MemorisedOptions& options) { options.progress = diffusion::interruptible(options.progress); }
void prepare(W2Options& options) { options.progress = diffusion::interruptible(options.progress); }
void prepare(SlicedW2Options& options) { options.progress = diffusion::interruptible(options.progress); }
void prepare(PrdcOptions& options) { options.progress = diffusion::interruptible(options.progress); }

}  // namespace buffon

void bind_metrics(py::module_& m) {
    binder::bind(m, "energy", &energy);
    binder::bind(m, "mmd", &mmd);
    binder::bind(m, "kid", &kid);
    binder::bind(m, "frechet", &frechet);
    binder::bind(m, "memorised", &memorised);
    binder::bind(m, "prdc", &prdc);
    binder::bind(m, "sliced_w2", &sliced_w2);
    binder::bind(m, "cf_distance", &diffusion::cf_distance);
    binder::bind(m, "mode_masses",
                 static_cast<Estimate (*)(const PointSets&, const diffusion::ModeClassifier&,
                                          const diffusion::ModeMassesOptions&)>(&diffusion::mode_masses));
    binder::bind(m, "mode_mixture", &diffusion::mode_mixture);
    binder::bind(m, "moment_probe", &diffusion::moment_probe);
    binder::bind(m, "off_mode",
                 static_cast<Estimate (*)(const PointSets&, const diffusion::GaussianMixture&,
                                          const diffusion::OffModeOptions&)>(&diffusion::off_mode));
    binder::bind(m, "w2", &w2);
}
