/// A registered solver from text: "dpmpp(order=3,lower_order_final=False)".
#pragma once

#include <solver_registry.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>

namespace named {

using namespace buffon::diffusion;

template <class T>
void read(T& member, const std::string& text) {
    if constexpr (std::is_same_v<T, bool>) {
        member = text == "True";
    } else if constexpr (std::is_enum_v<T>) {
        const auto& names = buffon::EnumNames<T>::names;
        const auto found = std::ranges::find(names, text);
        if (found == names.end()) throw std::invalid_argument("no such word: " + text);
        member = static_cast<T>(found - names.begin());
    } else if constexpr (std::is_arithmetic_v<T>) {
        std::istringstream(text) >> member;
    } else {
        throw std::invalid_argument("not a number, a word or a truth value: " + text);
    }
}

template <class Options>
Options options(const std::string& text) {
    Options all;
    std::istringstream in(text);
    for (std::string item; std::getline(in, item, ',');) {
        const std::size_t equals = item.find('=');
        bool known = false;
        std::apply(
            [&](const auto&... field) {
                ((field.name == item.substr(0, equals)
                      ? (known = true, read(all.*(field.member), item.substr(equals + 1)))
                      : void()),
                 ...);
            },
            Options::fields());
        if (!known) throw std::invalid_argument("no such option: " + item);
    }
    return all;
}

template <class Options>
Table make(Table (*maker)(const Schedule&, const Grid&, const Options&), const Schedule& schedule, const Grid& grid,
           const std::string& text) {
    return maker(schedule, grid, options<Options>(text));
}

inline Table table(const std::string& text, const Schedule& schedule, const Grid& grid) {
    const std::size_t open = text.find('(');
    const std::string solver = text.substr(0, open), inside = text.substr(open + 1, text.size() - open - 2);
#define ROW(name) \
    if (solver == #name) return make(&buffon::diffusion::name, schedule, grid, inside);
#include <solver_registry.inc>
#undef ROW
    throw std::invalid_argument("no such solver: " + solver);
}

}  // namespace named
