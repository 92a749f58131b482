/// A sample that remembers where each row came from: what reweighting, and an honest error of it, needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <buffon/distribution.hpp>
#include <buffon/view.hpp>

namespace buffon {

struct Sample {
    Matrix x;                          // (n, d) inputs
    Matrix y;                          // (n, m) outputs
    std::vector<double> log_density;   // (n)    log density of the law that row was drawn from, at x
    std::vector<std::string> inputs;   // (d)    names
    std::vector<std::string> outputs;  // (m)    names

    std::optional<Distribution> law;   // of the inputs in the problem that was run, or of a user's table
    /// (n) Number of the scramble (or cluster) that a row belongs to, -1 for rows of the adaptation; empty where rows are
    /// independent. Rows of one number depend on each other, those of different numbers do not: errors come from the latter.
    std::vector<std::int64_t> replicate;
    /// The first rows that were drawn to learn a sampling law, each batch from another one that depends on those before it.
    /// The rows after them are from one law, given the first: means over them, weighted by density / exp(log_density), are unbiased.
    std::int64_t adaptation = 0;
    /// Draws, beside the later rows, outside the support of every input law: not evaluated, they count in a mean with weight 0.
    std::int64_t skipped = 0;
    /// (n - adaptation, K) functions of the later rows' draws that have mean 0: densities of the components of the sampling law
    /// relative to it, less 1. None where not all draws are kept.
    Matrix controls;

    std::int64_t n() const { return x.rows; }
    void append(ConstView more_x, ConstView more_y);
};

}  // namespace buffon
