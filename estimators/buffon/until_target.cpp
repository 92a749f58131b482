#include <buffon/until_target.hpp>

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <limits>
#include <memory>
#include <optional>
#include <sstream>
#include <utility>
#include <vector>

#include <buffon/check.hpp>
#include <buffon/errors.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/stored.hpp>
#include <buffon/stream.hpp>
#include <buffon/tails.hpp>
#include <buffon/text.hpp>

namespace buffon {
namespace {

constexpr double never = std::numeric_limits<double>::infinity();
constexpr double largest_step = 16;   // a stage is at most so many times larger than what planned it
constexpr double blind_step = 4;      // where that knows little of the errors
// A stage that was not planned to reach the target is chosen by its luck: it is the last one only where its intervals
// are so much narrower.
constexpr double clear = 0.5;
constexpr double top_up = 2;          // up to this growth a fresh run goes on instead
// What is planned beyond the target: a stage that misses it costs another one, and stopping at lucky errors costs coverage.
constexpr double spare_points = 1.1, spare_rounds = 1.3;
constexpr double smallest_step = 1.05;
constexpr std::uint32_t keys_of_stages = 0x7a26e7;   // the stream of the keys of fresh runs

template <class T>
const T* find(const Estimate& e, const std::string& name) {
    const auto at = e.diagnostics.find(name);
    return at == e.diagnostics.end() ? nullptr : std::get_if<T>(&at->second);
}

std::int64_t count(const Estimate& e, const std::string& name, std::int64_t otherwise) {
    const auto* n = find<std::int64_t>(e, name);
    return n ? *n : otherwise;
}

/// Those of the values, or what the name of one was meant to be.
std::vector<Tolerance> tolerances_of(const Run& run, const std::vector<std::string>& names, const std::string& function) {
    try {
        return run.target_error.of(names, function);
    } catch (const std::invalid_argument& error) {
        const std::string text = error.what(), before = "no value '";
        const std::size_t at = text.find(before);
        if (at == std::string::npos) throw;
        const std::string word = text.substr(at + before.size(), text.size() - at - before.size() - 1);
        std::vector<std::string> known = names;
        known.insert(known.end(), {"absolute", "relative"});
        throw std::invalid_argument(text + (word == "rel"   ? "; did you mean 'relative'?"
                                            : word == "abs" ? "; did you mean 'absolute'?"
                                                            : suggestion(word, known)));
    }
}

/// Whether an adaptation says that more evaluations would show it more.
bool still_learning(const Estimate& e) {
    const auto* provisional = find<bool>(e, "provisional");
    const auto* reached = find<std::vector<double>>(e, "reached");
    const auto* levels = find<std::vector<double>>(e, "levels");
    return (provisional && *provisional) || (reached && std::ranges::count(*reached, 0.0) > 0) ||
           (levels && std::ranges::any_of(*levels, [](double l) { return l < 0; }));
}

/// Evaluations that an estimate with a state takes at least to go on.
std::int64_t smallest_extension(const Estimate& e) {
    const State& state = *e.state;
    if (state.estimator == "sobol") return e.n / count(e, "replicates", 1);
    if (state.tables.contains("net")) return static_cast<std::int64_t>(table(state, "net").data.front());
    if (!state.tables.contains("plan")) return 1;
    const std::vector<double>& plan = numbers(state, "plan", 3);   // of a final sample: points done, of a net or 0
    return plan[0] == 0 ? 2 * integer(state, "replicates") : std::max<std::int64_t>(static_cast<std::int64_t>(plan[1]), 1);
}

/// Whether its points are drawn one by one: one sample, however it grew.
bool of_single_points(const Estimate& e) {
    return e.state && (e.state->estimator.ends_with("plain") || e.state->estimator.ends_with("importance"));
}

/// What a stage says of the target.
struct Verdict {
    std::vector<double> ratio;   // (m) half-width over tolerance; 0 where any error will do
    std::string doubt = {};      // why it is not believed
    bool believed() const { return doubt.empty(); }
    double worst() const { return *std::ranges::max_element(ratio); }
    bool reached() const { return believed() && worst() <= 1; }
};

/// Why the error of a value says too little.
std::string doubt_of(const std::string& name, double variance, double terms) {
    if (variance == 0) return "the error of '" + name + "' is 0, as of an event that was never hit";
    if (!(variance > 0)) return "the error of '" + name + "' is unknown";
    std::ostringstream text;
    text.precision(2);
    text << "too few terms carry '" << name << "', as if " << terms << " of at least " << fewest_terms;
    return text.str();
}

Verdict verdict_on(const Estimate& e, const std::vector<Tolerance>& tolerances, bool zero_is_exact) {
    Verdict verdict{std::vector<double>(e.value.size())};
    const auto [low, high] = e.confidence_interval(0.95);
    const auto* terms = find<std::vector<double>>(e, "effective_terms");
    bool any_varies = false;   // of those that are asked for: what is NaN beside them has no error to wait for
    for (std::size_t j = 0; j < e.value.size(); ++j) any_varies |= tolerances[j].asked() && !std::isnan(e.value[j]);
    for (std::size_t j = 0; j < e.value.size(); ++j) {
        if (!tolerances[j].asked()) continue;
        const auto k = static_cast<std::int64_t>(j);
        const double half = (high[j] - low[j]) / 2, wanted = tolerances[j].of(e.value[j]);
        const bool known = zero_is_exact && (half == 0 || (any_varies && std::isnan(e.value[j])));
        verdict.ratio[j] = known ? 0.0 : wanted > 0 ? half / wanted : never;
        if (std::isnan(verdict.ratio[j])) verdict.ratio[j] = never;
        const bool few = terms && terms->size() == e.value.size() && (*terms)[j] < fewest_terms;
        if (!known && (few || !(e.covariance(k, k) > 0)) && verdict.believed())
            verdict.doubt = doubt_of(e.names[j], e.covariance(k, k), few ? (*terms)[j] : 0.0);
    }
    if (verdict.believed() && still_learning(e))
        verdict.doubt = "the adaptation was still under way when its part of the budget ended";
    return verdict;
}

/// The rows before are the adaptation of those after.
Sample joined(Sample before, const Sample& after) {
    if (before.n() == 0) return after;
    const std::int64_t rows = before.n();
    if (after.n() == 0) return before;
    before.append(after.x, after.y);
    before.log_density.insert(before.log_density.end(), after.log_density.begin(), after.log_density.end());
    before.replicate.assign(after.replicate.empty() ? 0 : static_cast<std::size_t>(rows), -1);
    before.replicate.insert(before.replicate.end(), after.replicate.begin(), after.replicate.end());
    before.adaptation = rows + after.adaptation;
    before.skipped = after.skipped;
    before.controls = after.controls;
    return before;
}

/// More than 1, rounded up: two digits behind the point where that is about 1, none of many.
std::string times(double ratio) {
    std::ostringstream text;
    if (ratio < 10) text << std::fixed << std::setprecision(2) << std::ceil(100 * ratio) / 100;
    else if (ratio < 1e6) text << with_commas(static_cast<std::int64_t>(std::ceil(ratio)));
    else text << std::setprecision(2) << ratio;
    return text.str();
}

class UntilTarget {
public:
    UntilTarget(const Run& run, const Stages& stages, bool keep_state, bool begun)
        : run_(run), stages_(stages), key_(run.rng ? *run.rng : fresh_key()), keep_state_(keep_state), planned_(begun) {
        run.target_error.check(stages.function);
        if (!stages.names.empty()) (void)tolerances_of(run, stages.names, stages.function);
        require(run.budget >= 1, stages.function, ": budget must be at least 1, got ", run.budget);
    }

