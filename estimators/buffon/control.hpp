/// Control variates with known means, for any estimator.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/plain.hpp>
#include <buffon/problem.hpp>
#include <buffon/run.hpp>

namespace buffon {

/// Functions of the inputs whose means under the input law are known.
struct Controls {
    std::function<Matrix(ConstView x)> values;   // (n, d) -> (n, k), row by row
    std::vector<std::string> names = {};         // (k); none: "control 1", "control 2", ...
    std::vector<double> means = {};              // (k), or J k law by law when the estimator has J laws
    bool thread_safe = true;                     // may be called from several threads at once
};

/// An estimator with its options, for another problem:  {quasi, {.replicates = 32}}.
class BaseEstimator {
public:
    BaseEstimator() : BaseEstimator(&plain) {}
    BaseEstimator(Estimate (*f)(const Problem&, const Run&))
        : run_([f](const Problem& problem, const Run& run, std::int64_t) { return f(problem, run); }) {}

    template <class Options>
    BaseEstimator(Estimate (*f)(const Problem&, const Run&, const Options&), std::type_identity_t<Options> options = {}) {
        if constexpr (requires { options.laws.size(); })
            laws_ = options.laws;
        if constexpr (requires { options.proposal.has_value(); })
            proposal_ = options.proposal;
        if constexpr (requires { options.replicates; })
            replicates_ = options.replicates;
        run_ = [f, options = std::move(options)](const Problem& problem, const Run& run, [[maybe_unused]] std::int64_t controls) {
            Options more = options;
            if constexpr (requires { more.replicates; }) more.replicates += controls;
            return f(problem, run, more);
        };
    }

    /// Where errors come from replicates, `controls` more of them: each control takes a degree of freedom.
    Estimate operator()(const Problem& problem, const Run& run, std::int64_t controls) const {
        return run_(problem, run, controls);
    }
    std::int64_t laws() const { return std::max<std::int64_t>(static_cast<std::int64_t>(laws_.size()), 1); }
    /// What `extend` asks for again; replicates: 0 where there are none.
    const std::vector<Distribution>& given_laws() const { return laws_; }
    const std::optional<Distribution>& proposal() const { return proposal_; }
    std::int64_t replicates() const { return replicates_; }

private:
    std::function<Estimate(const Problem&, const Run&, std::int64_t)> run_;
    std::vector<Distribution> laws_;
    std::optional<Distribution> proposal_;
    std::int64_t replicates_ = 0;
};

struct ControlOptions {
    Controls controls = {};
    std::vector<double> means = {};
    double collinear = 1e-4;
    BaseEstimator estimator = {};

    // The estimator comes last: it takes its own options from the keywords that are left.
    static constexpr auto fields() {
        return std::tuple{Field{"controls", &ControlOptions::controls,
                                "function of the inputs, (n, d) -> (n, k), or a dict name -> (function, mean) with "
                                "functions (n, d) -> (n,)"},
                          Field{"means", &ControlOptions::means,
                                "the k exact means of a function's columns under the input law; law by law when the "
                                "estimator has several"},
                          Field{"collinear", &ControlOptions::collinear,
                                "directions of the controls fade out about this relative singular value: whole from "
                                "three times it on, dropped below a third"},
                          Field{"estimator", &ControlOptions::estimator,
                                "the estimator that runs, by its name; its own options are further keywords"}};
    }
};

/// The estimator's answer for the outputs together with the controls, corrected by what the controls' means say, see
/// Estimate::given: one sample, joint covariance, from independent points better and never worse once n is large. Estimators with
/// replicates get one more for each control, and adaptive ones adapt to the outputs alone. Bias of order 1 / n (1 / R from R
/// replicates: it warns where they may be skewed), 0 where the errors are linear in the controls'. Controls are not
/// used where evaluations failed and were discarded: their
/// means given success are unknown.
/// @throw std::invalid_argument for no controls or means, k too large for the budget; what the estimator throws.
/// Source: Lavenberg & Welch (1981); Hickernell, Lemieux, Owen (2005); Portier & Segers (2019).
Estimate control(const Problem& problem, const Run& run, const ControlOptions& options);

}  // namespace buffon
