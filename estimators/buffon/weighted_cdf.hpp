/// The distribution of an output under a law, from a kept sample: its values in order, each with its share of the
/// weight. Not installed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <buffon/kept_rows.hpp>

namespace buffon {

class WeightedCdf {
public:
    /// `weight` (draws); draws without weight, or that failed, are left out.   @throw std::invalid_argument when none is left.
    WeightedCdf(const KeptRows& rows, std::span<const double> weight, std::int64_t output);

    /// Smallest value whose share of the weight, with all below it, is at least p; the least and the largest value beyond (0, 1].
    double quantile(double p) const;
    /// Share of the weight at values up to y.
    double operator()(double y) const;
    /// Whether level p lies between the shares of the least and the largest value.
    bool reaches(double p) const { return p > share_.front() && p <= 1; }

private:
    std::vector<double> value_;   // ascending
    std::vector<double> share_;   // cumulated
};

}  // namespace buffon
