/// Strata of great-circle sampling: all of the normal law, or shells of the norm, each with circles or points of its
/// own. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/bootstrap_t.hpp>
#include <buffon/circle_look.hpp>
#include <buffon/circles.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/moments.hpp>
#include <buffon/tails.hpp>
#include <buffon/view.hpp>
#include <buffon/working_space.hpp>

namespace buffon {

/// One stratum: what is planned for it, and the independent terms that were drawn.
struct CirclePart {
    Shell shell;
    bool circles = true;   // or points
    double error = 0;      // standard deviation of a term, of the rarest event
    double cost = 1;       // evaluations of a term
    double share = 1;      // of the budget
    std::int64_t terms = 0, spent = 0;
    Moments moments = {};
    FirstRows first_rows{judged_rows / 8};
    BinnedRows rows = {}, with_unseen = {};   // the latter with what the grid may have missed
    std::vector<double> unseen = {};          // (columns) sums of that

    void add(const CircleShares& drawn, int threads);
    /// Whether its terms have a mean and an error.
    bool told() const { return terms >= 2; }
};

class CircleStrata {
public:
    CircleStrata(Evaluation& evaluate, const WorkingSpace& space, const CircleLook& look, std::int64_t grid);

    /// One stratum, or six shells where events become likely with the norm: points tell how frequent the rarest one is
    /// in each, where
    /// it is rare circles do. Shares of the budget are those of least variance, mixed with those of the shells' probabilities.
    void plan();
    /// Draws the terms of all strata with the evaluations that are left.
    void spend();

    const std::vector<CirclePart>& parts() const { return parts_; }
    /// Dimension of the space that circles turn in.
    std::int64_t dim() const { return look_.subspace().rows > 0 ? look_.subspace().rows : space_.dim(); }

private:
    bool circles_wanted() const;
    void split();
    double pilot(CirclePart& part, std::uint32_t number);
    void allocate();
    void draw(CirclePart& part, const Stream& stream, std::int64_t end);
    Circles circles(const Shell& shell) const;

    Evaluation& evaluate_;
    const WorkingSpace& space_;
    const CircleLook& look_;
    std::int64_t grid_;
    Matrix everything_;   // no subspace
    std::vector<CirclePart> parts_;
};

}  // namespace buffon
