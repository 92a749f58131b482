/// Where on one great circle events happen: phases where the model was asked, and where to ask next. Not installed.
/// Cells whose ends lie in different classes are bisected towards the border, as failures are often thin slabs along it; bumps of
/// scores within a class are climbed; the edges of arcs are bisected until they are as narrow as what is known of the arc.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace buffon {

class CircleSearch {
public:
    /// Of `events` scores; `distances`: labels are distances whose smallest differs from each score by a constant.
    CircleSearch(std::int64_t events, bool distances) : events_(static_cast<std::size_t>(events)), distances_(distances) {}

    /// What the model says at a phase in [0, 2 pi): scores (events), labels (0, 1 or k numbers).
    void add(double phase, std::span<const double> score, std::span<const double> labels);
    /// Phases to ask at next, at most one a cell; none when all is known that is looked for.
    std::vector<double> next() const;

    /// (low, high) of cells with an edge: one uniform draw in each decides it.
    struct Cell {
        std::size_t at;
        double low, width;
    };
    std::vector<Cell> edges() const;
    /// (events) share of the circle: cells whose ends are in the event; of each of `edges`, in order, what its draw has
    /// hit, (edges, events).
    std::vector<double> shares(const std::vector<Cell>& edges, const std::vector<bool>& hits) const;
    /// (events) of these shares, what a search that starts from every second of the first `grid` phases would not have
    /// met, as a mean over both halves of the grid.
    /// Estimates what the whole grid has missed: where a circle touches a border, crossings less than w apart have a
    /// probability ~ w^2 and arcs as long as 1 / w, so that what cells miss is linear in their width.
    std::vector<double> unseen(std::int64_t grid, const std::vector<Cell>& edges, const std::vector<bool>& hits) const;

private:
    struct Node {
        double phase;
        std::size_t at;         // of its scores and labels
        std::int64_t own;       // class
    };

    std::size_t after(std::size_t i) const { return i + 1 == nodes_.size() ? 0 : i + 1; }
    std::size_t before(std::size_t i) const { return i == 0 ? nodes_.size() - 1 : i - 1; }
    double width(std::size_t cell) const;
    double score(std::size_t i, std::size_t j) const { return scores_[nodes_[i].at * events_ + j]; }
    bool hit(std::size_t i, std::size_t j) const { return score(i, j) > 0; }
    bool is_edge(std::size_t cell, std::size_t j) const { return hit(cell, j) != hit(after(cell), j); }
    double as_class(std::size_t i, std::size_t j, std::int64_t label) const;
    bool edge_open(std::size_t cell, std::size_t j) const;
    bool may_hide(std::size_t cell, std::size_t j) const;
    std::vector<double> of_cells(const std::vector<Cell>& edges, const std::vector<bool>& hits) const;
    CircleSearch part_of(std::int64_t grid, std::int64_t half) const;
    std::vector<bool> looked_at(std::size_t j) const;
    bool bump(std::size_t i, std::size_t j, double& phase, std::size_t& cell) const;

    std::size_t events_, labels_ = 0;
    bool distances_;
    std::vector<Node> nodes_;      // by phase
    std::vector<double> scores_, label_;
};

}  // namespace buffon
