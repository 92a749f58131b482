/// Control functions that only one expectation has, beside the proposal's components that all share: under J laws the density
/// of its own law, and a Gaussian fitted to its own integrand where the proposal has none for it. They cost J small regressions
/// on what the shared controls leave, not one with J more regressors. Not installed.
/// Source: partial regression of Frisch & Waugh (1933).
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/gaussian_fit.hpp>
#include <buffon/pool.hpp>
#include <buffon/proposal.hpp>
#include <buffon/regression.hpp>
#include <buffon/working_space.hpp>

namespace buffon {

class OwnControls {
public:
    /// Cross products of each expectation with its own controls, and of these.
    struct Sums {
        std::vector<double> ff, ft, fg, gg, gt;
        void merge(const Sums& other, double sign = 1.0);
    };
    /// Coefficients of f and g for each summand.
    struct Coefficients {
        std::vector<double> f, g;
    };

    /// None: responses are the summands alone.
    OwnControls() = default;
    /// For summands (n, J c), law by law; `fitted`: a Gaussian for each of the first functions of each law, law by law, or none.
    OwnControls(std::int64_t laws, std::int64_t columns, const std::vector<Gaussian>& fitted);

    /// Columns beside the J c summands: f_j / q - 1 (J), then g / q - 1.
    std::int64_t size() const { return laws_ + fitted_.size(); }
    /// out (n, J c + size()): the summands of a batch, and these controls.
    void responses(const Batch& batch, Matrix& out) const;
    void add(ConstView responses, Sums& sums) const;
    /// From sums over the same rows, and the coefficients b of all responses on the shared controls. Controls fade out where the
    /// shared ones (and g) leave about cut^2 of their variance: `kept_share`.
    Coefficients regress(const CrossProducts& shared, const Sums& own, const Matrix& b, double cut) const;
    /// Subtracts the own controls from the summands, the shared ones having been subtracted from all columns.
    void subtract(const Coefficients& coefficients, View responses) const;

private:
    /// The place of a summand's g among all of them, or -1.
    std::int64_t g_of(std::int64_t summand) const;
    void make_room(Sums& sums) const;
    void add_products(const double* a, const double* b, double sign, Sums& sums) const;
    Sums left(const CrossProducts& shared, const Sums& own, const Matrix& b, Sums& centred) const;

    std::int64_t laws_ = 0;
    std::int64_t columns_ = 1;     // functions of each law
    std::int64_t summands_ = 0;    // laws * columns
    std::int64_t functions_ = 0;   // of these the first have a g
    Gaussians fitted_{{}};
};

/// A Gaussian for |phi_k f_j| of each law j and function k < `functions`, by the points of the pool; a standard normal law where
/// the pool has seen too little of one.
std::vector<Gaussian> fit_each(const Pool& pool, const WorkingSpace& space, std::int64_t functions, const FitOptions& options);

}  // namespace buffon
