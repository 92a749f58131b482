#include "salib.hpp"

#include <string>
#include <vector>

#include <pybind11/stl.h>

#include <buffon/check.hpp>
#include <buffon/joint.hpp>

#include "convert.hpp"

using namespace buffon;
namespace py = pybind11;

namespace binder {
namespace {

/// A law by SALib's word for it: the meaning of its two to four numbers as in SALib's nonuniform sampling.
Univariate salib_law(const std::string& name, const std::string& kind, const std::vector<double>& b) {
    const auto numbers = [&](std::size_t n) {
        require(b.size() == n, "Problem: inputs['bounds'] of '", name, "' (", kind, ") must be ", n, " numbers, got ", b.size());
    };
    if (kind == "triang") {   // lower, upper, place of the peak in (0, 1); the older form leaves out a lower of 0
        if (b.size() == 2) return salib_law(name, kind, {0, b[0], b[1]});
        numbers(3);
        return Triangular(b[0], b[0] + b[2] * (b[1] - b[0]), b[1]);
    }
    numbers(kind == "truncnorm" ? 4 : 2);
    if (kind == "unif") return Uniform(b[0], b[1]);
    if (kind == "norm") return Normal(b[0], b[1]);
    if (kind == "lognorm") return LogNormal(b[0], b[1]);
    require(kind == "truncnorm", "Problem: inputs['dists'] of '", name,
            "' must be unif, triang, norm, truncnorm or lognorm, got ", kind);
    return Truncated(Normal(b[2], b[3]), b[0], b[1]);   // lower, upper, mean, standard deviation
}

}  // namespace

Distribution from_salib(const py::dict& problem) {
    const auto names = convert<std::vector<std::string>>(problem["names"], "Problem", "inputs['names']");
    const auto bounds = convert<std::vector<std::vector<double>>>(problem["bounds"], "Problem", "inputs['bounds']");
    std::vector<std::string> dists(names.size(), "unif");
    if (problem.contains("dists") && !problem["dists"].is_none())
        dists = convert<std::vector<std::string>>(problem["dists"], "Problem", "inputs['dists']");
    require(bounds.size() == names.size() && dists.size() == names.size(), "Problem: inputs has ", names.size(), " names, ",
            bounds.size(), " bounds and ", dists.size(), " dists");
    std::vector<Univariate> laws;
    for (std::size_t j = 0; j < names.size(); ++j) laws.push_back(salib_law(names[j], dists[j], bounds[j]));
    return Joint(std::move(laws), names);
}

}  // namespace binder
