#include <buffon/diffusion/frechet_gap.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include <Eigen/Eigenvalues>

#include <buffon/check.hpp>

namespace buffon::diffusion {
namespace {

using Table = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using Look = Eigen::Map<const Table>;

/// tr A^1/2 at A = Z'Z / (n - 1), Z (n, d), with what it needs of its first two derivatives.
struct RootTrace {
    double value = 0.0;
    double curvature = 0.0;   // expectation of minus the second-order term that the noise of A makes
    Table half_inverse;       // A^-1/2 on the directions that have variance

    explicit RootTrace(const Table& z) {
        const auto n = static_cast<double>(z.rows());
        const Eigen::SelfAdjointEigenSolver<Table> solver(z.transpose() * z / (n - 1));
        const Eigen::VectorXd a = solver.eigenvalues().cwiseMax(0.0);
        const double least = 1e-12 * a.maxCoeff();
        const Eigen::VectorXd root = a.cwiseSqrt(), inverse = (a.array() > least).select(root.array().inverse(), 0.0);
        value = root.sum();
        half_inverse = solver.eigenvectors() * inverse.asDiagonal() * solver.eigenvectors().transpose();
        const Table w = z * solver.eigenvectors(), squares = w.cwiseAbs2();
        const Table of_products = squares.transpose() * squares / n, products = w.transpose() * w / n;
        for (Eigen::Index i = 0; i < a.size(); ++i)
            for (Eigen::Index j = 0; j < a.size(); ++j)
                if (a(i) > least &&
                    a(j) >
                        least)   // d^2 tr A^1/2 [H, H] = -1/2 sum H_ij^2 / (r_i r_j (r_i + r_j)) in the eigenvectors of A
                    curvature += 0.25 * inverse(i) * inverse(j) / (root(i) + root(j)) *
                                 (of_products(i, j) - products(i, j) * products(i, j)) / n;
    }
};

}  // namespace

FrechetReference::FrechetReference(std::span<const double> mean, const Matrix& covariance)
    : mean_(mean.begin(), mean.end()), axes_(covariance.rows, covariance.cols) {
    const Eigen::SelfAdjointEigenSolver<Table> solver(Look(covariance.data.data(), covariance.rows, covariance.cols));
    for (Eigen::Index j = 0; j < solver.eigenvalues().size(); ++j) variances_.push_back(std::max(0.0, solver.eigenvalues()(j)));
    Eigen::Map<Table>(axes_.data.data(), axes_.rows, axes_.cols) = solver.eigenvectors();
}

Figure FrechetReference::gap(ConstView x, double factor, double variance) const {
    const auto d = static_cast<Eigen::Index>(x.cols);
    const auto n = static_cast<double>(x.rows);
    require(x.rows > x.cols, "frechet: n must be above ", x.cols, ", got ", x.rows);
    const Eigen::Map<const Eigen::RowVectorXd> m(mean_.data(), d);
    const Look axes(axes_.data.data(), d, d);
    Table y = (Look(x.data, x.rows, d).rowwise() - factor * m) * axes;
    const Eigen::RowVectorXd shift = y.colwise().mean();
    y.rowwise() -= shift;
    const Eigen::RowVectorXd known =
        (factor * factor * Eigen::Map<const Eigen::RowVectorXd>(variances_.data(), d)).array() + variance;
    const Eigen::RowVectorXd scale = known.cwiseSqrt();
    const RootTrace root(y * scale.asDiagonal());
    const double spread = y.squaredNorm() / (n - 1);

    // The map that takes the rows' law to the known one along straight lines is symmetric, T = C0^1/2 A^-1/2 C0^1/2.
    const Table map = scale.asDiagonal() * root.half_inverse * scale.asDiagonal();
    const Eigen::VectorXd linear = 2 * y * shift.transpose() + (y.cwiseProduct(y - y * map)).rowwise().sum();
    Figure out{.value = 0.0,
               .rows = {},
               .squared = true,
               .raw = std::max(0.0, shift.squaredNorm() + spread + known.sum() - 2 * root.value),
               .bias = spread / n + 2 * root.curvature};
    for (Eigen::Index i = 0; i < linear.size(); ++i) out.rows.push_back(linear(i) - linear.mean());
    out.value = out.raw - out.bias;
    return out;
}

}  // namespace buffon::diffusion
