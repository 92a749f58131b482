/// Chains of langevin_gibbs that lie on one CUDA device, and their steps: see chains_on_device.hpp. Not installed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include <buffon/check.hpp>
#include <buffon/device_buffer.hpp>
#include <buffon/diffusion/chain_step.hpp>
#include <buffon/diffusion/device_denoiser.hpp>

namespace buffon::diffusion {

/// Chains first, first + 1, ... on one device.
class ChainShard {
public:
    ChainShard(const ChainKernel& kernel, const DeviceQueue& queue, const ChainState& state, std::int64_t first,
               std::int64_t rows)
        : kernel_(kernel), queue_(queue), steps_(state.steps), rows_(rows), dim_(state.x.cols),
          levels_(kernel.prior().size()), x_(part(state.x.data, first * dim_, rows * dim_)),
          first_x_(part(state.first_x.data, first * dim_, rows * dim_)), sigma_(part(state.sigma, first, rows)),
          first_sigma_(part(state.first_sigma, first, rows)), grid_(part(kernel.prior().levels, 0, levels_)),
          prior_(part(kernel.prior().weights, 0, levels_)), counts_(queue, sizeof(DeviceChains::Counts)),
          score_(numbers(rows * dim_)), sigma_here_(static_cast<std::size_t>(rows)) {
        const ChainTarget& target = kernel.target();
        if (target.on_device) exact_ = target.on_device(queue);
        if (!exact_ || is_plug_in(kernel.options())) denoiser_ = target.denoiser.traits().on_device(queue);
        if (denoiser_ && target.label >= 0) {
            labels_here_.assign(static_cast<std::size_t>(rows), target.label);
            labels_ = DeviceBuffer::of(queue, std::span<const std::int64_t>(labels_here_));
        }
        lowest_ = {std::min(kernel.prior().levels.front(), std::ranges::min(state.first_sigma))};
        chains_ = {first, rows, dim_, at(x_), at(sigma_), static_cast<DeviceChains::Counts*>(counts_.data())};
        clear_counts();
        make_room();
    }

    std::int64_t rows() const { return rows_; }
    std::int64_t width() const {
        const ChainTarget& target = kernel_.target();
        return 2 + (target.log_density ? 1 : 0) + target.modes;
    }

    ChainStep step(std::uint64_t key, std::vector<double>* visits) {
        ++steps_;
        ChainStep info;
        if (kernel_.options().metropolis)
            adjusted(key, info);
        else
            for (std::int64_t k = 0; k < kernel_.options().langevin_steps; ++k) unadjusted(key, k, info);
        draw(key, steps_, visits, info);
        return info;
    }

    /// sigma given x; the probabilities of the levels, summed over blocks of chains, to the end of `visits`.
    void draw(std::uint64_t key, std::int64_t step, std::vector<double>* visits, ChainStep& info) {
        const ChainOptions& options = kernel_.options();
        const bool plug_in = is_plug_in(options);
        if (plug_in) guess(kernel_.stream(key, step, ChainKernel::auxiliary), info);
        for (std::int64_t from = 0; from < rows_; from += at_once_) {
            const std::int64_t n = std::min(at_once_, rows_ - from);
            if (!plug_in) {
                const DeviceLevels asked{at(x_) + from * dim_, n, at(grid_), levels_, at(logs_)};
                exact_({queue_, {}, lowest_, {}, &asked});
            }
            call(device_library().table->draw_levels,
                 DeviceLevelDraws{.chains = chains_,
                                  .from = from,
                                  .rows = n,
                                  .count = levels_,
                                  .levels = at(grid_),
                                  .prior = at(prior_),
                                  .square = at(square_),
                                  .trace = at(trace_),
                                  .logs = at(logs_),
                                  .uniforms = kernel_.stream(key, step, ChainKernel::uniforms),
                                  .largest = options.sigma_rule == SigmaChoice::argmax,
                                  .visits = visits != nullptr});
            if (visits == nullptr) continue;
            DeviceLevelVisits of{at(logs_), n, levels_, nullptr};
            const DeviceBuffer sums = numbers(of.blocks() * levels_);
            of.sums = at(sums);
            call(device_library().table->level_visits, of);
            const std::size_t known = visits->size();
            visits->resize(known + static_cast<std::size_t>(of.blocks() * levels_));
            sums.download(visits->data() + known);
        }
    }

    void reweigh() { prior_.upload(kernel_.prior().weights.data()); }

