/// A law on the real line known by its density up to a constant, tabulated for draws: a smooth monotone function of the normal
/// score. Not installed.
#pragma once

#include <functional>
#include <vector>

namespace buffon {

class TabulatedLaw {
public:
    /// @param log_density  smooth, falling on both sides of `mode` to -infinity.
    TabulatedLaw(const std::function<double(double)>& log_density, double mode);

    /// The quantile at the standard normal cdf of `score`; beyond probabilities of 1e-16 the value at their ends. Its density
    /// is the law's to about 1e-7 of itself: what no sample sees.
    double at_score(double score) const;

private:
    std::vector<double> score_, value_, slope_;   // at the nodes; slope: of the value by the score
};

}  // namespace buffon
