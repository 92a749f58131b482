/// Tables packed for the executor. Several tables of one shape, differing in their weights, run side by side: one for each
/// sample (start levels) or one for each coordinate (DPM-Solver-v3). Not installed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <buffon/diffusion/table.hpp>

namespace buffon::diffusion {

/// One row: weights of table g at [k * tables + g].
struct Operation {
    int at = -1;                    // slot the denoiser reads, or -1
    int node_at = -1;               // >= 0: what it reads is the state of this node, 0 the start
    int out = 0;
    std::vector<int> in;            // slots
    std::vector<double> weights;    // (terms, tables)
    std::vector<double> offset;     // (tables): weight of the constant 1
    std::vector<double> noise;      // (tables); empty: none
    std::int64_t draw = 0;          // number of the noise row: its own stream
    std::vector<double> rho;        // (tables): level the value claims
    int node = -1;
    std::vector<double> langevin;   // (tables); empty: none
    bool pooled = false;
    std::vector<double> before;     // (tables): level at which the noise's piece of a Brownian path begins; it ends at rho
};

struct Program {
    enum class Axis { none, sample, coordinate };

    std::vector<Operation> operations;
    std::int64_t tables = 1;
    Axis axis = Axis::none;
    int slots = 1;
    std::int64_t evaluations = 0;   // per sample
};

/// @throw std::invalid_argument where the tables differ in shape.
Program pack(std::span<const Table> tables);

}  // namespace buffon::diffusion
