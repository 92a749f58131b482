#include <buffon/diffusion/solvers/dpm_v3.hpp>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <buffon/check.hpp>
#include <buffon/diffusion/derivatives.hpp>
#include <buffon/diffusion/ems_integrals.hpp>
#include <buffon/diffusion/recorder.hpp>

namespace buffon::diffusion {
namespace {

/// One point of the multistep method: the statistics there, and f = (1 - l) v - D at the point where D was evaluated.
struct Point {
    EmsAt at;
    Combination f;
};

/// v at `to` from v at points[0], by the polynomial of g through the points.
Combination advance(const EmsIntegrals& integrals, const Combination& v, const std::vector<Point>& points,
                    const EmsAt& to, bool pseudo) {
    const EmsAt& s = points[0].at;
    const double decay = std::exp(s.L - to.L), shift = std::exp(-to.L) * (to.C - s.C - s.B * (to.J - s.J));
    const double weight = std::exp(-to.L - s.S) * (integrals.exact() ? to.I - s.I : to.J - s.J);
    Combination next = decay * v - weight * points[0].f - shift * Recorder::one();
    std::vector<double> r;
    std::vector<Combination> g;
    for (const Point& p : points) {
        r.push_back(p.at.lambda - s.lambda);
        const double scale = std::exp(s.S - p.at.S), offset = std::exp(s.S) * (p.at.B - s.B);
        g.push_back(scale * p.f - offset * Recorder::one());
    }
    for (std::size_t k = 1; k < points.size(); ++k) {
        const std::vector<double> weights = pseudo ? divided_difference(r, k) : derivative(r, k);
        const double E = integrals.moment(s, to, static_cast<int>(k));
        for (std::size_t j = 0; j < g.size(); ++j) next = next - decay * E * weights[j] * g[j];
    }
    return next;
}

std::vector<Point> first(const std::vector<Point>& points, std::size_t count) {
    return {points.begin(), points.begin() + static_cast<std::ptrdiff_t>(std::min(count, points.size()))};
}

/// The rows for one coordinate's statistics. f stays what the prediction gave although the state is corrected afterwards.
void write(Recorder& r, const Nodes& n, const EmsIntegrals& integrals, const DpmV3Options& options) {
    const bool pseudo = options.corrector == V3Corrector::pseudo;
    Combination previous, x = r.start(), predicted = x;
    std::vector<Point> points;   // newest first
    std::size_t corrections = 0;   // points of the next corrector; 0 or 1: there is none
    for (std::size_t i = 0; i < n.steps(); ++i) {
        const EmsAt at = integrals.at(n.lambda[i]);
        const Combination D = r.denoise(predicted);
        points.insert(points.begin(), {at, (1 - at.l) * predicted - D});
        x = predicted;
        if (corrections > 1) {
            std::vector<Point> known = first(points, corrections);
            std::swap(known[0], known[1]);   // from the previous node on, with the new evaluation beside it
            x = r.node(advance(integrals, previous, known, at, pseudo), i, n.rho[i]);
        }
        const auto order = static_cast<std::size_t>(order_at(n, i, options.order, options.lower_order_final));
        const Combination next = n.rho[i + 1] == 0 ? D
                                                   : advance(integrals, x, first(points, order),
                                                             integrals.at(n.lambda[i + 1]), options.pseudo);
        corrections = i + 1 == n.steps() || options.corrector == V3Corrector::none ? 0 : order + (pseudo ? 1 : 0);
        predicted = corrections > 1 ? r.state(next, n.rho[i + 1]) : r.node(next, i + 1, n.rho[i + 1]);
        previous = x;
    }
}

/// Data prediction, on nodes that hold those of a grid with equal steps in lambda.
Ems data_prediction(const Nodes& n) {
    const auto steps = static_cast<std::int64_t>(n.steps());
    const double last = std::isinf(n.lambda.back()) ? n.lambda[n.steps() - 1] + 1 : n.lambda.back();
    return Ems::constant(n.lambda.front(), last, 1, 0, 0, steps * ((1280 + steps - 1) / steps));
}

}  // namespace

Table dpm_v3(const Schedule& schedule, const Grid& grid, const DpmV3Options& options) {
    require(options.order >= 1 && options.order <= 4, "dpm_v3: order must be 1 to 4, got ", options.order);
    const double order = options.pseudo || options.corrector == V3Corrector::pseudo ? std::min(options.order, 2) : options.order;
    std::vector<std::vector<Row>> coordinates;
    Table table = record("dpm_v3", dpm_v3, schedule, grid, options, {order, std::min<double>(order, 2)},
                         [&](Recorder& r, const Nodes& n) {
                             const bool given = options.statistics.has_value();   // then by the published rule
                             const Ems statistics = options.statistics.value_or(data_prediction(n));
                             for (std::int64_t j = 1; j < statistics.dim(); ++j) {
                                 Recorder other;
                                 write(other, n, {statistics, j, !given}, options);
                                 coordinates.push_back(other.seal().rows);
                             }
                             write(r, n, {statistics, 0, !given}, options);
                         });
    if (!coordinates.empty()) coordinates.insert(coordinates.begin(), table.rows);
    table.coordinates = std::move(coordinates);
    table.promise = options.statistics ? Promise::nothing : Promise::levels;
    return table;
}

}  // namespace buffon::diffusion
