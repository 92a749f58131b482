/// What a Markov chain on (x, sigma) asks of a CUDA device: plain structs whose pointers are memory of that device. Rows are
/// chains first, first + 1, ...; x (rows, dim), sigma (rows), all double. Not installed.
#pragma once

#include <cstdint>

#include <buffon/chain_terms.hpp>
#include <buffon/stream.hpp>

namespace buffon {

/// Where chains are, and what has happened to them since the counts were last read.
struct DeviceChains {
    std::int64_t first = 0, rows = 0, dim = 0;
    double* x = nullptr;
    double* sigma = nullptr;
    struct Counts {
        std::uint64_t accepted = 0, restarted = 0;
        std::uint64_t lost = ~std::uint64_t{0};   // the smallest chain whose law of sigma had no level
    };
    Counts* counts = nullptr;
};

/// Langevin steps: to = moved(x). Without `fair` in place, and chains that no longer stand go back to their start; with it such a
/// step stays where it was, and its number in `fair` is 0.
struct DeviceChainMove {
    DeviceChains chains;
    const double* score = nullptr;   // or the data prediction
    bool of_data = false;
    chain::StepSize eta;
    Stream normals;
    const double* first_x = nullptr;
    const double* first_sigma = nullptr;
    double* to = nullptr;
    std::int32_t* fair = nullptr;   // (rows)
};

/// Steps that are accepted or rejected by Metropolis' rule: then they replace x and what is known there.
struct DeviceChainAccept {
    DeviceChains chains;
    chain::StepSize eta;
    Stream uniforms;
    std::int64_t component = 0;
    double *score = nullptr, *density = nullptr;
    const double *ahead = nullptr, *score_ahead = nullptr, *density_ahead = nullptr;
    const std::int32_t* fair = nullptr;
};

/// Of the plug-in: to = x + h v; or, with `there`, D at these points: trace += a probe's part, and without, trace = 0 and
/// square = |x - D|^2.
struct DeviceChainProbe {
    DeviceChains chains;
    chain::Probe probe;
    double* to = nullptr;
};
struct DeviceChainGuess {
    DeviceChains chains;
    chain::Probe probe;
    const double *data = nullptr, *there = nullptr;
    double *square = nullptr, *trace = nullptr;   // (rows)
};

/// A draw of sigma among `levels` (count) for rows from, ..., from + rows - 1 of the chains, or the most probable one. Where
/// `square` is there, weights are the plug-in's. Logarithms of the weights before the prior: (rows, count), overwritten, where
/// visits are wanted, by the probabilities of the levels.
struct DeviceLevelDraws {
    DeviceChains chains;
    std::int64_t from = 0, rows = 0, count = 0;
    const double *levels = nullptr, *prior = nullptr;
    const double *square = nullptr, *trace = nullptr;   // (all rows)
    double* logs = nullptr;
    Stream uniforms;
    bool largest = false, visits = false;
};

/// sums (blocks, count) of the probabilities (rows, count) over blocks of rows.
struct DeviceLevelVisits {
    static constexpr std::int64_t block_rows = 64;

    const double* probabilities = nullptr;
    std::int64_t rows = 0, count = 0;
    double* sums = nullptr;

    constexpr std::int64_t blocks() const { return (rows + block_rows - 1) / block_rows; }
};

/// A row of each chain's traces, (rows, 2 and what is known): log sigma, the first coordinate, density, modes.
struct DeviceChainTrace {
    DeviceChains chains;
    const double* density = nullptr;   // (rows) or none
    const double* modes = nullptr;     // (rows, count)
    std::int64_t count = 0;
    double* out = nullptr;

    constexpr std::int64_t width() const { return 2 + (density != nullptr ? 1 : 0) + count; }
};

/// Chains whose sigma is below that of what was kept replace it.
struct DeviceChainKeep {
    DeviceChains chains;
    double *x = nullptr, *sigma = nullptr;
};

}   // namespace buffon
