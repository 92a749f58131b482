/// What estimators share that look for events first and then draw one sample where these are: form and cross_entropy.
#pragma once

#include <concepts>
#include <tuple>

#include <buffon/aiscv.hpp>
#include <buffon/fields.hpp>

namespace buffon {

/// Their fields: their `own`, then those of the sample.
template <class Options, class... Own>
constexpr auto event_fields(Own... own) {
    return std::tuple{
        own...,
        Field{"points", &Options::points, "'rqmc': scrambled Sobol' points; 'iid': independent points"},
        Field{"weights", &Options::weights, "share of each output in what is sampled; none: equal shares"},
        Field{"defensive", &Options::defensive, "share of the input law in what is sampled"},
        Field{"cut", &Options::cut, "control directions fade out about this relative singular value"},
        Field{"replicates", &Options::replicates, "smallest number of independent scrambles in the final sample"}};
}

/// As options of aiscv, whose final sample it is: every member of Options that aiscv has by the same name.
template <class Options>
AiscvOptions sample_options(const Options& options) {
    AiscvOptions out;
    const auto copy = [&]<class To, class From>(const Field<AiscvOptions, To>& to, const Field<Options, From>& from) {
        if constexpr (std::same_as<To, From>)
            if (to.name == from.name) out.*(to.member) = options.*(from.member);
    };
    std::apply(
        [&](const auto&... to) {
            std::apply([&](const auto&... from) { (([&](const auto& own) { (copy(own, from), ...); })(to), ...); },
                       Options::fields());
        },
        adaptive_fields<AiscvOptions>());
    return out;
}

}  // namespace buffon