    Estimate operator()() { return go_on(*begin(std::min(stages_.pilot, run_.budget), {})); }

    Estimate go_on(Estimate e) {
        key_ = e.rng_key;
        for (;;) {
            const Verdict verdict = judge(e);
            sizes_.push_back(static_cast<double>(e.n));
            if (verdict.reached() && (planned_ || verdict.worst() <= clear)) return finished(std::move(e), verdict, "target");
            std::optional<Estimate> next = larger(e, verdict);
            if (!next) return finished(std::move(e), verdict, verdict.reached() ? "target" : "budget");
            e = std::move(*next);
        }
    }

private:
    Verdict judge(const Estimate& e) {
        return verdict_on(e, tolerances_of(run_, e.names, stages_.function), stages_.zero_is_exact);
    }

    /// The next stage; none where the budget has no room for one that would be better.
    std::optional<Estimate> larger(const Estimate& e, const Verdict& verdict) {
        planned_ = verdict.reached();
        const std::int64_t left = run_.budget - e.n;
        if (stages_.growth == Growth::fresh && !of_single_points(e)) return fresh(e, verdict, left);
        const double needed = verdict.worst() * verdict.worst() * spare_points;
        const double most = verdict.believed() ? largest_step : blind_step, growth = std::clamp(needed, smallest_step, most);
        planned_ = planned_ || (stages_.growth != Growth::doubled && verdict.believed() && needed <= most);
        const std::int64_t least = smallest_extension(e);
        if (left < least) return {};
        const auto wanted = static_cast<std::int64_t>(
            std::ceil(static_cast<double>(e.n) * (stages_.growth == Growth::doubled ? 2.0 : growth)));
        return more(e, std::clamp(wanted, e.n + least, run_.budget));
    }

