/// Sobol' indices of all inputs (or groups of them) and outputs, with the joint covariance of their errors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <buffon/estimate.hpp>

namespace buffon {

struct Indices {
    std::vector<std::string> groups, outputs;   // (G), (m) names
    /// Of G groups of inputs and m outputs, group by group: names "x1" of one output, else "x1: y2".
    Estimate first_order;    // (G m): Var(E[y | group]) / Var(y)
    Estimate total_order;    // (G m): 1 - Var(E[y | all others]) / Var(y)
    Estimate second_order;   // (G (G - 1) / 2 m), "x1, x2": what two groups do only together / Var(y); empty unless asked for
    /// Of all outputs together, "first order of x1", "total order of x1", "second order of x1, x2"; with one output
    /// `joint` itself.
    Estimate aggregated;
    Estimate joint;          // all of these with one covariance, "first order of x1: y2", ..., those of all outputs last
};

/// Names of `joint`, of these groups and outputs.
std::vector<std::string> joint_names(const std::vector<std::string>& groups, const std::vector<std::string>& outputs,
                                     bool second_order);

/// The parts of `joint`, of `groups` groups and m outputs with these names: first order, total order, pairs, and of m >
/// 1 outputs the
/// same again of all of them together. Names of `joint` are made anew.
Indices indices_of(Estimate joint, const std::vector<std::string>& groups, const std::vector<std::string>& outputs,
                   bool second_order);

}  // namespace buffon
