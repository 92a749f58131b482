/// Means over the rows of several samples of functions of a row, with the joint covariance of these means. Not installed.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <buffon/two_sample.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Values (count, q) of some rows of sample s; called by several threads at once.
using RowFunctions = std::function<void(std::int64_t s, ConstView rows, View out)>;

struct SetMeans {
    std::vector<double> value;   // (k q), sample by sample
    Matrix covariance;           // (k q, k q)
};

/// Told how many rows more are done, by the thread that called; what it throws ends the call.
using RowsDone = std::function<void(std::int64_t)>;

/// Samples of equal size share their errors row by row, as draws from the same noise do; others have none in common.
/// Blocks of rows, whatever `threads` are: memory O(block k q) beside the samples.
SetMeans set_means(const PointSets& x, std::int64_t q, int threads, const RowFunctions& functions, const RowsDone& done = {});

}  // namespace buffon
