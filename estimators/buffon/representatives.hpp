/// Of many input laws the few that stand in for all of them while a proposal is learnt: those whose densities span the
/// others' best. What adapts to them costs no pass over all laws. Not installed.
/// Source: column subset selection by Cholesky factorisation with pivots (Harbrecht, Peters, Schneider 2012).
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/working_space.hpp>

namespace buffon {

struct Representatives {
    std::vector<std::int64_t> laws;   // (K) in the order of the laws
    std::vector<std::int64_t> of;     // (J) which of the K stands in for each law: the one with the most alike density
    double unseen =
        0;   // share of a law's square density, relative to the mixture, that no combination of theirs has: the mean

    std::int64_t size() const { return static_cast<std::int64_t>(laws.size()); }
    /// Whether every law stands for itself.
    bool all() const { return laws.size() == of.size(); }
    /// Sums of v (J m), law by law, over the laws that each of the K stands in for: (K m).
    std::vector<double> summed(const std::vector<double>& v) const;
};

/// All laws where there are not more than `fewest`; else at least so many and at most `most`, enough for no more than
/// `tolerance` to stay unseen. The same whatever the run: densities are compared at fixed points of their mixture.
Representatives representatives_of(const WorkingSpace& space, std::int64_t fewest, std::int64_t most, double tolerance);

}  // namespace buffon
