#include <buffon/cell_laplacian.hpp>

#include <algorithm>
#include <cmath>
#include <memory>

#include <Eigen/IterativeLinearSolvers>
#include <Eigen/SparseCholesky>

#include <buffon/check.hpp>

namespace buffon {
namespace {

using Sparse = Eigen::SparseMatrix<double>;

constexpr std::int64_t factored_size = 2000;      // beyond, conjugate gradients
constexpr double lift = 1e-3;                     // of the diagonal, so that constants are no kernel
constexpr double least_degree = 0.1;              // of the median: a cell whose facets no draw met

struct Facet {
    std::int64_t i, j;
    double distance, length;   // of the draw from it, of the targets from each other
};

std::vector<Facet> facets(TransportDraws& draws, std::span<const double> heights) {
    const Matrix& y = draws.cells().targets();
    std::vector<Facet> out;
    for (const TopTwo& t : draws.top_two(heights, std::max<std::int64_t>(65'536, 64 * draws.size()))) {
        double square = 0.0;
        for (std::int64_t k = 0; k < y.cols; ++k) square += (y(t.first, k) - y(t.second, k)) * (y(t.first, k) - y(t.second, k));
        out.push_back({t.first, t.second, t.gap / std::sqrt(square), std::sqrt(square)});
    }
    return out;
}

/// Mean distance of the draws of each cell from their facets; 0 without a draw.
std::vector<double> mean_distances(const std::vector<Facet>& facets, std::size_t size) {
    std::vector<double> sum(size, 0.0), n(size, 0.0);
    for (const Facet& f : facets) {
        sum[static_cast<std::size_t>(f.i)] += f.distance;
        n[static_cast<std::size_t>(f.i)] += 1.0;
    }
    for (std::size_t i = 0; i < size; ++i) sum[i] /= std::max(n[i], 1.0);
    return sum;
}

Sparse assemble(const std::vector<Facet>& facets, std::span<const double> nu) {
    const std::vector<double> width = mean_distances(facets, nu.size());
    std::vector<Eigen::Triplet<double>> entries;
    Eigen::VectorXd degree = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(nu.size()));
    for (const Facet& f : facets) {
        const double e = 0.5 * std::min(width[static_cast<std::size_t>(f.i)], width[static_cast<std::size_t>(f.j)]);
        if (!(f.distance < e)) continue;
        const double weight = 1 / (2 * e * f.length * static_cast<double>(facets.size()));
        entries.emplace_back(f.i, f.j, -weight);
        entries.emplace_back(f.j, f.i, -weight);
        degree[f.i] += weight;
        degree[f.j] += weight;
    }
    std::vector<double> relative;
    for (std::size_t i = 0; i < nu.size(); ++i) relative.push_back(degree[static_cast<Eigen::Index>(i)] / nu[i]);
    std::vector<double> sorted = relative;
    std::ranges::nth_element(sorted, sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2));
    const double median = sorted[sorted.size() / 2];
    require(median > 0, "transport_map: no draw came near a facet between two cells");
    for (std::size_t i = 0; i < nu.size(); ++i) {
        const auto k = static_cast<Eigen::Index>(i);
        entries.emplace_back(k, k, (std::max(relative[i], least_degree * median) + lift * median) * nu[i]);
    }
    Sparse out(degree.size(), degree.size());
    out.setFromTriplets(entries.begin(), entries.end());
    return out;
}

/// What both solvers of a system do for a step.
template <class Solver>
Precondition steps_of(std::shared_ptr<Solver> solver, std::vector<double> nu) {
    return [solver = std::move(solver), nu = std::move(nu)](std::span<const double> relative, double factor) {
        Eigen::VectorXd wanted(static_cast<Eigen::Index>(nu.size()));
        for (std::size_t i = 0; i < nu.size(); ++i) wanted[static_cast<Eigen::Index>(i)] = factor * nu[i] * relative[i];
        const Eigen::VectorXd change = solver->solve(wanted);
        return std::vector<double>(change.begin(), change.end());
    };
}

/// The matrix lives beside the solver that looks at it.
struct Conjugate {
    explicit Conjugate(Sparse m) : matrix(std::move(m)) {
        solver.setTolerance(1e-4);   // of a step that is noise, mostly
        solver.compute(matrix);
    }
    Eigen::VectorXd solve(const Eigen::VectorXd& b) const { return solver.solve(b); }
    Sparse matrix;
    Eigen::ConjugateGradient<Sparse, Eigen::Lower | Eigen::Upper> solver;
};

}  // namespace

Precondition laplacian(TransportDraws& draws, std::span<const double> heights) {
    Sparse matrix = assemble(facets(draws, heights), draws.masses());
    if (draws.size() > factored_size) return steps_of(std::make_shared<Conjugate>(std::move(matrix)), draws.masses());
    return steps_of(std::make_shared<Eigen::SimplicialLDLT<Sparse>>(matrix), draws.masses());
}

}  // namespace buffon
