/// Points of sensitivity indices of a random model, one of whose inputs is its noise: each design twice, with two
/// independent values of it.
/// Not installed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <buffon/input_groups.hpp>
#include <buffon/point_set.hpp>
#include <buffon/points.hpp>
#include <buffon/problem.hpp>
#include <buffon/shapley_design.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// The group that is this input alone.
/// @throw std::invalid_argument, naming `who`, where no input has this name, it is in a group with others or depends on
/// one, or is all there is.
std::int64_t noise_group(const std::string& who, const Distribution& inputs, const Groups& groups, const std::string& noise);

/// Pick-freeze rows: A, B, and A with one group after the other from B, all with the noise of A, then all with that of B.
class SeededRows {
public:
    SeededRows(const Distribution& inputs, Groups groups, std::int64_t noise, Points kind, std::int64_t points,
               std::int64_t replicates, std::uint64_t key);

    /// Evaluations of one row, of G groups with the noise among them.
    static std::int64_t sets(std::int64_t groups) { return 2 * (groups + 1); }
    std::int64_t sets() const { return sets(groups_.size()); }
    const Groups& groups() const { return groups_; }
    std::int64_t noise() const { return noise_; }
    std::int64_t points() const { return points_; }   // rows of one replicate
    std::int64_t replicates() const { return replicates_; }

    /// x (rows sets, d) of rows `first`, ..., row after row.
    void rows(std::int64_t first, View x) const;

private:
    void take(ConstView from, std::int64_t group, View to) const;

    Distribution inputs_;
    Groups groups_;
    std::int64_t noise_, points_, replicates_;
    PointSet set_;
};

/// The walks of a design for Shapley effects; with a noise each twice, with two values of it, and through the other groups alone.
class Walks {
public:
    /// `noise`: a group of the design; -1: none.
    Walks(ShapleyDesign design, std::int64_t noise);

    /// Evaluations of one row, of G groups, the noise among them if there is one.
    static std::int64_t evaluations(std::int64_t groups, bool seeded) { return seeded ? 2 * groups : groups + 1; }
    std::int64_t evaluations() const { return evaluations(design_.steps(), seeded()); }
    const ShapleyDesign& design() const { return design_; }
    bool seeded() const { return noise_ >= 0; }
    /// Groups that have effects, and their number.
    const std::vector<std::string>& names() const { return names_; }
    std::int64_t steps() const { return std::ssize(names_); }

    /// Rows `first`, ...: numbers of the groups in the order of their steps (rows, steps), and x (rows evaluations, d):
    /// each row's walk, with a noise
    /// that with its value in a, then that with its value in b.
    void rows(std::int64_t first, std::vector<std::int64_t>& orders, View x) const;

private:
    void drop_noise(std::vector<std::int64_t>& orders, ConstView walks, View x) const;

    ShapleyDesign design_;
    std::int64_t noise_;
    std::vector<std::int64_t> of_;   // of each group its number among those with effects
    std::vector<std::string> names_;
};

}  // namespace buffon
