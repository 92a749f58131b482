/// Who depends on whom in a Joint: copulas on disjoint groups of its coordinates, the rest independent.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include <buffon/copula.hpp>
#include <buffon/view.hpp>

namespace buffon {

struct CopulaGroup {
    Copula copula;
    std::vector<std::int64_t> coordinates;   // of its columns, in their order; empty: all of the Joint
};

class Dependence {
public:
    /// Independent.
    Dependence() = default;
    /// One copula of all coordinates.
    template <class C>
        requires std::constructible_from<Copula, C>
    Dependence(C copula) : groups_{{Copula(std::move(copula)), {}}} {}
    Dependence(std::vector<CopulaGroup> groups) : groups_(std::move(groups)) {}

    bool independent() const { return groups_.empty(); }
    const std::vector<CopulaGroup>& groups() const { return groups_; }
    /// @throw std::invalid_argument unless the groups are disjoint, lie within `dim` coordinates, and fit their copulas.
    void check(std::int64_t dim) const;

    /// The copula of coordinates i and j alone; none where they are independent.
    std::optional<Copula> pair(std::int64_t i, std::int64_t j) const;
    /// Correlation (dim, dim) of the normal scores where all copulas are Gaussian, or there are none.
    std::optional<Matrix> gaussian(std::int64_t dim) const;

    /// On normal scores z (n, d), in place: to independent ones, and back. An infinite score stays, and acts on the
    /// others as 40 does.
    void decorrelate(View z) const;
    void correlate(View z) const;
    /// Adds the log density of the dependence at each row of finite scores.
    void add_log_density(ConstView z, std::span<double> out) const;

private:
    std::vector<CopulaGroup> groups_;
};

}  // namespace buffon
