/// The denoising loss of a model, a mean over noise levels, data and noise, with its error.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <tuple>

#include <buffon/diffusion/denoiser.hpp>
#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/run.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

/// What squared errors are multiplied by: 1 / sigma^2, that of the noise's prediction; or nothing, that of the data's.
enum class LossWeight { noise, data };

}  // namespace buffon::diffusion

namespace buffon {

template <>
struct EnumNames<diffusion::LossWeight> {
    static constexpr std::array<std::string_view, 2> names{"noise", "data"};
};

}  // namespace buffon

namespace buffon::diffusion {

struct DenoisingLossOptions {
    std::optional<Matrix> data = {};
    std::int64_t budget = 100'000;
    double low = 0.01, high = 20;
    LossWeight weight = LossWeight::noise;
    bool importance = true, lattice = true;
    std::int64_t batch = 256, bins = 40;
    double floor = 0.1, pilot = 0.1;
    std::optional<std::uint64_t> rng = {};
    int threads = 0;
    Progress progress = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"data", &DenoisingLossOptions::data,
                  "rows (m, d) that x0 is drawn from; None: what an exact model draws"},
            Field{"budget", &DenoisingLossOptions::budget, "evaluations of the denoiser, at most"},
            Field{"low", &DenoisingLossOptions::low, "lowest level sigma"},
            Field{"high", &DenoisingLossOptions::high, "highest level sigma; log sigma is uniform between them"},
            Field{"weight", &DenoisingLossOptions::weight,
                  "'noise': |D(x) - x0|^2 / (d sigma^2), the error of the noise prediction; 'data': |D(x) - x0|^2 / d"},
            Field{"importance", &DenoisingLossOptions::importance,
                  "draw levels where squares of the loss are large; False: log sigma uniform"},
            Field{"lattice", &DenoisingLossOptions::lattice,
                  "levels of a batch are one lattice, shifted; False: independent"},
            Field{"batch", &DenoisingLossOptions::batch,
                  "evaluations of a batch; batches are the independent replicates behind the interval"},
            Field{"bins", &DenoisingLossOptions::bins, "bins of log sigma in which the density of levels is constant"},
            Field{"floor", &DenoisingLossOptions::floor,
                  "share of the levels that is spread evenly: no weight is above 1 / floor"},
            Field{"pilot", &DenoisingLossOptions::pilot,
                  "share of the batches that teach the density, and are no part of the estimate"},
            Field{"rng", &DenoisingLossOptions::rng,
                  "key of the random numbers: same key, same bits; None draws a fresh one, kept as rng_key"},
            Field{"threads", &DenoisingLossOptions::threads, "threads, 0 for all; changes no result"},
            Field{"progress", &DenoisingLossOptions::progress,
                  "called as progress(n, budget) with the evaluations that are done"}};
    }
};

/// E w(sigma) |D(x0 + sigma eps) - x0|^2 / d with log sigma uniform between two levels, x0 from the data, eps standard
/// normal: one value, "loss".
/// Means of batches are the terms; the density of the levels is learnt from batches of its own, so that the estimate is unbiased.
/// Diagnostics: batches, adaptation_n, gain (the variance that batches of independent uniform levels would have, over
/// that of these; from the same
/// sample), edges (bins + 1) and mass (bins) of the density.
/// @throw std::invalid_argument where nobody knows the data, levels that the denoiser does not know, a budget of fewer
/// than 4 batches, and a denoiser
/// that gives what is not finite.
Estimate denoising_loss(const Denoiser& model, const DenoisingLossOptions& options = {});

}  // namespace buffon::diffusion
