/// Rosenblatt's map in any order of the coordinates: draws of some of them given any others. Not installed.
/// Of elliptical dependence (normal and Student vectors, Gaussian and Student copulas): a Cholesky factor for each order.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <buffon/distribution.hpp>
#include <buffon/spherical_t.hpp>
#include <buffon/view.hpp>

namespace buffon {

class Rosenblatt {
public:
    /// @param group_of  (d) numbers of groups whose coordinates keep their own order: `order` takes them whole.
    /// @throw std::invalid_argument, naming `who`, for a mixture, and for a Clayton, Frank or Gumbel copula of several groups.
    Rosenblatt(const std::string& who, const Distribution& law, const std::vector<std::int64_t>& group_of);

    /// Independent standard normal numbers e (n, d), each in its coordinate's place, to dependent scores, in place: those of the
    /// first k coordinates of `order` (a permutation of 0 ... d - 1) depend on the first k numbers alone, for every k.
    void correlate(std::span<const std::int64_t> order, View e) const;
    /// Dependent scores of any order (n, d) to draws of the law, in place.
    void from_scores(View scores) const;

private:
    /// Coordinates that depend on each other.
    struct Block {
        Matrix correlation;
        std::vector<std::int64_t> coordinates;
        std::optional<SphericalT> student;   // none: normal
        bool copula = true;                  // its scores are made normal again
    };
    using GroupOf = std::vector<std::int64_t>;
    void add(const std::string& who, const Joint& law, const GroupOf& group_of);
    void add(const std::string& who, const MultivariateNormal& law, const GroupOf&);
    void add(const std::string& who, const MultivariateT& law, const GroupOf&);
    void add(const std::string& who, const Mixture& law, const GroupOf&);

    std::vector<Block> blocks_;
    Dependence whole_;                        // copulas of one group each, in their own order
    std::optional<Joint> marginals_;          // of a Joint
    std::vector<double> location_, scale_;    // else (d)
};

}  // namespace buffon
