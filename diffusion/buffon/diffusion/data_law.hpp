/// The law of the data that a denoiser is about: draws and moments, which exact models know.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include <buffon/diffusion/denoiser.hpp>
#include <buffon/diffusion/empirical.hpp>
#include <buffon/diffusion/gaussian_mixture.hpp>
#include <buffon/view.hpp>

namespace buffon::diffusion {

struct DataLaw {
    std::function<void(const Stream&, View)> draw;   // rows 0, 1, ... of a stream into (n, d)
    std::vector<double> mean;                        // (d)
    Matrix covariance;                               // (d, d)

    double variance() const;                         // of all coordinates together
    /// Mean of the unbiased variance of a draw's coordinates, d >= 2 of them.
    double variance_within() const;
};

/// A denoiser, with the law of its data where it has one.
struct DenoiserOfData {
    Denoiser denoiser;
    std::function<DataLaw(std::int64_t label)> law = {};   // of a class, -1 for all; empty: it has none

    DenoiserOfData(Denoiser denoiser) : denoiser(std::move(denoiser)) {}
    DenoiserOfData(const GaussianMixture& mixture);
    DenoiserOfData(const Empirical& points);
};

}  // namespace buffon::diffusion
