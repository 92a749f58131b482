#include <buffon/important_points.hpp>

#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include <buffon/corner.hpp>
#include <buffon/half_space.hpp>
#include <buffon/normal_functions.hpp>

namespace buffon {
namespace {

constexpr double least_of_nearest = 0.05;   // curvature makes a further point count for more than its half-space

double nearest(const std::vector<DesignPoint>& points, std::int64_t output) {
    double beta = std::numeric_limits<double>::infinity();
    for (const DesignPoint& p : points)
        if (p.output == output) beta = std::min(beta, p.beta);
    return beta;
}

}  // namespace

Proposal about(const std::vector<DesignPoint>& points, std::int64_t outputs, const std::vector<double>& weights,
               double defensive) {
    std::vector<double> mass;
    double all = 0;
    for (std::int64_t j = 0; j < outputs; ++j) {
        const double weight = weights.empty() ? 1.0 : weights[static_cast<std::size_t>(j)];
        double total = 0;
        std::vector<double> own(points.size());
        for (std::size_t k = 0; k < points.size(); ++k)
            if (points[k].output == j)
                total += own[k] = std::max(normal_cdf(-points[k].beta), least_of_nearest * normal_cdf(-nearest(points, j)));
        mass.resize(points.size());
        for (std::size_t k = 0; k < points.size() && total > 0; ++k) mass[k] += weight * own[k] / total;
        if (total > 0) all += weight;
    }
    if (!(all > 0)) return Proposal::initial();
    std::vector<Component> components;
    std::vector<double> alpha{defensive};
    for (std::size_t k = 0; k < points.size(); ++k) {
        std::vector<Gaussian> laws;
        if (points[k].normals.size() > 1) laws = about_corner(points[k].u, points[k].normals);
        if (laws.empty()) laws = about_design_point(points[k].u);
        for (const Gaussian& law : laws) {
            components.emplace_back(law);
            alpha.push_back((1 - defensive) * mass[k] / all / static_cast<double>(laws.size()));
        }
    }
    return Proposal(true, std::move(components), std::move(alpha));
}

void report(const std::vector<DesignPoint>& points, const WorkingSpace& space, Estimate& e) {
    std::vector<double> beta, places, directions, factors, converged,
        first(e.value.size(), std::numeric_limits<double>::quiet_NaN());
    std::vector<std::string> outputs;
    for (const DesignPoint& p : points) {
        Matrix z(1, space.dim()), x(1, space.dim());
        z.data = p.u;
        space.to_x(z, x);
        beta.push_back(p.beta);
        places.insert(places.end(), x.data.begin(), x.data.end());
        for (const double u : p.u) {
            directions.push_back(p.beta > 0 ? u / p.beta : 0.0);
            factors.push_back(directions.back() * directions.back());
        }
        outputs.push_back(e.names[static_cast<std::size_t>(p.output)]);
        converged.push_back(p.converged ? 1.0 : 0.0);
    }
    for (std::size_t j = 0; j < first.size(); ++j)
        if (const double b = nearest(points, static_cast<std::int64_t>(j)); b < std::numeric_limits<double>::infinity())
            first[j] = normal_cdf(-b);
    e.diagnostics["beta"] = std::move(beta);
    e.diagnostics["design_points"] = std::move(places);
    e.diagnostics["alpha_vectors"] = std::move(directions);
    e.diagnostics["importance_factors"] = std::move(factors);
    e.diagnostics["design_outputs"] = std::move(outputs);
    e.diagnostics["converged"] = std::move(converged);
    e.diagnostics["first_order"] = std::move(first);
}

}  // namespace buffon
