/// The points of a pick-freeze run: rows of A and B, and of A with one group of inputs from B after the other. Not installed.
/// Source: Saltelli et al. (2010) for the sets; Owen (2013) for the third table.
#pragma once

#include <cstdint>
#include <vector>

#include <buffon/columns.hpp>
#include <buffon/input_groups.hpp>
#include <buffon/point_set.hpp>
#include <buffon/points.hpp>
#include <buffon/problem.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Sets of rows, each a table (rows, d): 0 is A, 1 is B, 2 + i is A with group i from B; with `both_ways` 2 + G + i is B with
/// group i from A. With `third`, a table C of its own, A gets the group from C: Owen's design.
/// All tables are columns of the same points, one net in 2 d (3 d) dimensions: two scrambles of one net would not be independent.
class SobolDesign {
public:
    SobolDesign(const Distribution& inputs, Groups groups, bool both_ways, bool third, Points kind, std::int64_t points,
                std::int64_t replicates, std::uint64_t key);

    /// Evaluations of one row.
    static std::int64_t sets(std::int64_t groups, bool both_ways) { return both_ways ? 2 * groups + 2 : groups + 2; }
    std::int64_t sets() const { return sets(groups_.size(), both_ways_); }
    const Groups& groups() const { return groups_; }
    bool both_ways() const { return both_ways_; }
    std::int64_t dim() const { return inputs_.dim(); }
    std::int64_t points() const { return points_; }           // N, of one replicate
    std::int64_t replicates() const { return replicates_; }

    /// Rows come in segments within one replicate: what is evaluated and summed at once.
    std::int64_t segment_rows() const { return segment_; }
    std::int64_t segments() const { return replicates_ * points_ / segment_; }
    std::int64_t replicate_of(std::int64_t segment) const { return segment * segment_ / points_; }

    const PointSet& point_set() const { return set_; }
    /// Uniforms of rows `first`, ... of all replicates: (rows, 2 d or 3 d), the tables side by side.
    void uniforms(std::int64_t first, View u) const { set_.uniform(first, u); }
    /// Where coordinate c of a row of set k stands among its uniforms.
    std::int64_t column(std::int64_t set, std::int64_t c) const;

    /// x (sets * segment rows, d) of a segment, set after set.
    void inputs(std::int64_t segment, View x) const;
    /// The same of one set and `x.rows` rows from `first` on, from x of the tables by columns (2 d or 3 d of them).
    /// Only coordinates of the group differ between sets: `x` is turned from the set before into the next.
    void next_set(std::int64_t set, ConstColumns tables, Columns x) const;
    std::int64_t tables() const { return third_ ? 3 : 2; }

private:
    /// The table that coordinate c of set k comes from.
    std::int64_t table(std::int64_t set, std::int64_t c) const;

    Distribution inputs_;
    Groups groups_;
    bool both_ways_, third_;
    std::int64_t points_, replicates_, segment_;
    PointSet set_;
};

}  // namespace buffon
