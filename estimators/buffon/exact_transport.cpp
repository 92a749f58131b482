#include <buffon/exact_transport.hpp>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <Eigen/SparseCholesky>
#include <boost/math/quadrature/tanh_sinh.hpp>

#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr int most_iterations = 500, most_halvings = 40;
constexpr double rounding = 1e-14;   // of the sum of |mass - wanted|

double quantile(const Distribution& source, double u) {
    double x = 0.0;
    source.from_uniform({&u, 1, 1}, {&x, 1, 1});
    return x;
}

void centre(std::span<const double> masses, std::vector<double>& heights) {
    double mean = 0.0;
    for (std::size_t i = 0; i < heights.size(); ++i) mean += masses[i] * heights[i];
    for (double& h : heights) h -= mean;
}

struct PlanarState {
    std::vector<double> masses;
    std::vector<Polygon> cells;
    double error = 0.0, least = 0.0;   // l2 distance from the wanted masses; smallest mass
};

PlanarState state_of(const PlanarLaw& law, ConstView y, std::span<const double> wanted, std::span<const double> heights,
                     int threads) {
    PlanarState out{std::vector<double>(wanted.size()), std::vector<Polygon>(wanted.size())};
    parallel::for_each(y.rows, threads, [&](std::int64_t i) {
        const auto k = static_cast<std::size_t>(i);
        out.cells[k] = planar_cell(law, y, heights, i);
        out.masses[k] = law.mass(out.cells[k]);
    });
    for (std::size_t i = 0; i < wanted.size(); ++i) out.error += (out.masses[i] - wanted[i]) * (out.masses[i] - wanted[i]);
    out.error = std::sqrt(out.error);
    out.least = *std::ranges::min_element(out.masses);
    return out;
}

/// L^-1 (wanted - masses) with the first entry fixed at 0.
std::vector<double> newton_step(const PlanarLaw& law, ConstView y, std::span<const double> wanted, const PlanarState& state) {
    std::vector<Eigen::Triplet<double>> entries;
    const auto add = [&](std::int64_t i, std::int64_t j, double value) {
        if (i > 0 && j > 0) entries.emplace_back(i - 1, j - 1, value);
    };
    for (std::int64_t i = 0; i < y.rows; ++i) {
        const Polygon& cell = state.cells[static_cast<std::size_t>(i)];
        for (std::size_t k = 0; k < cell.size(); ++k) {
            const std::int64_t j = cell[k].beyond;
            if (j < 0) continue;
            // each side of a facet has half of it: symmetric whatever was rounded
            const double weight = 0.5 * law.along(cell[k].at, cell[(k + 1) % cell.size()].at) /
                                  std::hypot(y(i, 0) - y(j, 0), y(i, 1) - y(j, 1));
            add(i, i, weight);
            add(j, j, weight);
            add(i, j, -weight);
            add(j, i, -weight);
        }
    }
    const auto n = static_cast<Eigen::Index>(y.rows - 1);
    Eigen::SparseMatrix<double> matrix(n, n);
    matrix.setFromTriplets(entries.begin(), entries.end());
    Eigen::VectorXd rest(n);
    for (Eigen::Index i = 0; i < n; ++i)
        rest[i] = wanted[static_cast<std::size_t>(i + 1)] - state.masses[static_cast<std::size_t>(i + 1)];
    const Eigen::SimplicialLDLT<Eigen::SparseMatrix<double>> factor(matrix);
    const Eigen::VectorXd step = factor.solve(rest);
    std::vector<double> out{0.0};
    out.insert(out.end(), step.begin(), step.end());
    return out;
}

/// Heights of the Voronoi cells of the targets shrunk and moved into the domain: each holds its own target, so none is empty.
std::vector<double> filled(const PlanarLaw& law, ConstView y) {
    const double reach = law.normal() ? 1.0 / 9.0 : 0.98;   // where the normal law has its mass
    double scale = 1.0, shift[2];
    for (std::int64_t j = 0; j < 2; ++j) {
        const double low = j == 0 ? law.low().x : law.low().y, high = j == 0 ? law.high().x : law.high().y;
        double least = y(0, j), most = y(0, j);
        for (std::int64_t i = 0; i < y.rows; ++i) {
            least = std::min(least, y(i, j));
            most = std::max(most, y(i, j));
        }
        if (most - least > reach * (high - low)) scale = std::min(scale, reach * (high - low) / (most - least));
        shift[j] = -(least + most) / 2;
    }
    const double middle[2] = {(law.low().x + law.high().x) / 2, (law.low().y + law.high().y) / 2};
    std::vector<double> heights;
    for (std::int64_t i = 0; i < y.rows; ++i) {
        double square = 0.0;
        for (std::int64_t j = 0; j < 2; ++j) square += std::pow(scale * (y(i, j) + shift[j]) + middle[j], 2);
        heights.push_back(-square / (2 * scale));
    }
    return heights;
}

}  // namespace

ExactHeights line_heights(const Distribution& source, ConstView targets, std::span<const double> masses) {
    std::vector<std::size_t> order(masses.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t i) { return targets.data[i]; });
    ExactHeights out{std::vector<double>(masses.size()), {masses.begin(), masses.end()}};
    boost::math::quadrature::tanh_sinh<double> integrator;
    double before = 0.0;
    for (std::size_t k = 0; k < order.size(); ++k) {
        const bool last = k + 1 == order.size();
        const double next = last ? 1.0 : before + masses[order[k]];
        const double y = targets.data[order[k]];
        out.moved +=
            y * integrator.integrate([&](double u) { return quantile(source, std::clamp(u, 0x1p-1022, 1 - 0x1p-53)); },
                                     before, next);
        if (!last) out.heights[order[k + 1]] = out.heights[order[k]] - quantile(source, next) * (targets.data[order[k + 1]] - y);
        before = next;
    }
    centre(masses, out.heights);
    return out;
}

ExactHeights planar_heights(const PlanarLaw& law, ConstView y, std::span<const double> wanted, int threads) {
    ExactHeights out;
    out.heights = filled(law, y);
    PlanarState now = state_of(law, y, wanted, out.heights, threads);
    const double least = 0.5 * std::min(now.least, *std::ranges::min_element(wanted));
    out.converged = false;
    for (; out.iterations < most_iterations; ++out.iterations) {
        double error = 0.0;
        for (std::size_t i = 0; i < wanted.size(); ++i) error += std::abs(now.masses[i] - wanted[i]);
        if (error <= rounding * std::sqrt(static_cast<double>(wanted.size()))) out.converged = true;
        if (out.converged || y.rows == 1) break;
        const std::vector<double> step = newton_step(law, y, wanted, now);
        bool accepted = false;
        double t = 1.0;
        for (int halving = 0; halving < most_halvings && !accepted; ++halving, t /= 2) {
            std::vector<double> tried = out.heights;
            for (std::size_t i = 0; i < tried.size(); ++i) tried[i] += t * step[i];
            PlanarState then = state_of(law, y, wanted, tried, threads);
            accepted = then.least >= least && then.error <= (1 - t / 2) * now.error;
            if (!accepted) continue;
            out.heights = std::move(tried);
            now = std::move(then);
        }
        if (accepted) continue;
        out.converged = error < 1e-11;   // rounding of the polygons ends the descent
        break;
    }
    out.masses = now.masses;
    for (std::int64_t i = 0; i < y.rows; ++i) {
        const PlanarPoint m = law.moment(now.cells[static_cast<std::size_t>(i)]);
        out.moved += y(i, 0) * m.x + y(i, 1) * m.y;
    }
    centre(wanted, out.heights);
    return out;
}

}  // namespace buffon
