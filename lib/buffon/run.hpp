/// What all estimators share: how much may be spent, which random numbers, how the work is done.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <buffon/fields.hpp>
#include <buffon/target_error.hpp>

namespace buffon {

struct Estimate;

/// The estimate from what a run has finished so far, made when it is asked for; null while that is too little.
using Partial = std::function<std::shared_ptr<const Estimate>()>;

/// Told after each batch that n of `budget` evaluations are done: a function of (n, budget) or of (n, budget, partial).
/// partial() may be called until the function returns; it changes no result.
class Progress {
    template <class F>
    static constexpr bool asks = std::invocable<F&, std::int64_t, std::int64_t, const Partial&>;

public:
    Progress() = default;
    template <class F>
        requires(!std::same_as<F, Progress> && (asks<F> || std::invocable<F&, std::int64_t, std::int64_t>))
    Progress(F f) {
        if constexpr (asks<F>) f_ = std::move(f);
        else f_ = [f = std::move(f)](std::int64_t n, std::int64_t budget, const Partial&) mutable { f(n, budget); };
    }

    explicit operator bool() const { return static_cast<bool>(f_); }
    void operator()(std::int64_t n, std::int64_t budget, const Partial& partial) const { f_(n, budget, partial); }

private:
    std::function<void(std::int64_t, std::int64_t, const Partial&)> f_;
};

/// What to do with a model evaluation that gives NaN or infinity, or raises.
enum class OnError { raise, discard };
template <>
struct EnumNames<OnError> {
    static constexpr std::array<std::string_view, 2> names{"raise", "discard"};
};

/// What an estimate keeps beside its numbers.
enum class Keep { nothing, state, sample };
template <>
struct EnumNames<Keep> {
    static constexpr std::array<std::string_view, 3> names{"nothing", "state", "sample"};
};

struct Run {
    std::int64_t budget = 10'000;
    TargetError target_error = {};
    std::optional<std::uint64_t> rng = {};
    std::int64_t batch = 65'536;
    int threads = 0;
    std::string device = "cpu";
    OnError on_error = OnError::raise;
    Keep keep = Keep::nothing;
    Progress progress = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"budget", &Run::budget, "largest number of model evaluations, adaptation included"},
            Field{"target_error", &Run::target_error,
                  "half-width of the 95 % interval at which the run stops, `budget` being what it may spend: a number "
                  "is absolute, {'relative': 0.01} a "
                  "share of the value, {'absolute': a, 'relative': r} the larger of both; {name: one of these} or a "
                  "list for each value. None: the budget is spent"},
            Field{"rng", &Run::rng,
                  "key of the random numbers: same key, same bits; none draws a fresh one, kept in the estimate as "
                  "rng_key"},
            Field{"batch", &Run::batch, "largest number of rows in one call of the model; changes no result"},
            Field{"threads", &Run::threads, "threads, 0 for all; changes no result"},
            Field{"device", &Run::device,
                  "'cpu', or where a model made for devices runs: 'cuda', 'cuda:1', ...; values agree to rounding"},
            Field{"on_error", &Run::on_error,
                  "'raise' stops at the first evaluation that fails or is not finite, 'discard' counts it and "
                  "conditions on success"},
            Field{"keep", &Run::keep,
                  "'state' keeps what extend goes on from; 'sample' that, and every evaluation in estimate.sample"},
            Field{"progress", &Run::progress,
                  "called as progress(n, budget) after each batch, or as progress(n, budget, partial), where partial() "
                  "is the estimate so far"}};
    }
};

}  // namespace buffon
