#include <buffon/laws/score_nodes.hpp>

#include <algorithm>
#include <cmath>

#include <boost/math/quadrature/gauss.hpp>

#include <buffon/normal_functions.hpp>

namespace buffon {
namespace {

/// Points where the density jumps or bends.
std::vector<double> kinks(const Univariate& law) {
    if (const auto* triangular = std::get_if<Triangular>(&law)) return {triangular->mode()};
    if (const auto* histogram = std::get_if<Histogram>(&law)) return histogram->edges();
    if (const auto* truncated = std::get_if<Truncated>(&law)) return kinks(truncated->law());
    return {};
}

double normal_density(double z) { return std::exp(-0.5 * z * z - half_log_two_pi); }

ScoreNodes trapezoidal(double reach, double step) {
    ScoreNodes nodes;
    for (double z = -reach; z <= reach; z += step) {
        nodes.z.push_back(z);
        nodes.weight.push_back(step * normal_density(z));
    }
    return nodes;
}

void add_panel(double from, double to, ScoreNodes& nodes) {
    using Rule = boost::math::quadrature::gauss<double, 16>;   // even: the abscissas are the positive half
    const double middle = 0.5 * (from + to), half = 0.5 * (to - from);
    for (std::size_t i = 0; i < Rule::abscissa().size(); ++i)
        for (const double sign : {-1.0, 1.0}) {
            nodes.z.push_back(middle + sign * half * Rule::abscissa()[i]);
            nodes.weight.push_back(half * Rule::weights()[i] * normal_density(nodes.z.back()));
        }
}

}  // namespace

ScoreNodes score_nodes(const std::vector<double>& breaks, double reach, double step) {
    if (breaks.empty()) return trapezoidal(reach, step);
    std::vector<double> ends{-reach};
    for (const double z : breaks)
        if (z > ends.back() && z < reach) ends.push_back(z);
    ends.push_back(reach);
    ScoreNodes nodes;
    for (std::size_t i = 0; i + 1 < ends.size(); ++i) {
        const double width = ends[i + 1] - ends[i];
        const auto panels = static_cast<int>(std::ceil(width / (16 * step)));
        for (int k = 0; k < panels; ++k) add_panel(ends[i] + width * k / panels, ends[i] + width * (k + 1) / panels, nodes);
    }
    return nodes;
}

std::vector<double> score_breaks(const Univariate& law) {
    if (const auto* discrete = std::get_if<Discrete>(&law)) return discrete->jumps();
    std::vector<double> scores;
    for (const double x : kinks(law)) {
        const double z = std::visit([=](const auto& l) { return l.to_normal(x); }, law);
        if (std::isfinite(z)) scores.push_back(z);
    }
    return scores;
}

}  // namespace buffon
