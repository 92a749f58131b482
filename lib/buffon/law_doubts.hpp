/// Whether a law evidently did not make a table of points. Not installed.
/// Source: Rosenblatt (1952), whose map makes independent standard normal coordinates of the right law; Kolmogorov's distance
/// for each of them, the correlation for each pair. Bonferroni over all of these tests.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <buffon/distribution.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Largest distance between the distribution function of these numbers and the standard normal one.
double normal_distance(std::span<const double> u);

/// What speaks against it that `law` made the rows of x, in words; nothing for most samples of it (999 of 1,000).
/// `log_density` is its own at the rows; of rows with weights (`draws` false) only those outside of the law are told.
/// Deviations that no answer would notice (0.01 in probability or correlation) are passed over.
std::vector<std::string> doubts_about(const Distribution& law, ConstView x, std::span<const double> log_density, bool draws);

}  // namespace buffon
