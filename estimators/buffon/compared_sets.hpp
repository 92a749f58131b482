/// What metrics of samples ask of their points, and how they split them. Not installed.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <buffon/estimate.hpp>
#include <buffon/two_sample.hpp>

namespace buffon {

/// @throw std::invalid_argument unless each sample has `fewest` rows or more, the columns of the reference, and finite numbers.
void check_sets(const std::string& who, const PointSets& x, const Matrix& y, std::int64_t fewest);
void check_set(const std::string& who, const std::string& name, ConstView x, std::int64_t dim, std::int64_t fewest);
/// The same of samples on the processor or on one device, in one precision; whether numbers of a device are finite is seen there.
/// @throw also where `device` is another one
void check_places(const std::string& who, const PointSets& x, const ReferencePoints& y, const std::string& device,
                  std::int64_t fewest);
/// An array for work on `queue`, another stream of its device: what makes it, on a stream of its own library, ends first.
DeviceArray queued_on(const DeviceQueue& queue, DeviceArray a);
/// What messages call sample s: "x", or "x[near]".
std::string name_of(const PointSets& x, std::size_t s);

/// One name for each sample: its own, or its number, or `who` for a single one.
std::vector<std::string> names_of(const std::string& who, const PointSets& x);

/// Names of several values for each sample: their own, behind "SAMPLE." unless there is a single one without a name.
std::vector<std::string> names_of(const PointSets& x, const std::vector<std::string>& values);

/// Rows b, b + blocks, b + 2 blocks, ...: data that are sorted give blocks that are alike.
Matrix block_of(ConstView x, std::int64_t b, std::int64_t blocks);

/// Up to `most` rows of so many, as (first, number) of so many runs that are spread evenly: data that are sorted show all their parts.
std::vector<std::pair<std::int64_t, std::int64_t>> spread_runs(std::int64_t rows, std::int64_t most, std::int64_t runs = 32);
/// These rows.
Matrix spread_rows(ConstView x, std::int64_t most, std::int64_t runs = 32);

/// Warns of each value that is not finite or whose error is not: squares of rows far out overflow.
void warn_of_overflow(Estimate& e);

/// Covariance of the mean of independent rows (R, q).
Matrix covariance_of_mean(ConstView rows);

/// Of all pairs of these rows; 0 where more than half of them coincide.
double median_distance(ConstView rows);

/// Column means, (d).
std::vector<double> column_means(ConstView x);

}  // namespace buffon
