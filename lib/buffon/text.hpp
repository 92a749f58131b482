/// Words for people: thousands separators, the nearest of the words that would have been right. Not installed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace buffon {

/// "20,000".
std::string with_commas(std::int64_t n);

/// After a level that must lie between 0 and 1: ": for 95 percent write 0.95"; "" where it is no percentage.
std::string as_a_share(double level);

/// The word of `known` with the smallest edit distance to `word`, capitals aside unless nothing else tells them apart;
/// empty when none is
/// near (distance > 1/2 of the length).
std::string nearest(std::string_view word, const std::vector<std::string>& known);

/// "; did you mean 'budget'?", or "; known are a, b, c" when nothing is near.
std::string suggestion(std::string_view word, const std::vector<std::string>& known);
/// The same of a keyword, which may be what other libraries call one of these: seed for rng, samples for budget or n.
std::string keyword_suggestion(std::string_view word, const std::vector<std::string>& known);

}  // namespace buffon
