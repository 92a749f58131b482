/// Design points: where an event comes nearest to the origin of standard normal space. Not installed.
/// Source: Hasofer, Lind (1974), Rackwitz, Fiessler (1978), with the line search of Zhang, Der Kiureghian (1995);
/// several points by
/// bulges that hide those found, Der Kiureghian, Dakessian (1998). Kinks of systems: the nearest point of the last linearisations
/// together (Kelley's cutting planes) is tried beside that of the last one.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include <buffon/differences.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/proposal.hpp>
#include <buffon/view.hpp>
#include <buffon/working_space.hpp>

namespace buffon {

struct SearchOptions {
    Differences differences = Differences::forward;
    double step = 1e-4;            // of the differences, in standard deviations
    double tolerance = 1e-3;       // of a design point, relative to its distance
    std::int64_t iterations = 30;  // of one descent at most
    std::int64_t starts = 5;       // in vain before the search of an output's points ends; 0: a single descent
    std::int64_t most = 0;         // evaluations of the whole search
};

struct DesignPoint {
    std::int64_t output;
    std::vector<double> u;    // (d)
    double beta;              // |u|
    double slope;             // |gradient of the score| there
    bool converged;
    std::vector<std::vector<double>> normals =
        {};   // unit, of the planes that meet there: a corner of a system; none where one is all
};

class DesignSearch {
public:
    /// `z` (n, d) with `score` (n, m): points known so far, to start from. Randomness: starts, by the key of the evaluation.
    DesignSearch(Evaluation& evaluate, const WorkingSpace& space, ConstView z, ConstView score, const SearchOptions& options);

    /// Of the outputs that are not likely at the origin already: all points found.
    const std::vector<DesignPoint>& run();

    std::int64_t spent() const { return spent_; }
    /// Evaluations ran out before the starts in vain did.
    bool exhausted() const { return exhausted_; }

private:
    /// Of the score about a point: s(v) = slope . v + level.
    struct Plane {
        std::vector<double> slope;
        double level;
        std::vector<double> at;   // where it was taken
    };
    struct Place {
        std::vector<double> u;
        double score;
    };

    void search(const std::vector<std::int64_t>& levels);
    bool try_start(std::int64_t output, const std::vector<double>& start);
    std::optional<DesignPoint> descend(std::int64_t output, std::vector<double> start, bool hidden);
    DesignPoint arrived(std::int64_t output, const Place& at, const std::deque<Plane>& planes, bool converged) const;
    std::optional<Plane> linearise(std::int64_t output, const Place& at, bool hidden);
    std::optional<Place> next_place(std::int64_t output, const Place& at, const std::deque<Plane>& planes, bool hidden);
    std::optional<std::vector<double>> start(std::int64_t output, std::int64_t attempt);
    std::vector<double> best_known(std::int64_t output, bool beyond) const;
    std::optional<std::vector<double>> far_hit(std::int64_t output);
    std::vector<double> across(std::int64_t output, std::int64_t attempt) const;
    std::vector<double> scores_at(std::int64_t output, const Matrix& z, bool hidden);
    double bulges(std::int64_t output, std::span<const double> u) const;
    bool is_known(const DesignPoint& point) const;
    bool affords(std::int64_t evaluations);
    std::vector<const DesignPoint*> of(std::int64_t output) const;
    std::int64_t stencil() const;

    Evaluation& evaluate_;
    const WorkingSpace& space_;
    ConstView z_, score_;
    SearchOptions options_;
    std::vector<double> scale_;    // (m) standard deviations of the scores
    std::vector<DesignPoint> found_;
    std::int64_t spent_ = 0;
    bool exhausted_ = false;
};

}  // namespace buffon
