/// The points of a run for Shapley effects: from a draw of the inputs to an independent one, group after group in random order.
/// Not installed.
/// Source: Song, Nelson, Staum (2016) for random orders; Goda (2021) for one walk a row; conditional draws in any order
/// (rosenblatt.hpp) make it the pick-freeze form of dependent inputs.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <buffon/input_groups.hpp>
#include <buffon/point_set.hpp>
#include <buffon/points.hpp>
#include <buffon/problem.hpp>
#include <buffon/rosenblatt.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// A row is a walk of G + 1 points: point 0 is a draw a, point k has the first k groups of the row's order drawn anew given the
/// others, point G is independent of a. Draws and order are columns of one point set in 2 d + G dimensions.
class ShapleyDesign {
public:
    ShapleyDesign(const std::string& who, const Distribution& inputs, Groups groups, Points kind, std::int64_t points,
                  std::int64_t replicates, std::uint64_t key);

    const Groups& groups() const { return groups_; }
    std::int64_t steps() const { return groups_.size(); }
    std::int64_t points() const { return points_; }           // rows of one replicate
    std::int64_t replicates() const { return replicates_; }
    /// Whether no group depends on another.
    bool independent() const { return !rosenblatt_; }

    /// Rows `first`, ...: their orders (rows, G), and x (rows (G + 1), d), walk after walk.
    void rows(std::int64_t first, std::vector<std::int64_t>& orders, View x) const;

private:
    void independent_walks(ConstView u, const std::vector<std::int64_t>& orders, View x) const;
    void dependent_walks(ConstView u, const std::vector<std::int64_t>& orders, View x) const;

    Distribution inputs_;
    Groups groups_;
    std::int64_t points_, replicates_;
    PointSet set_;
    std::optional<Rosenblatt> rosenblatt_;
};

}  // namespace buffon
