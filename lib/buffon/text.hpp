/// Words for people: thousands separators, the nearest of the words that would have been right. Not installed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace buffon {

/// "20,000".
std::string with_commas(std::int64_t n);

/// The word of `known` with the smallest edit distance to `word`; empty when none is near (distance > 1/2 of the length).
std::string nearest(std::string_view word, const std::vector<std::string>& known);

/// "; did you mean 'budget'?", or "; known are a, b, c" when nothing is near.
std::string suggestion(std::string_view word, const std::vector<std::string>& known);

}  // namespace buffon
