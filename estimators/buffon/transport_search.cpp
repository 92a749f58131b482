#include <buffon/transport_search.hpp>

#include <algorithm>
#include <cmath>

#include <buffon/cell_laplacian.hpp>
#include <buffon/log_mass_start.hpp>
#include <buffon/soft_check.hpp>

namespace buffon {
namespace {

constexpr std::int64_t soft_size = 512;       // targets up to which the soft start is cheap
constexpr double most_empty = 0.05;           // of the cells after the log-mass start
constexpr double narrow = 0.25;               // softened cells of this width, in median gaps, are as good as cells
constexpr double astray = 0.3;                // L1 error of given heights beyond which softened steps come first
constexpr std::int64_t least_check = 65'536;

class Search {
public:
    Search(TransportDraws& draws, const HeightSearchOptions& options) : draws_(draws), options_(options) {}

    TransportSearch run() {
        try {
            return go();
        } catch (...) {   // what a progress function throws: the draws since the last point are made again
            if (options_.keep && (level_ || steps_)) try_to_keep();
            throw;
        }
    }

private:
    /// A file that cannot be written is no reason to lose what was thrown.
    void try_to_keep() {
        try {
            options_.keep([this] { return state(); }, true);
        } catch (...) {
        }
    }

    bool flat() const { return draws_.cells().dim() <= 3; }
    bool soft() const { return options_.width > 0; }
    bool few() const { return draws_.size() <= soft_size; }

    MassCheck check(std::span<const double> heights, std::int64_t n) {
        return soft() ? soft_mass_check(draws_, heights, options_.width, n) : mass_check(draws_, heights, n);
    }

    std::vector<double> softened(double last_width) {
        const SoftLevel from = options_.state && options_.state->level ? *options_.state->level : SoftLevel{};
        const auto told = [this](const SoftLevel& level) {
            level_ = level;
            at_ = level.at;
            if (options_.keep) options_.keep([this] { return state(); }, false);
        };
        return soft_start(draws_, last_width, from, told);
    }

    BegunSearch begin() {
        BegunSearch out;
        const bool in_start = options_.state && options_.state->level;
        out.connected = few() || in_start;
        FirstHeights first;
        if (!out.connected) {
            first = log_mass_start(draws_);
            out.connected = static_cast<double>(first.empty) > most_empty * static_cast<double>(draws_.size());
        }
        if (out.connected) first.heights = softened(options_.width);
        else if (soft()) soft_steps(draws_, options_.width, first.heights);
        out.connected = out.connected || flat();
        out.heights = std::move(first.heights);
        return out;
    }

    /// From heights whose masses are as wrong as those of a search of n / chi-squared draws.
    BegunSearch go_on(const MassCheck& found) {
        BegunSearch out;
        out.heights = options_.first;
        out.connected = few() || flat();
        if (!soft()) rescue(draws_, draws_.count(out.heights, draws_.filling()), out.heights);
        else if (found.upper() > astray) soft_steps(draws_, options_.width, out.heights);
        const double worth = static_cast<double>(draws_.size()) / (std::max(found.chi_squared, 0.0) + found.std_error);
        out.worth = std::min(worth, static_cast<double>(draws_.budget()));
        return out;
    }

    Precondition precondition() {
        const std::vector<double>& heights = begun_->heights;
        if (soft() && options_.width >= narrow * median_gap(draws_, heights)) {
            SoftSteps found = soft_precondition(draws_, heights, options_.width);
            noise_ = std::min(found.noise, 1.0);
            return std::move(found.precondition);
        }
        return begun_->connected ? laplacian(draws_, heights) : diagonal(gap_scales(draws_, heights));
    }

    SearchState state() const {
        SearchState out;
        out.at = at_;
        out.start_draws = start_draws_;
        out.next_check = next_check_;
        out.stepped = stepped_;
        if (!steps_) {
            out.level = level_;
            return out;
        }
        out.begun = begun_;
        out.steps = steps_->state();
        return out;
    }

