#include <buffon/diffusion/langevin_gibbs.hpp>

#include <algorithm>
#include <cmath>
#include <map>
#include <tuple>
#include <utility>

#include <buffon/check.hpp>
#include <buffon/checkpoint_file.hpp>
#include <buffon/device_buffer.hpp>
#include <buffon/diffusion/chain_checkpoint.hpp>
#include <buffon/diffusion/chain_identity.hpp>
#include <buffon/diffusion/chain_samples.hpp>
#include <buffon/diffusion/chains_on_device.hpp>
#include <buffon/diffusion/device_block.hpp>
#include <buffon/diffusion/langevin_gibbs_check.hpp>
#include <buffon/diffusion/solvers/heun.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/parallel.hpp>
#include <buffon/raw_matrix.hpp>
#include <buffon/stream.hpp>

namespace buffon::diffusion {
namespace {

/// Streams of the starts, below those of the kernel and above those of samplers.
constexpr std::uint32_t start_key_id = 0x3ffffffe, start_noise_id = 0x3fffffff;
constexpr std::int64_t usual_chains = 400, usual_start_steps = 20;
/// Chains whose traces a thread turns over together, so that it writes whole lines of the cache.
constexpr std::int64_t chains_at_once = 64;
/// Steps that a device has before it while the processor clears memory: fewer than its queue takes.
constexpr std::int64_t steps_ahead = 64;

class Sampler {
public:
    Sampler(const ChainModel& model, const Table& table, const LangevinGibbsOptions& options, const ChainOptions& chain)
        : table_(table), options_(options), chain_(chain),
          kernel_(chain_target(model, chain.condition.value_or(-1)), chain,
                  sigma_prior(chain, lowest_level(table), table.rho_start()), options.threads),
          knows_level_(!std::holds_alternative<SigmaRule>(chain.sigma) || std::get<SigmaRule>(chain.sigma) == SigmaRule::exact),
          queues_(device_queues(options.device)) {
        if (!queues_.empty()) check_devices();
        out_.rng_key = options.rng ? *options.rng : fresh_key();
        chains_ = options.x ? options.x->rows : options.chains.value_or(std::min(usual_chains, options.n));
        rounds_ = (options.n + chains_ - 1) / chains_;
    }

    LangevinGibbsDraws operator()() {
        if (!resumed()) begin();
        mark();
        try {
            burn_in();
            reserve_large(at_.traces, rounds_ * options_.skip * chains_ * trace_width());
            while (rounds_done() < rounds_) round();
            settle();
        } catch (...) {   // an interrupt, a model's error: what is whole is kept
            rewind();
            keep(true);
            throw;
        }
        keep(true);
        return finished();
    }

private:
    const Denoiser& model() const { return kernel_.target().denoiser; }
    std::int64_t dim() const { return model().dim(); }
    std::int64_t label() const { return kernel_.target().label; }

    /// What no device runs is said before anything is spent.
    void check_devices() const {
        check_on_device(kernel_);
        check_on_device("langevin_gibbs", model(), table_);
        if (options_.start) check_on_device("langevin_gibbs", model(), *options_.start);
    }

    void begin() {
        ChainState& state = at_.state;
        at_.parts = {{"start", 0}, {"chain", 0}};
        start(state);
        place();
        at_.search = begin_adaptation(kernel_.prior().weights, options_.burn_in);
        at_.weights = kernel_.prior().weights;
        if (options_.checkpoint) identity_ = identity();
    }

    void start(ChainState& state) {
        if (options_.x) {
            const auto& level = options_.level.values;
            require(!level.empty() || knows_level_,
                    "langevin_gibbs: level must be given with x, the law of sigma given x needs one to begin with");
            state = kernel_.start(*options_.x, level.empty() ? std::vector<double>{kernel_.prior().levels.back()} : level);
            if (level.empty()) draw_level();
            return;
        }
        const Table table = start_table();
        const Draws solved = sample(model(), table,
                                    {.n = chains_,
                                     .rng = Stream{out_.rng_key, start_key_id}.word(0, 0),
                                     .condition = condition_of(label()),
                                     .threads = options_.threads,
                                     .device = options_.device});
        at_.parts["start"] += solved.evaluations();
        const double alpha = table.nodes.alpha.back(), level = std::hypot(table.nodes.rho.back(), options_.start_noise);
        require(level > 0, "langevin_gibbs: start_noise must be positive after a start that ends at sigma = 0");
        Matrix x(chains_, dim());
        Stream{out_.rng_key, start_noise_id}.normal(0, x);
        for (std::size_t i = 0; i < x.data.size(); ++i) x.data[i] = solved.x.data[i] / alpha + options_.start_noise * x.data[i];
        state = kernel_.start(std::move(x), {level});
        draw_level();
    }

    Table start_table() const {
        return options_.start ? *options_.start
                              : heun(table_.schedule, {.steps = usual_start_steps, .grid = GridKind::rho, .to_zero = true});
    }

    void draw_level() {
        place();
        at_.parts["start"] += (there_ ? there_->draw_level(out_.rng_key) : kernel_.draw_level(at_.state, out_.rng_key)).evaluations;
        if (there_) there_->begin_here();
        settle();
        at_.state.first_sigma = at_.state.sigma;
    }

