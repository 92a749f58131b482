/// Log-density of samples under a deterministic sampler, by the instantaneous change of variables along its path to noise.
/// Source: Song et al., "Score-based generative modeling through stochastic differential equations", ICLR 2021, appendix D.2;
/// trace by random probes: Grathwohl et al., "FFJORD", ICLR 2019.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

#include <buffon/diffusion/denoiser.hpp>
#include <buffon/diffusion/sample.hpp>
#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

struct LikelihoodOptions {
    std::optional<Matrix> x = {};
    std::int64_t probes = 0;
    std::optional<std::uint64_t> rng = {};
    OneOrMany<std::int64_t> condition = {};
    std::optional<std::int64_t> batch = {};
    int threads = 0;

    static constexpr auto fields() {
        return std::tuple{
            Field{"x", &LikelihoodOptions::x,
                  "samples (n, d), in the schedule's coordinates at the table's last time; must be given"},
            Field{"probes", &LikelihoodOptions::probes,
                  "random directions in which the denoiser's derivative is taken, at least 2, for an error bar; 0 "
                  "takes all d coordinates, without random numbers"},
            Field{"rng", &LikelihoodOptions::rng, "key of the probes' random numbers; none draws a fresh one"},
            Field{"condition", &LikelihoodOptions::condition,
                  "class of each sample, or one of all; None: unconditional"},
            Field{"batch", &LikelihoodOptions::batch,
                  "largest number of rows in one call of the denoiser's wrapper; changes no result"},
            Field{"threads", &LikelihoodOptions::threads, "threads, 0 for all; changes no result"}};
    }
};

struct Likelihood {
    std::vector<double> value;        // log-density of each sample
    std::vector<double> std_error;    // from the spread of the probes; 0 without
    Matrix noise;                     // (n, d): the samples' noise, in the schedule's coordinates at the table's first time
    std::int64_t evaluations = 0;
    std::uint64_t rng_key = 0;
};

/// log p(x) = log N(noise; 0, prior_scale^2 I) + integral of the divergence along the path: the log-density of what the solver
/// makes of its prior, up to its own error. The divergence is taken by central differences: 1 + 2 d or 1 + 2 probes evaluations
/// for each of the table's.
/// @throw std::invalid_argument for a random table, one that ends at sigma = 0, no x, probes = 1 or less than 0.
Likelihood log_likelihood(const Denoiser& model, const Table& table, const LikelihoodOptions& options = {});

}  // namespace buffon::diffusion