    void fetch(ChainState& state, ChainStep& info) {
        x_.download(state.x.data.data() + chains_.first * dim_);
        sigma_.download(state.sigma.data() + chains_.first);
        first_sigma_.download(state.first_sigma.data() + chains_.first);
        state.steps = steps_;
        DeviceChains::Counts counts;
        counts_.download(&counts);
        require(counts.lost == DeviceChains::Counts{}.lost, "langevin_gibbs: the law of sigma at chain ", counts.lost,
                " has no level with positive probability");
        info.accepted += static_cast<std::int64_t>(counts.accepted);
        info.restarted += static_cast<std::int64_t>(counts.restarted);
        clear_counts();
    }

    void begin_here() { copy(sigma_, first_sigma_, rows_); }

    /// The traces of now behind those of `before` steps, which there must be room for.
    void trace(std::int64_t before) {
        if (exact_) score(x_, score_, at(density_), at(modes_));
        scored_ = static_cast<bool>(exact_);
        call(device_library().table->chain_trace,
             DeviceChainTrace{chains_, at(density_), at(modes_), kernel_.target().modes,
                              at(traces_) + before * rows_ * width()});
    }
    std::int64_t most_traced() const { return most_traced_; }
    void traces(std::int64_t steps, double* out) const { traces_.download_part(out, bytes(steps * rows_ * width())); }

    void keep() {
        if (at(kept_x_) == nullptr) {
            kept_x_ = numbers(rows_ * dim_);
            kept_sigma_ = numbers(rows_);
        }
        copy(x_, kept_x_, rows_ * dim_);
        copy(sigma_, kept_sigma_, rows_);
    }
    void keep_least() {
        call(device_library().table->chain_keep, DeviceChainKeep{chains_, at(kept_x_), at(kept_sigma_)});
    }
    void kept(Matrix& x, std::vector<double>& sigma) const {
        kept_x_.download(x.data.data() + chains_.first * dim_);
        kept_sigma_.download(sigma.data() + chains_.first);
    }

private:
    /// Weights of levels, and numbers of traces, that are on a device at once.
    static constexpr std::int64_t numbers_at_once = std::int64_t{1} << 26, traced_at_once = std::int64_t{1} << 24;

    static bool is_plug_in(const ChainOptions& options) {
        const auto* rule = std::get_if<SigmaRule>(&options.sigma);
        return rule != nullptr && *rule == SigmaRule::plug_in;
    }
    static std::int64_t bytes(std::int64_t numbers) { return numbers * size_of(Number::float64); }
    static double* at(const DeviceBuffer& buffer) { return static_cast<double*>(buffer.data()); }
    DeviceBuffer numbers(std::int64_t n) const { return {queue_, bytes(n)}; }
    DeviceBuffer part(const std::vector<double>& all, std::int64_t first, std::int64_t n) const {
        return DeviceBuffer::of(queue_,
                                std::span(all).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(n)));
    }
    template <class What>
    void call(const char* (*function)(const DeviceQueue*, const What*), const What& what) {
        device_check(queue_, function(&queue_, &what));
    }
    void copy(const DeviceBuffer& from, const DeviceBuffer& to, std::int64_t n) {
        device_check(queue_, device_library().table->copy(&queue_, from.data(), to.data(), bytes(n)));
    }
    void clear_counts() {
        const DeviceChains::Counts none;
        counts_.upload(&none);
    }

    /// What the options need, once for all steps.
    void make_room() {
        const ChainOptions& options = kernel_.options();
        const ChainTarget& target = kernel_.target();
        constexpr std::int64_t block = DeviceLevelVisits::block_rows;
        at_once_ = std::clamp<std::int64_t>(numbers_at_once / levels_ / block * block, block, std::max(block, rows_));
        logs_ = numbers(std::min(at_once_, rows_) * levels_);
        if (target.log_density) density_ = numbers(rows_);
        if (target.modes > 0) modes_ = numbers(rows_ * target.modes);
        if (is_plug_in(options)) {
            data_ = numbers(rows_ * dim_);
            square_ = numbers(rows_);
            trace_ = numbers(rows_);
            if (options.probes > 0) {
                moved_ = numbers(rows_ * dim_);
                there_ = numbers(rows_ * dim_);
            }
        }
        if (options.metropolis) {
            ahead_ = numbers(rows_ * dim_);
            score_ahead_ = numbers(rows_ * dim_);
            density_ahead_ = numbers(rows_);
            fair_ = DeviceBuffer(queue_, rows_ * static_cast<std::int64_t>(sizeof(std::int32_t)));
        }
        most_traced_ = std::max<std::int64_t>(1, traced_at_once / (rows_ * width()));
        traces_ = numbers(most_traced_ * rows_ * width());
    }

    chain::StepSize eta() const { return {kernel_.step_size(), kernel_.options().step_scale == StepScale::constant}; }

