/// One executor runs every solver: `sample` draws from a denoiser by a table.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <buffon/diffusion/denoiser.hpp>
#include <buffon/diffusion/table.hpp>
#include <buffon/fields.hpp>
#include <buffon/run.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

/// After each accepted state; rows first ... first + x.rows - 1 of the samples. The views end with the call.
struct Step {
    std::int64_t node = 0;         // of `steps`
    std::int64_t steps = 0;
    std::int64_t first = 0;
    std::int64_t evaluations = 0;  // per sample, so far
    double level = 0.0;            // sigma / alpha; of the first of these samples
    double alpha = 1.0;
    ConstView x;                   // x0 + level eps: the state in the denoiser's coordinates
    ConstView data;                // the denoiser's latest output
};

/// Told after each step; false stops there, with the state as it is.
using OnStep = std::function<bool(const Step&)>;

/// Samples in the order of their index. Sample i depends on the key, i and its own start only.
struct Draws {
    Matrix x;                                        // (n, d), in the schedule's coordinates at the last time
    std::map<std::string, std::int64_t> parts;       // evaluations of the denoiser by part
    std::vector<Matrix> trajectory;                  // recorded states (n, d), in the schedule's coordinates
    std::vector<double> times;                       // of the recorded states
    std::uint64_t rng_key = 0;
    bool single = false;                             // states were kept in float32, or in halves

    /// All together, each row of a batch counted once.
    std::int64_t evaluations() const;
};

/// One value for all samples, or one per sample; empty: none.
template <class T>
struct OneOrMany {
    std::vector<T> values;

    OneOrMany() = default;
    OneOrMany(T value) : values{value} {}
    OneOrMany(std::vector<T> values) : values(std::move(values)) {}
};

/// `independent`: each row with noise has numbers of its own. `brownian`: they are increments of one Brownian path for each
/// sample and coordinate, so tables with any number of steps follow the same path.
enum class NoiseKind { independent, brownian };

/// Precision of the states; coefficients and sums are double always. Denoisers compute in double, on a device in float
/// where states are halves.
enum class StateType { float64, float32, float16, bfloat16 };

struct SampleOptions {
    std::optional<std::int64_t> n = {};
    std::optional<std::uint64_t> rng = {};
    OneOrMany<std::int64_t> condition = {};
    std::optional<Matrix> x = {};
    OneOrMany<double> level = {};
    NoiseKind noise = NoiseKind::independent;
    std::optional<Matrix> mean = {};
    StateType dtype = StateType::float64;
    std::optional<std::int64_t> batch = {};
    int threads = 0;
    std::string device = "cpu";
    std::int64_t record = 0;
    OnStep callback = {};
    Progress progress = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"n", &SampleOptions::n, "number of samples; may be left out where x is given"},
            Field{
                "rng", &SampleOptions::rng,
                "key of the random numbers: same key, same bits; none draws a fresh one, kept in the draws as rng_key"},
            Field{"condition", &SampleOptions::condition,
                  "class of each sample, or one of all; -1 for none; None: unconditional"},
            Field{"x", &SampleOptions::x,
                  "starts (n, d) in the schedule's coordinates, x = alpha x0 + sigma eps; None draws them from the "
                  "prior"},
            Field{"level", &SampleOptions::level,
                  "noise level sigma / alpha of the starts, one or one per sample; None for the table's own"},
            Field{"noise", &SampleOptions::noise,
                  "'independent' numbers for each step, or 'brownian', increments of one path for each sample and "
                  "coordinate, whatever the number of steps"},
            Field{"mean", &SampleOptions::mean,
                  "mu of a mean-reverting schedule, the degraded data, (n, d) or one row for all: x = alpha x0 + (1 - "
                  "alpha) mu + sigma eps; "
                  "needed there, refused elsewhere"},
            Field{"dtype", &SampleOptions::dtype,
                  "precision of the states; coefficients and sums are float64 always. Halves, 'float16' and "
                  "'bfloat16', come back as float32"},
            Field{"batch", &SampleOptions::batch,
                  "largest number of rows in one call of the denoiser; changes no result"},
            Field{"threads", &SampleOptions::threads, "threads, 0 for all; changes no result"},
            Field{"device", &SampleOptions::device,
                  "'cpu', 'cuda' or 'cuda:1': where states and denoiser live; the samples come back. Random numbers "
                  "are the same"},
            Field{"record", &SampleOptions::record,
                  "0 records nothing, k every k-th accepted state and the last in draws.trajectory"},
            Field{"callback", &SampleOptions::callback, "called after each step with its state; False stops there"},
            Field{"progress", &SampleOptions::progress,
                  "called as progress(n, total) with the evaluations done, after each batch"}};
    }
};

/// The denoiser sees x0 + rho eps, (x - (1 - alpha) mu) / alpha in a mean-reverting schedule; so does a callback.
/// @throw std::invalid_argument for options that contradict each other, a table that leaves the denoiser's range of levels.
Draws sample(const Denoiser& model, const Table& table, const SampleOptions& options);

/// The same table from data to noise: x holds samples at its last time, the result is their noise at its first.
/// @throw std::invalid_argument for a random table, one that ends at sigma = 0, no x.
Draws invert(const Denoiser& model, const Table& table, const SampleOptions& options);

}  // namespace buffon::diffusion

template <>
struct buffon::EnumNames<buffon::diffusion::NoiseKind> {
    static constexpr std::array<std::string_view, 2> names{"independent", "brownian"};
};
template <>
struct buffon::EnumNames<buffon::diffusion::StateType> {
    static constexpr std::array<std::string_view, 4> names{"float64", "float32", "float16", "bfloat16"};
};
