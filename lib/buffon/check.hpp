/// Argument checks: a message says function, argument, requirement and the value that was given.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace buffon {

namespace detail {
/// Out of line of the check itself, so that a passed check costs one branch.
template <class... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
    std::ostringstream text;
    (text << ... << parts);
    throw std::invalid_argument(text.str());
}
}  // namespace detail

/// `require(n >= 2, "plain: n must be at least 2, got ", n)`.
/// @throw std::invalid_argument with the parts of the message joined, if the condition does not hold.
template <class... Parts>
void require(bool condition, const Parts&... parts) {
    if (!condition) detail::refuse(parts...);
}

}  // namespace buffon
