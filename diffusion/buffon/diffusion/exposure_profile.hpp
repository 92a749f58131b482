/// Exposure bias, measured: what samplers ask their denoiser about, node by node, against what it knows, noised data.
/// Source: Ning, Li, Su, Salah, Onal Ertugrul, "Elucidating the exposure bias in diffusion models", ICLR 2024, arXiv:2308.15321
/// (delta); Li, Qu, Yao, Sun, Moens, ICLR 2024, arXiv:2305.15583 (time offsets).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <buffon/diffusion/data_law.hpp>
#include <buffon/diffusion/table.hpp>
#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/run.hpp>

namespace buffon::diffusion {

/// A table, with a denoiser of its own where it has one: a wrapped one, as of noise_scaled.
struct Sampler {
    std::string name;   // empty: that of the table
    Table table;
    std::optional<Denoiser> model = {};
};

struct Samplers {
    std::vector<Sampler> all;

    Samplers() = default;
    Samplers(Table table) : all{{"", std::move(table), {}}} {}
    Samplers(std::vector<Sampler> all) : all(std::move(all)) {}
};

struct ExposureProfileOptions {
    std::int64_t n = 1000;
    std::vector<std::string> quantities = {};
    std::optional<Matrix> data = {};
    std::optional<DenoiserOfData> exact = {};
    std::int64_t chain = 0;
    std::optional<std::int64_t> condition = {};
    std::optional<std::int64_t> batch = {};
    std::optional<std::uint64_t> rng = {};
    int threads = 0;
    Progress progress = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"n", &ExposureProfileOptions::n, "rows of each sampler, at least 8; 'frechet' needs more than d"},
            Field{"quantities", &ExposureProfileOptions::quantities,
                  "names of those that are asked for; empty: all that there are"},
            Field{"data", &ExposureProfileOptions::data,
                  "rows (m, d) that are the data; None: those that `exact` or the model knows"},
            Field{"exact", &ExposureProfileOptions::exact,
                  "denoiser whose noise predictions are right; None: the model, where it is exact"},
            Field{"chain", &ExposureProfileOptions::chain,
                  "steps from noised data to the states of 'delta_multi'; 0: all from the table's start"},
            Field{"condition", &ExposureProfileOptions::condition,
                  "class of the samples, and of the data where the model draws them"},
            Field{"batch", &ExposureProfileOptions::batch,
                  "largest number of rows in one call of a denoiser; changes no result"},
            Field{"rng", &ExposureProfileOptions::rng,
                  "key of the random numbers: same key, same bits; None draws a fresh one, kept as rng_key"},
            Field{"threads", &ExposureProfileOptions::threads, "threads, 0 for all; changes no result"},
            Field{"progress", &ExposureProfileOptions::progress,
                  "called as progress(n, total) with the nodes that are done"}};
    }
};

/// Figures of every sampler at each of its nodes. All samplers share data, noise and starts, row by row, so that the
/// covariances of one quantity hold for comparisons. x: states from the prior; y: noised data; D: the sampler's denoiser;
/// eps = (x - D) / rho its noise prediction; sigma^2 the variance of the noise, 1 - alpha^2 where it preserves variance.
///   variance_ratio    tr Cov(x) / tr Cov(y), the latter exact                moment_ratio   E|x|^2 / E|y|^2, the same
///   mean_shift        |E x - E y|^2, E y exact                               energy         energy distance of x and y
///   frechet           Frechet distance of x to y's exact moments             noise_ratio    E|eps(x)| / E|eps(y)|
///   delta_single      (s - sigma)^2 after one step from y of the node before, s the mean over the coordinates of the standard
///                     deviation of the state less alpha x0                   delta_multi    the same after `chain` steps
///   prediction_error  E|eps(x) - eps*(x)|^2 / d of the exact eps*            forward_error  the same at y: the
///   denoiser's own part
///   time_offset       mean of t*(x) - t*(y), t* the time of the schedule whose data have the variance of a row's coordinates
/// Squared distances are free of the bias that noise makes in them and may be negative; their intervals are not.
struct ExposureProfile {
    struct Place {
        std::size_t sampler = 0, node = 0;   // 1 ... steps
        auto operator<=>(const Place&) const = default;
    };
    struct Measured {
        Estimate estimate;
        std::vector<Place> places;           // of its values
    };

    std::vector<std::string> samplers;
    std::vector<std::vector<double>> times, levels;   // of each sampler's nodes 0 ... steps; levels: sigma / alpha
    std::map<std::string, Measured> measured;
    std::vector<std::string> notes;                   // what is left out, and why
    std::int64_t evaluations = 0;                     // of denoisers, all together
    std::uint64_t rng_key = 0;

    /// @throw std::invalid_argument for a quantity or sampler that is not there, naming the nearest.
    const Measured& quantity(const std::string& name) const;
    std::size_t sampler(const std::string& name) const;
    /// Of one sampler alone, node by node.
    Estimate of(const std::string& quantity, const std::string& sampler) const;
    /// a less b at the noise levels that both have, with the error that their common noise leaves.
    Estimate compare(const std::string& quantity, const std::string& a, const std::string& b) const;
    /// A table for each sampler: a line for each node.
    std::string text() const;
};

/// @throw std::invalid_argument for fewer than 8 rows, data that nobody knows, an unknown quantity, tables whose nodes
/// are not known
/// beforehand, that take norms over all samples or revert to a mean.
ExposureProfile exposure_profile(const DenoiserOfData& model, const Samplers& samplers,
                                 const ExposureProfileOptions& options = {});

/// Names of the quantities, in the order of the table above.
const std::vector<std::string>& exposure_quantities();

}  // namespace buffon::diffusion