    /// The data prediction at x, each row at its level: the denoiser wants these on the host, too.
    std::int64_t denoise(const DeviceBuffer& x, const DeviceBuffer& out) {
        sigma_.download(sigma_here_.data());
        const DeviceRows rows{.x = x.data(),
                              .out = out.data(),
                              .rows = rows_,
                              .sigma = sigma_here_[0],
                              .sigmas = at(sigma_),
                              .labels = labels_.as<std::int64_t>()};
        denoiser_({queue_, rows, sigma_here_, labels_here_});
        return kernel_.cost(sigma_here_);
    }

    /// The score of an exact model, and density and modes where there is room for them.
    std::int64_t score(const DeviceBuffer& x, const DeviceBuffer& out, double* density, double* modes = nullptr) {
        exact_({queue_,
                {.x = x.data(),
                 .out = out.data(),
                 .rows = rows_,
                 .sigmas = at(sigma_),
                 .score = true,
                 .log_density = density,
                 .modes = modes},
                lowest_,
                {}});
        return rows_;
    }

    /// Where chains are: as the trace has asked for it, if none has moved since. It counts all the same, as on the processor.
    std::int64_t score_here(double* density) {
        if (std::exchange(scored_, false)) return rows_;
        return score(x_, score_, density);
    }

    void unadjusted(std::uint64_t key, std::int64_t k, ChainStep& info) {
        info.evaluations += exact_ ? score_here(nullptr) : denoise(x_, score_);
        call(device_library().table->chain_move,
             DeviceChainMove{.chains = chains_,
                             .score = at(score_),
                             .of_data = !exact_,
                             .eta = eta(),
                             .normals = kernel_.stream(key, steps_, ChainKernel::normals + k),
                             .first_x = at(first_x_),
                             .first_sigma = at(first_sigma_),
                             .to = at(x_)});
    }

    void adjusted(std::uint64_t key, ChainStep& info) {
        auto* const fair = static_cast<std::int32_t*>(fair_.data());
        info.evaluations += score_here(at(density_));
        for (std::int64_t k = 0; k < kernel_.options().langevin_steps; ++k) {
            call(device_library().table->chain_move,
                 DeviceChainMove{.chains = chains_,
                                 .score = at(score_),
                                 .eta = eta(),
                                 .normals = kernel_.stream(key, steps_, ChainKernel::normals + k),
                                 .to = at(ahead_),
                                 .fair = fair});
            info.evaluations += score(ahead_, score_ahead_, at(density_ahead_));
            info.proposed += rows_;
            call(device_library().table->chain_accept,
                 DeviceChainAccept{.chains = chains_,
                                   .eta = eta(),
                                   .uniforms = kernel_.stream(key, steps_, ChainKernel::uniforms),
                                   .component = 1 + k,
                                   .score = at(score_),
                                   .density = at(density_),
                                   .ahead = at(ahead_),
                                   .score_ahead = at(score_ahead_),
                                   .density_ahead = at(density_ahead_),
                                   .fair = fair});
        }
    }

    /// |x - D|^2 and the trace of D's derivative.
    void guess(const Stream& signs, ChainStep& info) {
        const std::int64_t probes = kernel_.options().probes;
        denoise(x_, data_);
        DeviceChainGuess found{.chains = chains_,
                               .probe = {signs, 0, probes},
                               .data = at(data_),
                               .square = at(square_),
                               .trace = at(trace_)};
        call(device_library().table->chain_guess, found);
        for (std::int64_t p = 0; p < probes; ++p) {
            found.probe = {signs, p, probes};
            call(device_library().table->chain_probe, DeviceChainProbe{chains_, found.probe, at(moved_)});
            denoise(moved_, there_);
            found.there = at(there_);
            call(device_library().table->chain_guess, found);
        }
        info.evaluations += rows_ * (1 + probes);
    }

    const ChainKernel& kernel_;
    DeviceQueue queue_;
    std::int64_t steps_, rows_, dim_, levels_, at_once_ = 1, most_traced_ = 1;
    DeviceBuffer x_, first_x_, sigma_, first_sigma_, grid_, prior_, counts_, score_, logs_, traces_;
    DeviceBuffer density_, modes_;                              // where the model knows them
    DeviceBuffer ahead_, score_ahead_, density_ahead_, fair_;   // of corrected steps
    DeviceBuffer data_, square_, trace_, moved_, there_;        // of the plug-in
    DeviceBuffer kept_x_, kept_sigma_, labels_;
    bool scored_ = false;                       // score and density are those of where chains are
    std::vector<double> sigma_here_, lowest_;   // lowest_: below all levels, for models that ask the host
    std::vector<std::int64_t> labels_here_;
    DeviceChains chains_;
    DeviceFunction exact_, denoiser_;
};

}  // namespace buffon::diffusion
