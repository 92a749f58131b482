/// Univariate laws fitted to data by maximum likelihood, with the standard errors that the observed information gives.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <buffon/laws/univariate.hpp>
#include <buffon/view.hpp>

namespace buffon {

struct LawFit {
    Univariate law;
    std::vector<std::string> parameters;   // names as in the law's constructor; none of a kernel density or a histogram
    std::vector<double> values;
    Matrix covariance;                     // of the estimates: the inverse of minus the log-likelihood's second derivatives
    double log_likelihood = 0;             // of a kernel density or a histogram: NaN, their likelihood compares with nothing
    std::int64_t n = 0;                    // observations used
    std::int64_t missing = 0;              // NaN among the data, left out

    double aic() const { return 2 * static_cast<double>(values.size()) - 2 * log_likelihood; }
    double bic() const;
};

/// Names that fit_law takes: those of the laws, and "kernel" (Sheather and Jones' bandwidth), "histogram" (Freedman and
/// Diaconis' width).
const std::vector<std::string>& law_families();

/// @param family  one of law_families().  @param data  at least as many different numbers as the family has parameters, and two;
/// NaN is counted and left out.
/// @throw std::invalid_argument for an unknown family, infinite data, or data outside the family's support (named by index).
LawFit fit_law(const std::string& family, std::span<const double> data);

/// Bins of equal width between the extremes. Width by Freedman and Diaconis' rule, 2 IQR n^(-1/3), when `bins` is 0.
Histogram histogram_of(std::span<const double> data, std::int64_t bins = 0);

}  // namespace buffon