    /// A new run; or more of the last one, where it can go on and that takes fewer evaluations. The errors of runs that can are
    /// those of nets and of a better proposal, which fall faster than those of single points: they are planned with the number of
    /// evaluations, not with its root, and where they fall short, they go on.
    std::optional<Estimate> fresh(const Estimate& e, const Verdict& verdict, std::int64_t left) {
        const std::int64_t least = e.state ? smallest_extension(e) : 0;
        const bool goes_on = stages_.more && e.state && left >= least;
        const double worst = verdict.worst(), needed = spare_rounds * (stages_.more ? worst : worst * worst);
        const double most = verdict.believed() && !stages_.more ? largest_step : blind_step, size = static_cast<double>(size_);
        const auto sample = static_cast<double>(size_ - std::min(size_, count(e, "adaptation_n", 0) - (e.n - size_)));
        const double further = std::max(spare_rounds * worst * worst, smallest_step) - 1;   // of the sample
        const double growth = std::max(std::clamp(needed, top_up, most), worst <= 1 && !verdict.reached() ? blind_step : 0.0);
        if (goes_on && verdict.believed() && further * sample <= growth * size) {
            planned_ = true;
            return more(e, e.n + std::min(left, std::max(least, static_cast<std::int64_t>(std::ceil(further * sample)))));
        }
        planned_ = planned_ || (verdict.believed() && needed <= most);
        if (verdict.reached() && static_cast<double>(left) < growth * size) return {};
        if (2 * left > 3 * size_) return begin(std::min(static_cast<std::int64_t>(std::ceil(growth * size)), left), e);
        if (goes_on) return more(e, run_.budget);
        return {};
    }

    /// A run of `size` evaluations with a key of its own, after those of `before`.
    std::optional<Estimate> begin(std::int64_t size, const Estimate& before) {
        Run run = stage_run(size, before);
        run.rng = begun_ == 0 ? key_ : Stream{key_, keys_of_stages}.word(begun_, 0);
        ++begun_;
        try {
            Estimate e = stages_.begin(run);
            size_ = e.n;
            return after(before, std::move(e), *run.rng);
        } catch (Unfinished& stopped) {
            if (before.sample) stopped.sample = joined(*before.sample, stopped.sample);
            stopped.partial = so_far(before, stopped.partial);
            throw;
        }
    }

