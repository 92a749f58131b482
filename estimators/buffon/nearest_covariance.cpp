#include <buffon/nearest_covariance.hpp>

#include <Eigen/Eigenvalues>

namespace buffon {
namespace {

using RowMajor = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// 1 / x, or 0 for 0.
Eigen::VectorXd inverse(const Eigen::VectorXd& x) {
    return x.unaryExpr([](double v) { return v > 0 ? 1 / v : 0.0; });
}

}  // namespace

Matrix nearest_covariance(const Matrix& matrix) {
    const Eigen::Map<const RowMajor> c(matrix.data.data(), matrix.rows, matrix.cols);
    const Eigen::VectorXd sd = c.diagonal().cwiseMax(0).cwiseSqrt();
    const RowMajor correlation = inverse(sd).asDiagonal() * c * inverse(sd).asDiagonal();
    const Eigen::SelfAdjointEigenSolver<RowMajor> found(correlation);
    if (found.eigenvalues().minCoeff() >= 0) return matrix;
    const RowMajor root = found.eigenvectors() * found.eigenvalues().cwiseMax(0).cwiseSqrt().asDiagonal();
    const Eigen::VectorXd scale = sd.cwiseProduct(inverse(root.rowwise().norm()));
    const RowMajor half = scale.asDiagonal() * root;
    Matrix out(matrix.rows, matrix.cols);
    Eigen::Map<RowMajor>(out.data.data(), out.rows, out.cols) = half * half.transpose();
    for (std::int64_t i = 0; i < out.rows; ++i) {
        out(i, i) = matrix(i, i);
        for (std::int64_t j = 0; j < i; ++j) out(j, i) = out(i, j);   // a product A A' may differ in its last bits
    }
    return out;
}

}  // namespace buffon
