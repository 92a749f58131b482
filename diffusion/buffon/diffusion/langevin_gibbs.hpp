/// Denoising MCMC: a chain on (x, sigma) visits all modes at high noise and little noise in turns; a copy of its state, now and
/// then, is denoised from its own level by any solver's table, in fewer evaluations than a start from pure noise needs.
/// Source: Kim, Ye, "Denoising MCMC for accelerating diffusion-based generative models", ICML 2023.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <buffon/diffusion/chain_step.hpp>
#include <buffon/diffusion/chain_traces.hpp>
#include <buffon/diffusion/prior_adaptation.hpp>
#include <buffon/diffusion/sample.hpp>
#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>
#include <buffon/run.hpp>

namespace buffon::diffusion {

/// Which state of a round is denoised: its last one; or, as in the released code, that of least sigma, the one before the round
/// included (the earlier of equal ones).
enum class Emit { last, min };

struct LangevinGibbsOptions {
    std::int64_t n = 4096;
    std::optional<std::int64_t> chains = {};
    std::int64_t skip = 3;
    std::int64_t burn_in = 20;
    std::optional<PriorAim> adapt = {};
    Emit emit = Emit::last;
    bool final = true;
    std::optional<Table> start = {};
    double start_noise = 0.5;
    std::optional<Matrix> x = {};
    OneOrMany<double> level = {};
    std::optional<std::uint64_t> rng = {};
    std::optional<std::filesystem::path> checkpoint = {};
    int threads = 0;
    std::string device = "cpu";
    Progress progress = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"n", &LangevinGibbsOptions::n, "number of samples"},
            Field{"chains", &LangevinGibbsOptions::chains,
                  "chains side by side, each of which gives every chains-th sample; None: 400, or n where that is "
                  "less, or the rows of x"},
            Field{"skip", &LangevinGibbsOptions::skip, "steps of the chain before each sample"},
            Field{"burn_in", &LangevinGibbsOptions::burn_in, "steps before the first round"},
            Field{"adapt", &LangevinGibbsOptions::adapt,
                  "'flat': weights of the levels are learnt in burn-in, from those of prior, so that all are visited "
                  "alike, and kept then; takes "
                  "hundreds of steps. None: they are those of prior"},
            Field{"emit", &LangevinGibbsOptions::emit,
                  "'last' denoises the last state of a round; 'min', as the released code does, that of least sigma: "
                  "selected states have another law than p_sigma"},
            Field{"final", &LangevinGibbsOptions::final,
                  "whether samples of a table that ends above sigma = 0 are taken to the data prediction there, by one "
                  "more evaluation"},
            Field{"start", &LangevinGibbsOptions::start,
                  "table whose samples the chains start from; None: heun with 20 steps over the schedule, 39 "
                  "evaluations"},
            Field{"start_noise", &LangevinGibbsOptions::start_noise,
                  "noise that is added to these samples, in the data's unit"},
            Field{"x", &LangevinGibbsOptions::x,
                  "starts (chains, d) instead, as the denoiser sees them: x0 + level eps"},
            Field{"level", &LangevinGibbsOptions::level,
                  "their noise level, one or one per chain; None: drawn given x, by 'exact' or a classifier"},
            Field{
                "rng", &LangevinGibbsOptions::rng,
                "key of the random numbers: same key, same bits; none draws a fresh one, kept in the draws as rng_key"},
            Field{"checkpoint", &LangevinGibbsOptions::checkpoint,
                  "file in which the chains are kept: the same call goes on from it, with the same bits, after "
                  "whatever ended it, and one "
                  "with a larger n adds samples; one of another run is an error. None: no file"},
            Field{"threads", &LangevinGibbsOptions::threads, "threads, 0 for all; changes no result"},
            Field{"device", &LangevinGibbsOptions::device,
                  "'cpu', 'cuda' or 'cuda:1': where chains, denoiser and table run, with the same random numbers; a device draws "
                  "sigma by 'exact' and 'plug-in'"},
            Field{"progress", &LangevinGibbsOptions::progress,
                  "called as progress(n, total) with the steps of the chains that are done"}};
    }
};

/// Samples and the chain that they come from. Parts of the evaluations: start (with burn-in), chain, denoise, final.
struct LangevinGibbsDraws : Draws {
    ChainTraces traces;
    std::vector<double> levels;            // (n) from which each sample was denoised
    SigmaPrior prior;                      // with which sigma was drawn; that of the traces is the law that visits should have
    ChainState state;                      // where the chains stand at the end
    std::int64_t proposed = 0, accepted = 0, restarted = 0;

    double acceptance() const;             // 1 where nothing may be rejected
};

/// Sample i comes from chain i mod chains.
/// @throw std::invalid_argument for options that contradict each other or ask for what the model does not know, a mean-reverting
/// schedule, a table for one level only, a checkpoint of another run.   @throw std::runtime_error where a checkpoint
/// cannot be written.
LangevinGibbsDraws langevin_gibbs(const ChainModel& model, const Table& table, const LangevinGibbsOptions& options,
                                  const ChainOptions& chain = {});

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::Emit> {
    static constexpr std::array<std::string_view, 2> names{"last", "min"};
};
