/// The square root of a positive semidefinite matrix, of which only its trace and quadratic forms are needed: no
/// eigenvectors. Not installed.
#pragma once

#include <vector>

#include <buffon/symmetric.hpp>
#include <buffon/view.hpp>

namespace buffon {

class RootForms {
public:
    /// Of g (d, d), whose lower triangle is read.
    explicit RootForms(Matrix g, int threads);

    /// Square roots of the eigenvalues, ascending; negative ones count as 0.
    const std::vector<double>& roots() const { return roots_; }
    double trace() const;
    /// z g^(1/2) z' and z g^(-1/2) z' of each row of z (n, d), to some 1e-5 of the values.
    std::vector<double> of_root(Matrix z) const { return forms(std::move(z), false); }
    std::vector<double> of_inverse_root(Matrix z) const { return forms(std::move(z), true); }

private:
    std::vector<double> forms(Matrix z, bool inverse) const;

    Tridiagonal t_;
    std::vector<double> roots_;
    int threads_;
};

}  // namespace buffon
