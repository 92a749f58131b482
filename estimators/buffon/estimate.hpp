/// The answer of every estimator: numbers with the covariance of their errors.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <buffon/sample.hpp>
#include <buffon/state.hpp>
#include <buffon/view.hpp>

namespace buffon {

using Diagnostic = std::variant<bool, std::int64_t, double, std::string, std::vector<double>, std::vector<std::string>>;

/// Intervals that are not value +- error, at some levels in ascending order: those of quantiles.
struct Bounds {
    std::vector<double> levels;   // (L)
    Matrix low, high;             // (m, L)
};

struct Estimate {
    std::vector<double> value;         // (m)
    Matrix covariance;                 // (m, m) of the errors of `value`
    std::int64_t n = 0;                // model evaluations spent, adaptation included
    std::int64_t n_failed = 0;         // of them failed and discarded
    std::vector<std::string> names;    // (m)
    std::uint64_t rng_key = 0;         // replays the run
    /// Behind the covariance: R - 1 for R replicates, infinite when the errors are means of many terms.
    double degrees_of_freedom = std::numeric_limits<double>::infinity();
    /// (m) excess kurtosis of the errors, that of a term / their number, or none where it is taken for 0. A variance from
    /// terms with heavy tails is itself uncertain: see `confidence_interval`.
    std::vector<double> excess_kurtosis;
    Bounds bounds;                     // none: intervals are symmetric
    std::map<std::string, Diagnostic> diagnostics;
    std::vector<std::string> warnings; // plain words: what makes the intervals doubtful
    std::optional<Sample> sample;      // with Run::keep = sample
    std::optional<State> state;        // with Run::keep = state or sample: what `extend` goes on from

    std::int64_t size() const { return static_cast<std::int64_t>(value.size()); }
    /// Index of a name.   @throw std::invalid_argument naming the nearest name.
    std::int64_t index(const std::string& name) const;
    /// (m) square roots of the diagonal of `covariance`.
    std::vector<double> std_error() const;
    /// (low, high), each (m): Student interval of each value by itself, with 2 / (2 / degrees_of_freedom + excess kurtosis)
    /// degrees of freedom where that kurtosis is positive: those of a chi-square law that varies as the variance does.
    /// Where there are `bounds`, those, between their levels by the normal quantiles of the levels.
    /// Source: Satterthwaite (1946), Box (1953).   @throw std::invalid_argument unless 0 < level < 1.
    std::pair<std::vector<double>, std::vector<double>> confidence_interval(double level = 0.95) const;

    /// f(value) with its covariance by the delta method: J covariance J', J by central differences a fraction of a
    /// standard error wide. Bias of order covariance x second derivative stays. Of diagnostics that hold a number for
    /// each value those
    /// of tails become the worst of the values that have a part in a new one, and others go.
    using Function = std::function<std::vector<double>(const std::vector<double>&)>;
    Estimate transform(const Function& f, std::vector<std::string> names = {}) const;
    using Known = std::vector<std::pair<std::string, double>>;
    /// The other values, improved by what is known of these: names with their exact means. The joint covariance C says
    /// what an error of theirs tells of the others: value - b' (their values - means), b = C_hh^-1 C_hy, never worse once
    /// n is large. Directions of C_hh fade out about a relative singular value of `collinear`, see `regress`.
    /// With f degrees of freedom behind C and r directions kept, the covariance is that of a regression and f - r remain:
    /// intervals are exact for normal errors. The bias is of order 1 / f, and 0 where the others' errors are linear in these;
    /// few replicates with heavy tails show it (exp(x) of normal x on 31 nets of 64 points: a fifth of a standard error).
    /// Diagnostics: controls, coefficients (k m, control by control), control_z (given means against the sample's, in
    /// standard errors), controls_dropped, r_squared (m), variance_ratio (m, after to before).
    /// Source: Lavenberg & Welch (1981); Hickernell, Lemieux, Owen (2005) for coefficients from replicates.
    /// @throw std::invalid_argument for a name that is not there, nothing left to estimate, too few degrees of freedom.
    Estimate given(const Known& means, double collinear = 1e-4) const;
    /// Without these values: what remains has its joint covariance.
    Estimate without(const std::vector<std::string>& left_out) const;
    /// value_i - value_j, with the error that their common sample leaves.
    Estimate contrast(std::int64_t i, std::int64_t j) const;
    /// The pooled estimate of this and an independent one of the same quantities, weighted by n (so nothing is learnt
    /// from the error bars, and unbiased stays unbiased). Diagnostics: of tails the worse of both, of others those that
    /// are alike.
    Estimate merge(const Estimate& other) const;

    /// One line per value: "0.04386 ± 0.00002 (20,000 evaluations)".
    std::string text() const;
};

/// A number with the digits that its standard error leaves meaningful: "0.04386 ± 0.00002".
std::string with_error(double value, double std_error);

}  // namespace buffon
