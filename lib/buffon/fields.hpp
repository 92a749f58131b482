/// An options struct describes itself once: `fields()` lists its members with a name and one line of help.
/// The list feeds Python keywords, docstrings, error messages and experiment records.
#pragma once

#include <string_view>

namespace buffon {

template <class Struct, class Member>
struct Field {
    std::string_view name;
    Member Struct::*member;
    std::string_view help;
};

/// A struct whose members are keywords.
template <class T>
concept Described = requires { T::fields(); };

/// An enum whose values are strings in Python specialises this: `static constexpr std::array<std::string_view, N> names`,
/// in the order of the values.
template <class Enum>
struct EnumNames;

}  // namespace buffon