    /// The chains where they run from now on.
    void place() {
        if (!queues_.empty() && !there_) there_.emplace(kernel_, queues_, at_.state);
    }

    /// The chains as they are, on the host.
    void settle() {
        if (!there_) return;
        const ChainStep since = there_->fetch(at_.state);
        at_.accepted += since.accepted;
        at_.restarted += since.restarted;
    }

    RunIdentity identity() const {
        const auto start = options_.x ? std::nullopt : std::optional(start_table());
        return identity_of(options_, chain_, table_, start, kernel_, at_.state);
    }

    /// Takes up what a checkpoint has, if there is one.
    bool resumed() {
        if (!options_.checkpoint) return false;
        auto found = read_chain_checkpoint(*options_.checkpoint);
        if (!found) return false;
        const auto& path = *options_.checkpoint;
        require(!options_.rng || found->key == *options_.rng, "langevin_gibbs: checkpoint '", path.string(),
                "' is of another run: its rng is ", found->key, ", not ", options_.rng.value_or(0));
        at_ = std::move(found->progress);
        require(at_.state.first_x.cols == dim() && at_.state.first_x.rows == chains_ &&
                    (!options_.x || options_.x->data == at_.state.first_x.data),
                "langevin_gibbs: checkpoint '", path.string(), "' is of another run: its chains started elsewhere");
        identity_ = identity();
        check_same_run(path, found->run, identity_);
        require(rounds_done() <= rounds_, "langevin_gibbs: checkpoint '", path.string(), "' holds ",
                rounds_done() * chains_, " samples already, n must not be below, got ", options_.n);
        out_.rng_key = found->key;
        kernel_.reweigh(at_.weights);
        place();
        return true;
    }

    void keep(bool last) {
        if (!options_.checkpoint || !(last || pace_.due())) return;
        pace_.timed([&] { write_chain_checkpoint(*options_.checkpoint, {identity_, out_.rng_key, at_}); });
    }

    /// Where a run may stop and go on: before all, after a step of burn-in, after a round.
    void mark() {
        if (!options_.checkpoint) return;
        whole_ = at_.state;
        whole_counts_ = {at_.parts, at_.proposed, at_.accepted, at_.restarted};
        whole_traces_ = at_.traces.size();
    }

    void rewind() {
        if (!options_.checkpoint) return;
        at_.state = whole_;
        std::tie(at_.parts, at_.proposed, at_.accepted, at_.restarted) = whole_counts_;
        at_.traces.resize(whole_traces_);
    }

    std::int64_t rounds_done() const { return static_cast<std::int64_t>(at_.levels.size()) / chains_; }

    /// Weights of the levels may follow the chains here, and nowhere else: after it they have a stationary law.
    void burn_in() {
        while (at_.state.steps < options_.burn_in) {
            const ChainStep step = advance("start");
            if (options_.adapt) {
                buffon::diffusion::adapt(at_.search, step.visits);
                at_.weights = adapted_weights(at_.search);
                kernel_.reweigh(at_.weights);
                if (there_) there_->reweigh();
            }
            if (options_.checkpoint) settle();
            mark();
            keep(false);
        }
    }

    ChainStep advance(const char* part) {
        const bool adapting = options_.adapt && at_.state.steps < options_.burn_in;
        const ChainStep step = there_ ? there_->step(out_.rng_key, adapting) : kernel_.step(at_.state, out_.rng_key);
        if (there_) ++at_.state.steps;
        at_.parts[part] += step.evaluations;
        at_.proposed += step.proposed;
        at_.accepted += step.accepted;
        at_.restarted += step.restarted;
        if (options_.progress)
            options_.progress(at_.state.steps * chains_, (options_.burn_in + rounds_ * options_.skip) * chains_, {});
        return step;
    }

    void trace() {
        if (there_) return there_->trace(at_.traces);
        const ChainTarget& target = kernel_.target();
        const ChainState& state = at_.state;
        std::vector<double> density(state.sigma.size());
        Matrix modes(chains_, target.modes);
        if (target.log_density) target.log_density(state.x, state.sigma, density, options_.threads);
        if (modes.cols > 0) target.mode_probabilities(state.x, state.sigma, modes, options_.threads);
        for (std::int64_t c = 0; c < chains_; ++c) {
            at_.traces.push_back(std::log(state.sigma[static_cast<std::size_t>(c)]));
            at_.traces.push_back(state.x(c, 0));
            if (target.log_density) at_.traces.push_back(density[static_cast<std::size_t>(c)]);
            at_.traces.insert(at_.traces.end(), modes.view().row(c).begin(), modes.view().row(c).end());
        }
    }

