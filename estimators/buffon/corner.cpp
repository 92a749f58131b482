#include <buffon/corner.hpp>

#include <cmath>
#include <cstdint>

#include <Eigen/Dense>

#include <buffon/half_space.hpp>
#include <buffon/linalg.hpp>

namespace buffon {
namespace {

constexpr double close_enough = 0.05;   // of u to the combination of the normals, relative
constexpr double rounding = 1e-9;       // eigenvalue of the normals' Gram matrix below which they are dependent

/// mean and covariance I + lift (diag(sd^2) - gram) lift' of a law whose distances from the planes are `mean`, `sd` and
/// independent.
Gaussian with_distances(const Eigen::VectorXd& u, const Eigen::MatrixXd& lift, const Eigen::MatrixXd& gram,
                        const Eigen::VectorXd& mean, const Eigen::VectorXd& sd) {
    const Eigen::MatrixXd inner = Eigen::MatrixXd(sd.array().square().matrix().asDiagonal()) - gram;
    const Eigen::MatrixXd covariance = Eigen::MatrixXd::Identity(u.size(), u.size()) + lift * inner * lift.transpose();
    const Eigen::VectorXd centre = u + lift * mean;
    Matrix c(u.size(), u.size());
    for (std::int64_t a = 0; a < c.rows; ++a)
        for (std::int64_t b = 0; b < c.cols; ++b) c(a, b) = 0.5 * (covariance(a, b) + covariance(b, a));
    return {{centre.data(), centre.data() + centre.size()}, cholesky(c, "corner", "covariance")};
}

}  // namespace

std::vector<Gaussian> about_corner(const std::vector<double>& u, const std::vector<std::vector<double>>& normals) {
    const auto d = static_cast<Eigen::Index>(u.size()), k = static_cast<Eigen::Index>(normals.size());
    const Eigen::VectorXd corner = Eigen::Map<const Eigen::VectorXd>(u.data(), d);
    Eigen::MatrixXd n(k, d);
    for (Eigen::Index i = 0; i < k; ++i)
        n.row(i) = Eigen::Map<const Eigen::RowVectorXd>(normals[static_cast<std::size_t>(i)].data(), d);
    const Eigen::MatrixXd gram = n * n.transpose();
    if (!(Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd>(gram).eigenvalues().minCoeff() > rounding)) return {};
    const Eigen::MatrixXd inverse = gram.inverse(), lift = n.transpose() * inverse;   // distances to what moves them
    const Eigen::VectorXd share = inverse * (n * corner);
    if (!(share.minCoeff() > 0) || (n.transpose() * share - corner).norm() > close_enough * corner.norm()) return {};
    std::vector<Gaussian> out;
    for (std::uint32_t set = 0; set + 1 < 1u << k; ++set) {
        Eigen::VectorXd mean = Eigen::VectorXd::Zero(k), sd(k);
        for (Eigen::Index i = 0; i < k; ++i) {
            const double unit = 1 / std::sqrt(inverse(i, i)),
                         beta = share(i) * unit;   // sd of t_i given the others, and the tail in its units
            sd(i) = unit;
            if (set >> i & 1) continue;   // wide
            const TailLaw law = tail_law(beta);
            mean(i) = (law.mean - beta) * unit;
            sd(i) = law.sd * unit;
        }
        out.push_back(with_distances(corner, lift, gram, mean, sd));
    }
    Gaussian wide{u, Matrix(d, d)};
    for (std::int64_t j = 0; j < d; ++j) wide.factor(j, j) = 1;
    out.push_back(std::move(wide));
    return out;
}

}  // namespace buffon
