/// One population of subset simulation: first points of the input law, split level by level. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/evaluation.hpp>
#include <buffon/proposal.hpp>
#include <buffon/stream.hpp>
#include <buffon/view.hpp>
#include <buffon/working_space.hpp>

namespace buffon {

/// What leads from one level to the next.
struct Step {
    double threshold;   // of the family's lowest score
    double width;       // sqrt(1 - rho^2) of the moves
};

/// Points of one level, all of which came from a first point.
struct Particles {
    Matrix z, y;                       // (n, d), (n, columns)
    std::vector<double> score;         // lowest of the family
    std::vector<std::int64_t> root;    // first point
    std::vector<double> weight;        // of the first point, divided among what came from it

    std::int64_t n() const { return z.rows; }
};

class Splitting {
public:
    /// `outputs`: the family, whose lowest score leads; none: there is no score.
    Splitting(Evaluation& evaluate, const WorkingSpace& space, std::vector<std::int64_t> outputs);

    /// Points that were evaluated already, as first points.
    Particles taken(Draws draws) const;
    /// Rows first, first + 1, ... of the stream's sample of the input law.
    Particles first_points(std::int64_t count, const Stream& stream, std::int64_t first);
    /// The points above the threshold, each the first of a chain of equally many states that share its weight: about `n` in all,
    /// in chains of three times 1 / `probability` at most, and no more evaluations than `most`. `adapt` >= 0: the width
    /// is changed after each move towards that share of accepted ones.
    Particles split(const Particles& points, Step& step, double probability, std::int64_t n, std::int64_t most,
                    const Stream& stream, std::int64_t first, double adapt = -1);

private:
    std::vector<double> lowest(const Matrix& score, std::int64_t n) const;

    Evaluation& evaluate_;
    const WorkingSpace& space_;
    std::vector<std::int64_t> outputs_;
};

/// The threshold that the share `probability` of the scores lies above, 0 at most; more than that share where many are
/// alike at the
/// top. The least double where all scores are the same.
double threshold_of(const std::vector<double>& score, double probability);

/// rows (roots, columns): sum of weight times y of the points that are not above the threshold (or of all), by first point.
void settle(const Particles& points, double threshold, const std::vector<std::int64_t>& columns, View rows);

}  // namespace buffon