    void keep(bool last) {
        at_ = draws_.position();
        if (options_.keep) options_.keep([this] { return state(); }, last);
    }

    /// The preconditioner is made again from its own draws.
    void make_steps() {
        const SearchState* saved = options_.state && options_.state->begun ? &*options_.state : nullptr;
        if (saved != nullptr) draws_.go_to(saved->begun->at);
        Precondition made = precondition();
        steps_.emplace(draws_, begun_->heights, std::move(made), begun_->worth,
                       soft() ? by_shares(draws_, options_.width) : Measure{});
        const double target = options_.target_error, n = static_cast<double>(draws_.size());
        wanted_ = draws_.budget() / 8;
        if (target > 0) {
            const std::int64_t hard = check_draws(draws_.size(), target);
            wanted_ = std::min(hard, std::max(static_cast<std::int64_t>(noise_ * static_cast<double>(hard)), least_check));
        }
        reserve_ = std::min(wanted_, draws_.budget() / 4);
        start_draws_ = draws_.spent();
        next_check_ = static_cast<std::int64_t>(std::max(256 * n * noise_, 16 * n));
        while (static_cast<double>(next_check_) < steps_->so_far() || next_check_ < wanted_) next_check_ *= 2;
        if (saved == nullptr) return;
        steps_->restore(saved->steps);
        start_draws_ = saved->start_draws;
        next_check_ = saved->next_check;
        stepped_ = saved->stepped;
        draws_.go_to(saved->at);
    }

    bool due() const {
        return options_.target_error > 0 && stepped_ && steps_->so_far() >= static_cast<double>(next_check_) &&
               draws_.left() >= wanted_ + reserve_;
    }

    TransportSearch go() {
        TransportSearch out;
        const bool resumed = options_.state && options_.state->begun;
        if (resumed) {
            begun_ = options_.state->begun;
        } else {
            if (!options_.first.empty()) {
                const std::int64_t hard =
                    options_.target_error > 0 ? check_draws(draws_.size(), options_.target_error) : draws_.budget() / 8;
                out.heights = options_.first;
                out.check = check(options_.first, std::min(hard, draws_.budget() / 4));
                out.converged = options_.target_error > 0 && out.check.upper() <= options_.target_error;
                if (out.converged) return out;
            }
            begun_ = options_.first.empty() ? begin() : go_on(out.check);
            begun_->at = draws_.position();
        }
        make_steps();
        for (;;) {
            keep(false);
            if (due()) {
                out.heights = steps_->average();
                out.check = check(out.heights, wanted_);
                out.converged = out.check.upper() <= options_.target_error;
                if (out.converged) break;
                next_check_ *= 2;
                stepped_ = false;
                continue;
            }
            if (draws_.spent() + steps_->next_draws() + reserve_ > draws_.budget()) break;
            steps_->step();
            stepped_ = true;
        }
        if (options_.keep) options_.keep([this] { return state(); }, true);
        out.start_draws = start_draws_;
        out.steps = steps_->steps();
        out.step_draws = steps_->draws();
        if (out.converged) return out;
        out.heights = steps_->average();
        out.check = check(out.heights, std::max(reserve_, std::min(wanted_, draws_.left())));
        out.converged = options_.target_error > 0 && out.check.upper() <= options_.target_error;
        return out;
    }

    TransportDraws& draws_;
    const HeightSearchOptions& options_;
    std::optional<SoftLevel> level_;
    std::optional<BegunSearch> begun_;
    std::optional<AveragedSteps> steps_;
    DrawsPosition at_;
    double noise_ = 1.0;
    std::int64_t wanted_ = 0, reserve_ = 0, start_draws_ = 0, next_check_ = 0;
    bool stepped_ = false;
};

}  // namespace

TransportSearch search_heights(TransportDraws& draws, const HeightSearchOptions& options) { return Search(draws, options).run(); }

}  // namespace buffon
