/// Moments of projections against those of the reference, exact ones where it is a mixture: which moment of a sampler
/// is wrong, and where.
/// Source: moments of normal laws, Isserlis, Biometrika 12 (1918).
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>

#include <buffon/diffusion/exact_reference.hpp>
#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/two_sample.hpp>

namespace buffon::diffusion {

struct MomentProbeOptions {
    std::int64_t directions = 8, orders = 4;
    std::optional<Matrix> along = {};
    std::optional<std::uint64_t> rng = {};
    int threads = 0;
    Progress progress = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"directions", &MomentProbeOptions::directions, "uniform on the sphere; the same for all samples"},
            Field{"orders", &MomentProbeOptions::orders, "moments 1, 2, ... of the projection on each; up to 8"},
            Field{"along", &MomentProbeOptions::along, "own directions (L, d) in their place, of any length"},
            Field{"rng", &MomentProbeOptions::rng,
                  "key of the directions: same key, same bits; None draws a fresh one, kept as rng_key"},
            Field{"threads", &MomentProbeOptions::threads, "threads, 0 for all; changes no result"},
            Field{"progress", &MomentProbeOptions::progress, "called as progress(n, total) with the rows that are done"}};
    }
};

/// E t(x)^r - E t(y)^r, r = 1, ..., R, of projections t on L directions, centred and scaled to mean 0 and variance 1 of
/// the reference;
/// L R values for each sample, named "direction 0, order 1", ... behind the sample's name. Unbiased (a sample's centre
/// and scale are taken as given),
/// with their joint covariance; sets of equal size share the errors of their rows, all share those of the reference.
/// Diagnostics: floor, the standard errors that samples of the reference's law have, exact for a mixture; z, the values
/// over these;
/// rms_z (k R), root mean squares of z over the directions, order by order: about 1 for samples of the reference. n
/// counts all rows.
/// @throw std::invalid_argument for fewer than 4 rows, no direction or order, other dimensions, numbers that are not
/// finite, a direction
/// along which the reference does not vary.
Estimate moment_probe(const PointSets& x, const ExactReference& y, const MomentProbeOptions& options = {});

}  // namespace buffon::diffusion
