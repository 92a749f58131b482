/// Parallel lines in standard normal space, cut into cells where scores change their sign. Not installed.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/evaluation.hpp>
#include <buffon/stream.hpp>
#include <buffon/view.hpp>
#include <buffon/working_space.hpp>

namespace buffon {

class Lines {
public:
    /// `direction` (d) of length 1; `places`: where each line is looked at, in ascending order; `cuts`: where it is cut
    /// in any case, so
    /// that what lies beyond weighs no more than its probability even where no root is seen. Neither: lines are whole.
    Lines(Evaluation& evaluate, const WorkingSpace& space, std::vector<double> direction, std::vector<double> places,
          std::vector<double> cuts, std::int64_t refinements);

    /// Evaluations of a line without any root.
    std::int64_t least() const { return static_cast<std::int64_t>(places_.size() + cuts_.size() + 1); }

    /// Lines first, first + 1, ... of the stream: rows (count, columns) of sum over cells of probability times y at one
    /// of its points.
    /// @param outputs  whose scores cut;   most  evaluations, at least `least()` for each line: what they do not
    /// suffice for, roots first, then cells, is left out.
    Matrix sample(std::int64_t count, const Stream& stream, std::int64_t first, std::int64_t outputs, std::int64_t most);

private:
    /// Between two places where a score has another sign.
    struct Bracket {
        std::int64_t line, output;
        double low, high, at_low, at_high;   // coordinates, scores (halved, perhaps, by the Illinois rule)
        double root;
        int side = 0;                        // which end moved last
        bool done = false;

        double next() const;
        void move(double c, double score, double scale);
    };

    Matrix points(ConstView across, const std::vector<std::int64_t>& line, const std::vector<double>& along) const;
    std::vector<Bracket> brackets(ConstView across, std::int64_t outputs, std::vector<double>& scale);
    void refine(ConstView across, std::vector<Bracket>& brackets, const std::vector<double>& scale, std::int64_t most);

    Evaluation& evaluate_;
    const WorkingSpace& space_;
    std::vector<double> direction_, places_, cuts_;
    std::int64_t refinements_;
};

/// P(low < u < high) of a standard normal u, accurate in both tails, and the point of that cell at v in (0, 1).
double cell_probability(double low, double high);
double point_of_cell(double low, double high, double v);

}  // namespace buffon
