/// What is wrong with the outputs of a model, in words that name the point. Not installed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <buffon/problem.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// "x1 = 0.3, x2 = ...": the first twelve inputs of a row of x (n, d).
std::string describe_point(ConstView x, std::int64_t row, const std::vector<std::string>& inputs);

/// "y" of one output, "y1", "y2", ... of several, "y1,1", "y1,2", ... of those of a table of this shape.
std::vector<std::string> default_output_names(std::int64_t m, const std::vector<std::int64_t>& shape);

/// Whether rows [begin, end) hold finite numbers only, scores among them.
bool all_finite(const Outputs& out, std::int64_t begin, std::int64_t end);

/// Whether the first m outputs of a row, and its scores, are finite.
bool finite_row(const Outputs& out, std::int64_t row, std::int64_t m);

/// "inf for output 'y2'", or "a score that is not finite": the first such thing of a row that is not finite.
std::string not_finite(const Outputs& out, std::int64_t row, const std::vector<std::string>& names);

struct WrongScore {
    std::int64_t output, row;
};
/// The first of m outputs that is an event, zeros and ones in rows [begin, end), and whose score is not positive exactly where it
/// happens; at 0 a score may be either. A score that outputs share is right where it fits one of them: a mean, or a
/// count, may stand
/// beside the event that the score is of.
std::optional<WrongScore> wrong_score(const Outputs& out, std::int64_t m, std::int64_t begin, std::int64_t end);

}  // namespace buffon
