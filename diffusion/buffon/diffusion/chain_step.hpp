/// One step of Denoising MCMC: a Markov chain on (x, sigma) whose stationary law is p_sigma(x) times a law of sigma. x
/// moves along
/// the score at its level by Langevin steps, then sigma is drawn given x.
/// Source: Kim, Ye, "Denoising MCMC for accelerating diffusion-based generative models", ICML 2023; the correction: Roberts,
/// Tweedie, Bernoulli 2 (1996).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <buffon/diffusion/chain_target.hpp>
#include <buffon/diffusion/sigma_rules.hpp>
#include <buffon/fields.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

/// A draw of sigma, or, as in the released code, its most probable level.
enum class SigmaChoice { sample, argmax };
/// Step size eta = step sigma^2, or step.
enum class StepScale { sigma, constant };

struct ChainOptions {
    SigmaLaw sigma = SigmaRule::exact;
    SigmaChoice sigma_rule = SigmaChoice::sample;
    std::optional<double> step = {};
    StepScale step_scale = StepScale::sigma;
    bool metropolis = false;
    std::int64_t langevin_steps = 1;
    std::int64_t levels = 1000;
    std::optional<double> sigma_min = {};
    std::optional<double> sigma_max = {};
    std::vector<double> prior = {};
    std::int64_t probes = 0;
    std::optional<std::int64_t> condition = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"sigma", &ChainOptions::sigma,
                  "law of sigma given x: 'exact' by the model's density; 'plug-in', normal in log sigma about |x - D| "
                  "/ sqrt(d); 'data', "
                  "given a posterior draw of x0 too; or what noise_classifier returns"},
            Field{"sigma_rule", &ChainOptions::sigma_rule,
                  "'sample' draws sigma; 'argmax', as the released code does, takes its most probable level: then "
                  "p_sigma is not kept"},
            Field{"step", &ChainOptions::step,
                  "c of Langevin steps of size eta = c sigma^2, or eta itself; None: 1 / sqrt(d) of sigma^2"},
            Field{"step_scale", &ChainOptions::step_scale,
                  "'sigma': eta = step sigma^2; 'constant': eta = step, as published, in the data's unit squared"},
            Field{"metropolis", &ChainOptions::metropolis,
                  "whether Langevin steps are accepted or rejected so that p_sigma is kept exactly; needs a density "
                  "and one evaluation more per draw of sigma"},
            Field{"langevin_steps", &ChainOptions::langevin_steps, "Langevin steps for each draw of sigma"},
            Field{"levels", &ChainOptions::levels,
                  "number of levels of sigma, equally far apart in log sigma; a classifier has its own"},
            Field{"sigma_min", &ChainOptions::sigma_min, "lowest level; None: the table's last that is not 0"},
            Field{"sigma_max", &ChainOptions::sigma_max, "highest level; None: the table's first"},
            Field{"prior", &ChainOptions::prior,
                  "weights of the levels, rising, in the stationary law; none: equal ones, log-uniform sigma"},
            Field{"probes", &ChainOptions::probes,
                  "of 'plug-in': directions in which D's derivative is taken, one evaluation each; its trace is what "
                  "|x - D|^2 / sigma^2 lacks of d"},
            Field{"condition", &ChainOptions::condition, "class of all samples; None: unconditional"}};
    }
};

/// Levels of the options, or of the classifier; where options name no end, these.   @throw std::invalid_argument
SigmaPrior sigma_prior(const ChainOptions& options, double sigma_min, double sigma_max);

/// Chains side by side. Bits depend on nothing but the starts, the key and the number of steps.
struct ChainState {
    Matrix x;                     // (chains, d): x0 + sigma eps
    std::vector<double> sigma;    // (chains)
    std::int64_t steps = 0;       // since the start
    Matrix first_x;               // the start, to which a chain returns that is no longer finite
    std::vector<double> first_sigma;
};

/// What happened in a step, all chains together.
struct ChainStep {
    std::int64_t evaluations = 0;   // of the denoiser
    std::int64_t proposed = 0;      // Langevin steps that could be rejected
    std::int64_t accepted = 0;
    std::int64_t restarted = 0;     // chains that went back to their start
    std::vector<double>
        visits;   // (levels) probabilities of the levels given x that sigma was drawn by, their mean over the chains
};

class ChainKernel {
public:
    /// @throw std::invalid_argument for options without sense or a model that does not know enough for them.
    ChainKernel(ChainTarget target, const ChainOptions& options, SigmaPrior prior, int threads = 0);

    const ChainTarget& target() const { return target_; }
    const SigmaPrior& prior() const { return prior_; }
    const ChainOptions& options() const { return options_; }
    /// c of steps of size c sigma^2, or their size.
    double step_size() const { return step_; }
    /// Other weights of the levels, from the next draw on.
    void reweigh(std::vector<double> weights) { prior_.weights = std::move(weights); }

    /// Chains at x (chains, d) with their levels.   @throw std::invalid_argument for shapes or numbers that cannot be.
    ChainState start(Matrix x, std::vector<double> sigma) const;
    /// A draw of sigma given x by itself; counts as no step.
    ChainStep draw_level(ChainState& state, std::uint64_t key) const;
    /// Langevin steps, then a draw of sigma.
    ChainStep step(ChainState& state, std::uint64_t key) const;

    /// Numbers of step 1, 2, ..., by what they are for: `uniforms` draw sigma (component 0) and accept Langevin step k (1 + k),
    /// `auxiliary` are those of the rule of sigma, `normals` + k those of Langevin step k. Row i is chain i.
    enum Purpose : std::int64_t { uniforms, auxiliary, normals };
    Stream stream(std::uint64_t key, std::int64_t step, std::int64_t purpose) const;
    /// Evaluations that asking for one row at each of these levels costs.
    std::int64_t cost(std::span<const double> sigma) const;

private:
    std::int64_t score(ConstView x, const std::vector<double>& sigma, View out) const;
    void unadjusted(ChainState& state, const Stream& normals, ChainStep& info) const;
    void adjusted(ChainState& state, std::uint64_t key, ChainStep& info) const;
    void draw(ChainState& state, std::uint64_t key, std::int64_t step, ChainStep& info) const;

    ChainTarget target_;
    ChainOptions options_;
    SigmaPrior prior_;
    double step_;
    int threads_;
};

/// By options that name sigma_min and sigma_max, or a classifier.   @throw std::invalid_argument as above.
ChainKernel chain_kernel(const ChainModel& model, const ChainOptions& options);

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::SigmaChoice> {
    static constexpr std::array<std::string_view, 2> names{"sample", "argmax"};
};
template <>
struct buffon::EnumNames<buffon::diffusion::StepScale> {
    static constexpr std::array<std::string_view, 2> names{"sigma", "constant"};
};
