/// Distance of characteristic functions at random frequencies, with errors: linear in the rows, exact in a reference
/// that is a mixture.
/// Source: Ansari, Scarlett, Soh, "A characteristic function approach to deep implicit generative modeling", CVPR 2020;
/// Rahimi & Recht, NeurIPS 2007 (random features of kernels).
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>

#include <buffon/diffusion/exact_reference.hpp>
#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/two_sample.hpp>

namespace buffon::diffusion {

struct CfDistanceOptions {
    double bandwidth = 0.0;
    std::int64_t frequencies = 1024;
    std::optional<std::uint64_t> rng = {};
    int threads = 0;
    Progress progress = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"bandwidth", &CfDistanceOptions::bandwidth,
                  "h: frequencies have the law N(0, I / h^2); 0: the median distance of up to 1,000 points of the "
                  "reference"},
            Field{"frequencies", &CfDistanceOptions::frequencies, "number of them; the same for all samples"},
            Field{"rng", &CfDistanceOptions::rng,
                  "key of the frequencies: same key, same bits; None draws a fresh one, kept as rng_key"},
            Field{"threads", &CfDistanceOptions::threads, "threads, 0 for all; changes no result"},
            Field{"progress", &CfDistanceOptions::progress,
                  "called as progress(n, total) with the rows that are done"}};
    }
};

/// E |phi_x(w) - phi_y(w)|^2 over w ~ N(0, I / h^2), which is the squared maximum mean discrepancy of the kernel
/// exp(-|a - b|^2 / (2 h^2)).
/// Unbiased: what the empirical phi has of its own noise, (1 - |phi|^2) / (n - 1), is taken off. One value for each
/// sample, with their
/// joint covariance: of the rows (first-order projections, which hold the degenerate part twice, as those of `mmd` do),
/// of the reference's rows where
/// it is a sample, and of the frequencies. Intervals are those of a squared length, both ends at least 0: near its floor a
/// value is no normal number. Sets of equal size share the errors of their rows. Diagnostics: floor (k),
/// the standard error that
/// samples of the reference's law have; bandwidth. n counts all rows. O((n + m) L d); memory O(block) beside the samples.
/// @throw std::invalid_argument for fewer than 4 rows or 2 frequencies, other dimensions, numbers that are not finite,
/// a negative bandwidth.
Estimate cf_distance(const PointSets& x, const ExactReference& y, const CfDistanceOptions& options = {});

}  // namespace buffon::diffusion
