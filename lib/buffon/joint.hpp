/// Independent or dependent scalar inputs: univariate laws, one per coordinate, joined by a copula.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <buffon/columns.hpp>
#include <buffon/dependence.hpp>
#include <buffon/laws/univariate.hpp>
#include <buffon/view.hpp>

namespace buffon {

class Joint {
public:
    /// @param dependence  a copula of all coordinates, or copulas of groups of them; none: independent.
    /// @param names  default to "x1", "x2", ...
    /// @throw std::invalid_argument for no laws, a wrong number of names, a repeated name, a copula of another dimension, groups
    /// that overlap, a discrete law that depends on another input.
    explicit Joint(std::vector<Univariate> laws, std::vector<std::string> names = {},
                   Dependence dependence = {});

    std::int64_t dim() const { return static_cast<std::int64_t>(laws_.size()); }
    const std::vector<std::string>& names() const { return names_; }
    const std::vector<Univariate>& laws() const { return laws_; }
    const Dependence& dependence() const { return dependence_; }
    bool independent() const { return dependence_.independent(); }
    Support support(std::int64_t j) const;
    std::vector<double> mean() const;
    /// Of the coordinates themselves, not of the copula: an integral per dependent pair (of a Gaussian copula in closed form or
    /// as a series, of others over a grid, to about 1e-8 of the standard deviations).
    /// A law without variance (StudentT with df <= 2) puts +inf or NaN on the diagonal and NaN beside it where it is correlated.
    Matrix covariance() const;

    /// In a discrete coordinate (Discrete, Constant) the measure counts: its part is the log of a probability.
    void log_density(ConstView x, std::span<double> out) const;
    /// A coordinate at an end of its support, or beyond, maps to -inf or +inf; the others stay finite.
    void to_normal(ConstView x, View u) const;
    void from_normal(ConstView u, View x) const;
    void from_uniform(ConstView v, View x) const;
    /// The same by columns, in place; for independent coordinates.
    void from_uniform(Columns v) const;

private:
    std::vector<Univariate> laws_;
    std::vector<std::string> names_;
    Dependence dependence_;
    std::vector<bool> alone_;   // independent of all others
};

/// The Gaussian copula under which coordinates with these laws have the (Pearson) correlations of `correlation` (d, d).
/// @throw std::invalid_argument for a pair whose correlation no Gaussian copula reaches, naming the range, and for a law
/// without variance.
GaussianCopula gaussian_copula_from_pearson(const std::vector<Univariate>& laws, const Matrix& correlation);

}  // namespace buffon
