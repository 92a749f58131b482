/// Great circles in standard normal space whose points at every phase have the normal law, and the events on them. Not installed.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <buffon/evaluation.hpp>
#include <buffon/stream.hpp>
#include <buffon/view.hpp>
#include <buffon/working_space.hpp>

namespace buffon {

/// Points whose squared norm lies between two quantiles of its chi-square law.
struct Shell {
    double low = 0, high = 1;   // probabilities

    double probability() const { return high - low; }
    bool whole() const { return low == 0 && high == 1; }
    /// Norm at v in (0, 1) of the shell, of d coordinates.
    double radius(double v, std::int64_t d) const;
};

/// What the columns are.
struct Events {
    std::vector<std::int64_t> columns;   // outputs of zeros and ones with a score
    std::vector<std::int64_t> labels = {};   // a class number, or distances to classes; none: nothing is known of classes
    bool distances = false;   // see CircleSearch
};

/// One row a circle.
struct CircleShares {
    Matrix rows = {};     // of an event the share of the circle in it, of other columns the mean over the grid
    Matrix unseen = {};   // see CircleSearch; 0 for other columns
};

class Circles {
public:
    /// `subspace` (r, d): orthonormal rows in which circles turn; none: in all of it. In a shell circles keep their norm.
    Circles(Evaluation& evaluate, const WorkingSpace& space, const Matrix& subspace, Shell shell, Events events,
            std::int64_t grid);

    /// Circles first, first + 1, ... of the stream: (up to `count`, columns), as many as `most` evaluations suffice for; a
    /// circle that was begun, and all after it, are left out.
    CircleShares sample(std::int64_t count, const Stream& stream, std::int64_t first, std::int64_t most);
    /// Points of the shell in the same way, one a row.
    Matrix points(std::int64_t count, const Stream& stream, std::int64_t first);
    /// Coordinates of such points (count, d).
    Matrix coordinates(std::int64_t count, const Stream& stream, std::int64_t first) const;

private:
    struct Circle {
        std::vector<double> centre, a, b;   // z = centre + a cos + b sin
        double offset;
    };
    struct Asked {
        std::int64_t circle;
        double phase;
    };
    Circle draw(const Stream& stream, std::int64_t index) const;
    Matrix at(const std::vector<Circle>& circles, const std::vector<Asked>& asked) const;

    Evaluation& evaluate_;
    const WorkingSpace& space_;
    const Matrix& subspace_;
    Shell shell_;
    Events events_;
    std::int64_t grid_;
};

}  // namespace buffon