    /// `skip` steps, then one state of each chain to the samples.
    void round() {
        Matrix x = at_.state.x;
        std::vector<double> sigma = at_.state.sigma;
        const bool least = options_.emit == Emit::min;
        if (there_ && least) there_->keep();
        for (std::int64_t s = 0; s < options_.skip; ++s) {
            advance("chain");
            trace();
            if (there_ && s + 1 == std::min(options_.skip, steps_ahead)) make_room();   // while the devices work
            if (!there_) choose(x, sigma);
            else if (least) there_->keep_least();
        }
        if (there_) {
            there_->flush(at_.traces);
            settle();
            least ? there_->kept(x, sigma) : choose(x, sigma);
        }
        at_.samples.insert(at_.samples.end(), x.data.begin(), x.data.end());
        at_.levels.insert(at_.levels.end(), sigma.begin(), sigma.end());
        mark();
        keep(false);
    }

    /// The states of now in place of those chosen so far, where the rule prefers them.
    void choose(Matrix& x, std::vector<double>& sigma) const {
        for (std::int64_t c = 0; c < chains_; ++c) {
            double& best = sigma[static_cast<std::size_t>(c)];
            const double now = at_.state.sigma[static_cast<std::size_t>(c)];
            if (options_.emit == Emit::min && !(now < best)) continue;
            best = now;
            std::ranges::copy(at_.state.x.view().row(c), x.view().row(c).begin());
        }
    }

    LangevinGibbsDraws finished() {
        out_.parts = at_.parts;
        out_.proposed = at_.proposed;
        out_.accepted = at_.accepted;
        out_.restarted = at_.restarted;
        out_.levels.assign(at_.levels.begin(), at_.levels.begin() + options_.n);
        at_.samples.resize(static_cast<std::size_t>(options_.n * dim()));
        Matrix points(options_.n, dim());
        points.data = std::move(at_.samples);
        ChainSamples samples = chain_samples(model(), table_, points, out_.levels,
                                             {.key = out_.rng_key,
                                              .label = label(),
                                              .final = options_.final,
                                              .threads = options_.threads,
                                              .device = options_.device});
        out_.x = std::move(samples.x);
        out_.parts["denoise"] = samples.by_table;
        out_.parts["final"] = samples.by_prediction;
        fill_traces();
        out_.prior = out_.traces.prior = kernel_.prior();
        if (options_.adapt) std::ranges::fill(out_.traces.prior.weights, 1.0);
        out_.state = std::move(at_.state);
        return std::move(out_);
    }

    /// For the traces of all rounds, once.
    void make_room() {
        const std::int64_t steps = rounds_ * options_.skip;
        const ChainTarget& target = kernel_.target();
        ChainTraces& t = out_.traces;
        if (t.log_sigma.rows > 0) return;
        const auto shape = [](Matrix& m, std::int64_t rows, std::int64_t cols) {
            reserve_large(m.data, rows * cols);
            m.reshape(rows, cols);
        };
        shape(t.log_sigma, chains_, steps);
        shape(t.first, chains_, steps);
        if (target.log_density) shape(t.log_density, chains_, steps);
        if (target.modes > 0) shape(t.modes, chains_ * steps, target.modes);
    }

    /// From steps of all chains to chains of all steps.
    void fill_traces() {
        const std::int64_t steps = rounds_ * options_.skip, width = trace_width();
        const ChainTarget& target = kernel_.target();
        ChainTraces& t = out_.traces;
        make_room();
        const auto copy = [&](std::int64_t s, std::int64_t c) {
            const double* from = at_.traces.data() + (s * chains_ + c) * width;
            t.log_sigma(c, s) = *from++;
            t.first(c, s) = *from++;
            if (target.log_density) t.log_density(c, s) = *from++;
            for (std::int64_t k = 0; k < target.modes; ++k) t.modes(c * steps + s, k) = *from++;
        };
        parallel::for_each((chains_ + chains_at_once - 1) / chains_at_once, options_.threads, [&](std::int64_t block) {
            const std::int64_t end = std::min(chains_, (block + 1) * chains_at_once);
            for (std::int64_t s = 0; s < steps; ++s)
                for (std::int64_t c = block * chains_at_once; c < end; ++c) copy(s, c);
        });
    }

    std::int64_t trace_width() const {
        const ChainTarget& target = kernel_.target();
        return 2 + (target.log_density ? 1 : 0) + target.modes;
    }

    const Table& table_;
    const LangevinGibbsOptions& options_;
    const ChainOptions& chain_;
    ChainKernel kernel_;
    bool knows_level_;
    std::int64_t chains_ = 0, rounds_ = 0;
    std::vector<DeviceQueue> queues_;              // none: the processor
    std::optional<ChainsOnDevices> there_;
    ChainProgress at_;
    RunIdentity identity_;
    WritingPace pace_;
    ChainState whole_;
    std::tuple<std::map<std::string, std::int64_t>, std::int64_t, std::int64_t, std::int64_t> whole_counts_;
    std::size_t whole_traces_ = 0;
    LangevinGibbsDraws out_;
};

}  // namespace

double LangevinGibbsDraws::acceptance() const {
    return proposed > 0 ? static_cast<double>(accepted) / static_cast<double>(proposed) : 1.0;
}

LangevinGibbsDraws langevin_gibbs(const ChainModel& model, const Table& table, const LangevinGibbsOptions& options,
                                  const ChainOptions& chain) {
    check(options, chain, table);
    return Sampler(model, table, options, chain)();
}

}  // namespace buffon::diffusion
