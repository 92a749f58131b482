/// Gaussian mixtures fitted to samples, in Python.
#include <buffon/diffusion/mixture_fit.hpp>

#include "diffusion.hpp"

namespace py = pybind11;
using namespace buffon::diffusion;

namespace {

struct MixtureData {
    buffon::Matrix points;
};

GaussianMixture fit(const MixtureData& data, const MixtureFitOptions& options) {
    return fit_mixture(data.points, options);
}

}   // namespace

namespace binder {

template <>
inline constexpr const char* argument_name<MixtureData> = "data";

template <>
struct Converter<MixtureData> {
    static MixtureData from(py::handle v, const std::string& f, const std::string& n) {
        return {to_matrix(v, f + ": " + n)};
    }
};

}   // namespace binder

void bind_mixture_fit(py::module_& m) { binder::bind(m, "fit_mixture", &fit); }
