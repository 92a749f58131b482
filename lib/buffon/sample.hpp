/// A sample that remembers where each row came from: what reweighting, and an honest error of it, needs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <buffon/distribution.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// A cell of a user's table that holds no number.
struct Missing {
    std::int64_t row;     // of the table, from 0
    std::string column;
    std::string text;     // what stands there

    bool operator==(const Missing&) const = default;
};

struct Sample {
    Matrix x;                          // (n, d) inputs
    Matrix y;                          // (n, m) outputs; not finite where an evaluation failed
    std::vector<double> log_density;   // (n)    log density of the law that row was drawn from, at x; empty: not known
    std::vector<std::string> inputs;   // (d)    names
    std::vector<std::string> outputs;  // (m)    names

    std::optional<Distribution> law;   // of the inputs in the problem that was run, or of a user's table
    /// (n) Number of the scramble (or cluster) that a row belongs to, -1 for rows of the adaptation; empty where rows are
    /// independent. Rows of one number depend on each other, those of different numbers do not: errors come from the latter.
    std::vector<std::int64_t> replicate;
    /// The first rows that were drawn to learn a sampling law, each batch from another one that depends on those before it.
    /// The rows after them are from one law, given the first: means over them, weighted by density / exp(log_density),
    /// are unbiased.
    std::int64_t adaptation = 0;
    /// Draws, beside the later rows, outside the support of every input law: not evaluated, they count in a mean with weight 0.
    std::int64_t skipped = 0;
    /// (n - adaptation, K) functions of the later rows' draws that have mean 0: densities of the components of the sampling law
    /// relative to it, less 1. None where not all draws are kept.
    Matrix controls;

    bool weighted = false;               // where `law` was lost (in a file): its weights were not all equal
    std::vector<Missing> missing;        // cells without a number in the table that this was made from
    std::int64_t n_dropped = 0;          // its rows that are not here, since an input is missing
    std::vector<std::string> warnings;   // plain words: what makes answers from it doubtful

    std::int64_t n() const { return x.rows; }
    void append(ConstView more_x, ConstView more_y);

    /// Whether all outputs of row i are finite.
    bool succeeded(std::int64_t i) const;
    /// Rows whose outputs are not all finite.
    std::int64_t n_failed() const;
    /// (n) log of the law's density over that of the law each row was drawn from; none where either is not known.
    std::vector<double> log_weight() const;
    /// Whether the rows are independent draws of `law`, as far as is known: equal weights, to a part in 10^6.
    bool equally_weighted() const;

    /// Sets `law`, of which the rows are a sample, and log_density, its own; what shows that it did not make them is added to
    /// `warnings` (law_doubts.hpp). Rows with weights (n), or a log_density that is already there, come from another law.
    /// @throw std::invalid_argument for a law of another dimension.
    void stands_for(const Distribution& law, const std::vector<double>& log_weight = {});
};

}  // namespace buffon
