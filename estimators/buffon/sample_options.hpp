/// What functions of a kept sample share: the law that is asked for, the outputs, and what to do where the sample says
/// too little.
#pragma once

#include <array>
#include <string_view>
#include <tuple>

#include <buffon/fields.hpp>

namespace buffon {

/// What to do where the weights leave no trust in a value.
enum class Doubtful { automatic, warn, raise };
template <>
struct EnumNames<Doubtful> {
    static constexpr std::array<std::string_view, 3> names{"auto", "warn", "raise"};
};

/// Their fields: their `own`, then `law` where the options have one, `outputs`, `controls`, `doubtful`, `threads`.
/// @param controls  help: what there is regressed on.
template <class Options, class... Own>
constexpr auto sample_fields(std::string_view controls, Own... own) {
    const std::tuple shared{
        Field{"outputs", &Options::outputs, "names of the outputs that are wanted, none: all"},
        Field{"controls", &Options::controls, controls},
        Field{"doubtful", &Options::doubtful,
              "where the weights leave no trust in a value: 'warn', 'raise', or 'auto', which warns from a k-hat of "
              "0.7 on, and raises where fewer than ten rows count, or fewer than five and k-hat is above 1"},
        Field{"threads", &Options::threads, "threads, 0 for all; changes no result"}};
    if constexpr (requires { &Options::law; })
        return std::tuple_cat(
            std::tuple{own..., Field{"law", &Options::law,
                                     "law of the inputs, in the order of the sample; none: that of the problem"}},
            shared);
    else return std::tuple_cat(std::tuple{own...}, shared);
}

}  // namespace buffon
