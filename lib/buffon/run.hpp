/// What all estimators share: how much may be spent, which random numbers, how the work is done.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <tuple>

#include <buffon/fields.hpp>

namespace buffon {

/// What to do with a model evaluation that gives NaN or infinity, or raises.
enum class OnError { raise, discard };
template <>
struct EnumNames<OnError> {
    static constexpr std::array<std::string_view, 2> names{"raise", "discard"};
};

/// What an estimate keeps beside its numbers.
enum class Keep { nothing, sample };
template <>
struct EnumNames<Keep> {
    static constexpr std::array<std::string_view, 2> names{"nothing", "sample"};
};

struct Run {
    std::int64_t budget = 10'000;
    std::optional<std::uint64_t> rng = {};
    std::int64_t batch = 65'536;
    int threads = 0;
    OnError on_error = OnError::raise;
    Keep keep = Keep::nothing;
    std::function<void(std::int64_t, std::int64_t)> progress = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"budget", &Run::budget, "largest number of model evaluations, adaptation included"},
            Field{"rng", &Run::rng, "key of the random numbers: same key, same bits; none draws a fresh one, kept in the estimate as rng_key"},
            Field{"batch", &Run::batch, "largest number of rows in one call of the model; changes no result"},
            Field{"threads", &Run::threads, "threads, 0 for all; changes no result"},
            Field{"on_error", &Run::on_error, "'raise' stops at the first evaluation that fails or is not finite, 'discard' counts it and conditions on success"},
            Field{"keep", &Run::keep, "'sample' keeps every evaluation in estimate.sample"},
            Field{"progress", &Run::progress, "called as progress(n, budget) after each batch"}};
    }
};

}  // namespace buffon
