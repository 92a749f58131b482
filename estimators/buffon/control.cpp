#include <buffon/control.hpp>

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>

#include <buffon/check.hpp>
#include <buffon/errors.hpp>
#include <buffon/extend.hpp>
#include <buffon/going_on.hpp>
#include <buffon/stored.hpp>
#include <buffon/until_target.hpp>

namespace buffon {
namespace {

const std::string under_control = "control/";   // before the word of the estimator that ran, in a state
constexpr std::int64_t smallest_pilot = 1'000;

std::vector<double> means_of(const Controls& controls, const std::vector<double>& means, const std::string& who) {
    require(means.empty() || controls.means.empty(), who, ": means are given twice, with the controls and beside them");
    return means.empty() ? controls.means : means;
}

/// Names and means of the controls, law by law.
class Means {
public:
    Means(const Controls& controls, const std::vector<double>& means, std::int64_t laws, const std::string& who = "control")
        : values_(means_of(controls, means, who)), laws_(laws), names_(controls.names) {
        require(static_cast<bool>(controls.values), who, ": controls are needed: functions of the inputs with known means");
        const auto given = static_cast<std::int64_t>(values_.size());
        require(given > 0 && given % laws_ == 0, who, ": means must hold one number for each control",
                laws_ > 1 ? " and law" : "", ", got ", given);
        for (std::size_t c = 0; c < values_.size(); ++c)
            require(std::isfinite(values_[c]), who, ": means[", c, "] must be finite, got ", values_[c]);
        if (names_.empty())
            for (std::int64_t c = 1; c <= count(); ++c) names_.push_back("control " + std::to_string(c));
        require(static_cast<std::int64_t>(names_.size()) == count(), who, ": ", names_.size(),
                " controls need as many means", laws_ > 1 ? " for each law" : "", ", got ", given);
    }

    std::int64_t all() const { return static_cast<std::int64_t>(values_.size()); }
    std::int64_t count() const { return all() / laws_; }
    const std::vector<std::string>& names() const { return names_; }

    /// The controls are the last of each law's values.
    Estimate::Known among(const Estimate& e) const {
        Estimate::Known known;
        const std::int64_t each = e.size() / laws_;
        for (std::int64_t c = 0; c < all(); ++c)
            known.emplace_back(e.names[static_cast<std::size_t>((c / count() + 1) * each - count() + c % count())],
                               values_[static_cast<std::size_t>(c)]);
        return known;
    }

private:
    std::vector<double> values_;
    std::int64_t laws_;
    std::vector<std::string> names_;
};

Estimate conclude(const Estimate& joint, const Means& means, double collinear) {
    const Estimate::Known known = means.among(joint);
    const auto with_state = [&](Estimate e) {
        if (!joint.state) return e;
        State& state = e.state.emplace(*joint.state);
        state.estimator = under_control + state.estimator;
        store(state, "collinear", {collinear});
        return e;
    };
    if (joint.n_failed == 0) return with_state(joint.given(known, collinear));
    std::vector<std::string> names;
    for (const auto& [name, mean] : known) names.push_back(name);
    Estimate e = with_state(joint.without(names));
    e.warnings.push_back(
        "the controls were not used: some evaluations failed, and the controls' means given success are unknown");
    return e;
}

/// The same of what a run has so far; nothing where too few replicates are finished.
std::shared_ptr<const Estimate> conclude_partial(const std::shared_ptr<const Estimate>& joint, const Means& means,
                                                 double collinear) {
    try {
        return joint ? std::make_shared<const Estimate>(conclude(*joint, means, collinear)) : nullptr;
    } catch (const std::invalid_argument&) {
        return nullptr;
    }
}

Run with_corrected_progress(Run run, const Means& means, double collinear) {
    if (run.progress)
        run.progress = [told = run.progress, &means, collinear](std::int64_t n, std::int64_t budget, const Partial& joint) {
            told(n, budget, [&] { return conclude_partial(joint(), means, collinear); });
        };
    return run;
}

}  // namespace

Estimate control(const Problem& problem, const Run& run, const ControlOptions& options) {
    const Means means(options.controls, options.means, options.estimator.laws());
    require(options.collinear >= 0 && options.collinear < 1, "control: collinear must lie in [0, 1), got ", options.collinear);
    const std::int64_t least = 4 * (means.all() + 1);
    require(run.budget >= least, "control: budget must be at least four times one more than the ", means.all(),
            " controls, ", least, ", got ", run.budget);
    if (run.target_error)
        return until_target(
            run, {.function = "control",
                  .growth = Growth::fresh,
                  .pilot = std::max({smallest_pilot, 4 * (options.estimator.replicates() + means.all()), least}),
                  .begin = [&](const Run& stage) { return control(problem, stage, options); },
                  .more =
                      [&](const Estimate& e, const Run& stage) {
                          return extend(e, problem, stage,
                                        {.laws = options.estimator.given_laws(),
                                         .proposal = options.estimator.proposal(),
                                         .controls = options.controls,
                                         .means = options.means});
                      },
                  .names = options.estimator.given_laws().empty() ? problem.outputs() : std::vector<std::string>{}});
    const Problem joint = problem.with_known(options.controls.values, means.names(), options.controls.thread_safe, "control");
    try {
        const Run inner = with_corrected_progress(run, means, options.collinear);
        return conclude(options.estimator(joint, inner, means.all()), means, options.collinear);
    } catch (Unfinished& stopped) {
        stopped.partial = conclude_partial(stopped.partial, means, options.collinear);
        throw;
    }
}

Estimate go_on_control(const Estimate& before, const Problem& problem, const Run& run, const ExtendOptions& options) {
    const Means means(options.controls, options.means,
                      std::max<std::int64_t>(static_cast<std::int64_t>(options.laws.size()), 1), "extend");
    Estimate inner = before;
    inner.state->estimator.erase(0, under_control.size());
    const double collinear = numbers(*before.state, "collinear", 1)[0];
    const Problem joint = problem.with_known(options.controls.values, means.names(), options.controls.thread_safe, "extend");
    try {
        return conclude(extend(inner, joint, with_corrected_progress(run, means, collinear),
                               {.laws = options.laws, .proposal = options.proposal}),
                        means, collinear);
    } catch (Unfinished& stopped) {
        stopped.partial = conclude_partial(stopped.partial, means, collinear);
        throw;
    }
}

}  // namespace buffon
