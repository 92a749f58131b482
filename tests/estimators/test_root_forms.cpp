#include <buffon/root_forms.hpp>

#include <cmath>

#include <Eigen/Eigenvalues>
#include <doctest/doctest.h>

#include <buffon/stream.hpp>

using namespace buffon;

TEST_CASE("RootForms: quadratic forms of square roots are those of eigenvectors, over twelve orders of magnitude") {
    constexpr std::int64_t d = 40;
    Matrix basis(d, d), z(5, d);
    Stream{1, 1}.normal(0, basis.view());
    Stream{2, 1}.normal(0, z.view());
    const Eigen::MatrixXd turn =
        Eigen::HouseholderQR<Eigen::MatrixXd>(Eigen::Map<Eigen::MatrixXd>(basis.data.data(), d, d)).householderQ();
    Eigen::VectorXd roots(d);
    for (std::int64_t i = 0; i < d; ++i) roots[i] = std::pow(10.0, -6.0 * static_cast<double>(i) / (d - 1));
    const Eigen::MatrixXd square = turn * roots.cwiseAbs2().asDiagonal() * turn.transpose();
    Matrix g(d, d);
    for (std::int64_t i = 0; i < d; ++i)
        for (std::int64_t j = 0; j < d; ++j) g(i, j) = square(i, j);
    const RootForms forms(g, 1);
    CHECK(forms.trace() == doctest::Approx(roots.sum()).epsilon(1e-9));
    const std::vector<double> root = forms.of_root(z), inverse = forms.of_inverse_root(z);
    for (std::int64_t r = 0; r < 5; ++r) {
        const Eigen::VectorXd w = turn.transpose() * Eigen::Map<const Eigen::VectorXd>(z.view().row(r).data(), d);
        CHECK(root[static_cast<std::size_t>(r)] == doctest::Approx((roots.array() * w.array().square()).sum()).epsilon(1e-4));
        CHECK(inverse[static_cast<std::size_t>(r)] == doctest::Approx((w.array().square() / roots.array()).sum()).epsilon(1e-3));
    }
}

TEST_CASE("RootForms: of a singular matrix, and of zeros") {
    Matrix g(3, 3);
    g(0, 0) = 4;
    g(2, 2) = 9;
    Matrix z(1, 3, 1.0);
    const RootForms forms(g, 1);
    CHECK(forms.trace() == doctest::Approx(5));
    CHECK(forms.of_root(z)[0] == doctest::Approx(5).epsilon(1e-4));
    CHECK(RootForms(Matrix(2, 2), 1).trace() == 0);
    CHECK(RootForms(Matrix(2, 2), 1).of_root(Matrix(1, 2, 1.0))[0] == 0);
}
