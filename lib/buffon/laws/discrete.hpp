/// Law of finitely many values: X = values[i] with probability probabilities[i].
#pragma once

#include <memory>
#include <vector>

#include <buffon/support.hpp>

namespace buffon {

/// Cheap to copy; immutable. Its log_density is the logarithm of a probability, not of a density: a Joint's is then relative to
/// a measure that counts in this coordinate, and weights and ratios of laws with the same values stay what they are.
class Discrete {
public:
    /// @param values  (k) finite, all different, in any order.
    /// @param probabilities  (k) not negative; they are divided by their sum. Zero leaves a value out. None: equal.
    /// @throw std::invalid_argument naming the defect.
    explicit Discrete(std::vector<double> values, std::vector<double> probabilities = {});

    /// log P(X = x): -inf between the values.
    double log_density(double x) const;
    double cdf(double x) const;    // P(X <= x)
    double ccdf(double x) const;   // P(X > x)
    /// The smallest value whose cdf is at least p.
    double quantile(double p) const;
    /// The smallest value whose ccdf is at most p.
    double upper_quantile(double p) const;
    /// The middle, in probability, of the scores that from_normal takes to x: many scores have one value. Between the values the
    /// score at which from_normal jumps; -inf and +inf beyond the outer values.
    double to_normal(double x) const;
    double from_normal(double z) const;
    double mean() const;
    double variance() const;
    Support support() const;

    /// Ascending; those with a probability only.
    const std::vector<double>& values() const;
    /// Their probabilities; the sum is 1.
    const std::vector<double>& probabilities() const;
    /// The scores between neighbouring values (k - 1).
    const std::vector<double>& jumps() const;
    /// The score at the share v in (0, 1) of the probability of value number i, from below.
    double score_within(std::size_t i, double v) const;
    /// Number of the value x; the number of values where x is none.
    std::size_t find(double x) const;

private:
    struct Atoms;
    std::shared_ptr<const Atoms> atoms_;
};

}  // namespace buffon
