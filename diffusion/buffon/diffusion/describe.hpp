/// Options as text, from their own description: "order=2, eta=0.5". Empty members, functions and tables are left out.
#pragma once

#include <cstddef>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <tuple>
#include <type_traits>

#include <buffon/fields.hpp>

namespace buffon::diffusion {

namespace detail {
/// As many digits as make the same number again, at least six.
inline void write_number(std::ostream& out, double value) {
    std::ostringstream text;
    for (int digits = 6; digits <= 17; ++digits) {
        text.str("");
        text.precision(digits);
        text << value;
        if (std::strtod(text.str().c_str(), nullptr) == value) break;
    }
    out << text.str();
}

template <class T>
void write(std::ostream& out, const char* separator, std::string_view name, const T& value) {
    if constexpr (std::is_same_v<T, bool>) out << separator << name << '=' << (value ? "True" : "False");
    else if constexpr (std::is_floating_point_v<T>) write_number(out << separator << name << '=', value);
    else if constexpr (std::is_arithmetic_v<T>) out << separator << name << '=' << value;
    else if constexpr (std::is_same_v<T, std::string>) out << separator << name << "='" << value << "'";
    else if constexpr (std::is_enum_v<T>)
        out << separator << name << "='" << EnumNames<T>::names[static_cast<std::size_t>(value)] << "'";
    else if constexpr (requires { value.has_value(); *value; }) {
        if (value) write(out, separator, name, *value);
    } else if constexpr (requires { value.empty(); out << value[0]; }) {
        if (value.empty()) return;
        out << separator << name << "=[";
        for (std::size_t i = 0; i < value.size(); ++i) {
            if constexpr (std::is_same_v<std::decay_t<decltype(value[0])>, double>)
                write_number(out << (i > 0 ? ", " : ""), value[i]);
            else out << (i > 0 ? ", " : "") << value[i];
        }
        out << ']';
    }
}
}  // namespace detail

template <Described Options>
std::string describe(const Options& options) {
    std::ostringstream out;
    std::apply(
        [&](const auto&... field) {
            (detail::write(out, out.tellp() > 0 ? ", " : "", field.name, options.*(field.member)), ...);
        },
        Options::fields());
    return out.str();
}

}  // namespace buffon::diffusion
