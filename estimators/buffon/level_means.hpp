/// Means of differences between models at common inputs. Not installed.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <buffon/bootstrap_t.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/problem.hpp>
#include <buffon/row_means.hpp>
#include <buffon/run.hpp>
#include <buffon/stream.hpp>

namespace buffon {

/// The problem whose outputs are those of all these at the same inputs, one problem after the other; errors speak of
/// levels by `numbers`.
/// Models run on `device`, where the problem itself is one of the processor: it puts them together.
/// @throw std::invalid_argument for a model that does not run there; when it is evaluated, for numbers of outputs that differ.
Problem side_by_side(const std::vector<const Problem*>& problems, const std::vector<std::int64_t>& numbers,
                     const std::string& device = "cpu");

/// Independent terms of one level: rows of the first model's outputs, less the second's if there is one.
struct LevelTerms {
    RowMeans means;
    Stratum stratum;

    void add(ConstView rows, int threads);
    std::int64_t n() const { return means.n(); }
};

/// (n, m) scale_j (first_j - coefficient_j second_j) of rows (n, 2 m); of one model, without coefficients, the rows times
/// the scales.
Matrix differences(ConstView rows, std::span<const double> scale, std::span<const double> coefficient);

/// Draws inputs first, first + 1, ... of the stream, evaluates `count` of them, and hands over the rows.
void draw_rows(Evaluation& evaluate, const Stream& stream, std::int64_t first, std::int64_t count,
               const std::function<void(ConstView)>& take);

/// Estimate of the sum of the levels' means, with bounds by bootstrap-t. @throw std::invalid_argument for fewer than
/// two terms of one.
Estimate finish_levels(const std::vector<LevelTerms>& levels, std::vector<std::string> names, const Stream& stream, int threads);

}  // namespace buffon
