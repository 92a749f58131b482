/// Samples from states of chains, each at a level of its own: through a table where it reaches so high, else by one evaluation. Not
/// installed.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <buffon/diffusion/denoiser.hpp>
#include <buffon/diffusion/sample.hpp>
#include <buffon/diffusion/table.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

/// As `sample` takes it; -1 for none.
OneOrMany<std::int64_t> condition_of(std::int64_t label);

/// The last level of a table that is not 0.
double lowest_level(const Table& table);

struct ChainSamplesOptions {
    std::uint64_t key = 0;
    std::int64_t label = -1;        // of all samples; -1: none
    bool final = true;              // to the data prediction where the table ends above 0
    int threads = 0;
    std::string device = "cpu";
};

struct ChainSamples {
    Matrix x;                                     // (n, d), in the schedule's coordinates at the table's end
    std::int64_t by_table = 0, by_prediction = 0; // evaluations
};

/// states (n, d) = x0 + level eps, levels (n). Rows that the table can start from go through it, all at once; the others, at its last
/// level or below, are one evaluation away.
ChainSamples chain_samples(const Denoiser& model, const Table& table, const Matrix& states, std::span<const double> levels,
                           const ChainSamplesOptions& options);

}  // namespace buffon::diffusion
