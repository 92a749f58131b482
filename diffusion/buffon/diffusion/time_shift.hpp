/// What the executor needs to follow a time-shifted table: labels that a sample may take, and the rows of each. Not installed.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <buffon/diffusion/table.hpp>

namespace buffon::diffusion {

/// One label for the state of a node.
struct ShiftLabel {
    double variance =
        HUGE_VAL;   // of a sample's coordinates that belongs to it, in the schedule's coordinates; inf: not to be taken
    double level = 0.0;           // sigma / alpha at which the denoiser is asked
    double scale = 1.0;           // alpha of the node / alpha of the label: the state in the label's x / alpha
};

/// The labels of one node, from the lowest time to the highest; the one in the middle is its own.
struct ShiftNode {
    double alpha = 1.0;
    std::vector<ShiftLabel> labels;   // empty: not shifted

    /// The label whose variance is next to that of a state; of equals the one next to the node's own.
    std::size_t choose(double variance) const;
};

struct TimeShift {
    std::vector<Table> tables;       // tables[k]: each step as it is made for label k of its node
    std::vector<ShiftNode> nodes;

    std::size_t own() const { return tables.size() / 2; }   // of the labels, the node's
};

/// Unbiased, of d >= 2 numbers.
template <class T>
double unbiased_variance(const T* x, std::int64_t d) {
    double mean = 0.0, sum = 0.0;
    for (std::int64_t j = 0; j < d; ++j) mean += static_cast<double>(x[j]) / static_cast<double>(d);
    for (std::int64_t j = 0; j < d; ++j) sum += (static_cast<double>(x[j]) - mean) * (static_cast<double>(x[j]) - mean);
    return sum / static_cast<double>(d - 1);
}

}  // namespace buffon::diffusion
