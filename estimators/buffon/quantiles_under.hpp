/// Quantiles of the outputs under new laws, jointly. Not installed.
/// Source: Woodruff, Confidence intervals for medians and other position measures, J. Am. Stat. Assoc. 47 (1952): the
/// interval of the
/// distribution function at the quantile, read back through that function. Glynn, Importance sampling for Monte Carlo
/// estimation of
/// quantiles (1996).
#pragma once

#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/new_laws.hpp>

namespace buffon {

/// Levels at which asymmetric intervals are written down; others are interpolated.
const std::vector<double>& interval_levels();

/// "q0.95".
std::string level_text(double level);

/// J m L values: law by law, output by output, level by level, named "law 1: q0.95(y)". Standard errors are half the 95
/// % interval over
/// its Student quantile; correlations are those of the distribution functions at the quantiles. `bounds` are Woodruff's.
Estimate quantiles_under(const KeptRows& rows, const NewLaws& laws, const std::vector<double>& levels, bool controls = true);

}  // namespace buffon