    std::optional<Estimate> more(const Estimate& e, std::int64_t budget) {
        Run run = stage_run(budget, {});
        run.rng = e.rng_key;
        if (!e.sample && run.keep == Keep::sample) run.keep = Keep::state;
        try {
            Estimate next = stages_.more(e, run);
            size_ += next.n - e.n;
            return next;
        } catch (Unfinished& stopped) {
            if (!stopped.partial) stopped.partial = std::make_shared<const Estimate>(e);
            throw;
        }
    }

    Run stage_run(std::int64_t budget, const Estimate& before) const {
        Run run = run_;
        run.target_error = {};
        run.budget = budget;
        if (stages_.more && run.keep == Keep::nothing) run.keep = Keep::state;
        if (run_.progress)
            run.progress = [this, before](std::int64_t n, std::int64_t, const Partial& partial) {
                run_.progress(before.n + n, run_.budget, [&] { return so_far(before, partial()); });
            };
        return run;
    }

    /// Of a stage that has begun; what was known before it, until it knows more.
    std::shared_ptr<const Estimate> so_far(const Estimate& before, const std::shared_ptr<const Estimate>& partial) const {
        if (before.n > 0 && (!partial || partial->n < size_)) return std::make_shared<const Estimate>(before);
        if (!partial) return partial;
        Estimate e = *partial;
        if (before.n > 0 || e.rng_key != key_) e.state.reset();   // of a stage alone
        e.n += before.n;
        e.n_failed += before.n_failed;
        e.rng_key = key_;
        e.diagnostics["target_ratio"] =
            verdict_on(e, tolerances_of(run_, e.names, stages_.function), stages_.zero_is_exact).ratio;
        return std::make_shared<const Estimate>(std::move(e));
    }

    /// The estimate of a fresh run counts what was spent before it.
    Estimate after(const Estimate& before, Estimate e, std::uint64_t key) const {
        e.n += before.n;
        e.n_failed += before.n_failed;
        e.rng_key = key_;
        if (e.state && key != key_)
            store(*e.state, "key", {static_cast<double>(key >> 32), static_cast<double>(key & 0xffffffffu)});
        if (before.sample && e.sample) e.sample = joined(*before.sample, *e.sample);
        if (before.n > 0) e.diagnostics["adaptation_n"] = before.n + count(e, "adaptation_n", 0);
        return e;
    }

    Estimate finished(Estimate e, const Verdict& verdict, const std::string& stop) const {
        if (const auto* own = find<std::string>(e, "stop"); own && !find<std::string>(e, "adaptation_stop"))
            e.diagnostics["adaptation_stop"] = *own;
        e.diagnostics["stop"] = stop;
        e.diagnostics["stages"] = sizes_;
        e.diagnostics["target_ratio"] = verdict.ratio;
        if (!keep_state_) e.state.reset();
        if (stop == "budget") e.warnings.push_back(missed(e, verdict));
        return e;
    }

    std::string missed(const Estimate& e, const Verdict& verdict) const {
        const auto worst = static_cast<std::size_t>(std::ranges::max_element(verdict.ratio) - verdict.ratio.begin());
        std::string text = "the target error was not reached with " + with_commas(e.n) + " evaluations: ";
        const bool wide = verdict.worst() > 1 && std::isfinite(verdict.worst());
        if (wide) text += "that of '" + e.names[worst] + "' is " + times(verdict.worst()) + " times what was asked for";
        if (!verdict.believed()) text += (wide ? ", and " : "") + verdict.doubt;
        return text + "; a larger budget helps";
    }

    const Run& run_;
    const Stages& stages_;
    std::uint64_t key_;
    bool keep_state_;
    std::int64_t begun_ = 0, size_ = 0;   // fresh runs; evaluations of the newest one with all that went on from it
    bool planned_;                        // the newest stage was to reach the target, by what the one before said
    std::vector<double> sizes_;
};

}  // namespace

Estimate until_target(const Run& run, const Stages& stages) { return UntilTarget(run, stages, keeps_state(run), false)(); }

Estimate until_target(const Estimate& begun, const Run& run, const Stages& stages) {
    return UntilTarget(run, stages, true, true).go_on(begun);
}

}  // namespace buffon
