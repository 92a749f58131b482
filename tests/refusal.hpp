#pragma once
// What a refused call says.

#include <stdexcept>
#include <string>

/// The text of the Error that a call throws; "no error" where it passes. Another exception goes on.
template <class Error = std::invalid_argument>
std::string message(const auto& call) {
    try {
        call();
    } catch (const Error& error) {
        return error.what();
    }
    return "no error";
}
