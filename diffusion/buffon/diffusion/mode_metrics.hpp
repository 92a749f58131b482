/// Modes of a mixture in samples: their masses, samples that belong to none, samples between two.
/// Source: Li, Li, Wang, Jin, Chen, Lu, "DPM-OT", ICCV 2023, arXiv:2307.11308 (mode mixture).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <buffon/diffusion/gaussian_mixture.hpp>
#include <buffon/diffusion/sample.hpp>
#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/problem.hpp>
#include <buffon/two_sample.hpp>

namespace buffon::diffusion {

/// Who says to which of at least two classes a row belongs: the modes of a mixture, or (n, d) -> (n, c) probabilities.
struct ModeClassifier {
    std::optional<GaussianMixture> mixture;
    Model probabilities;   // where there is no mixture
};

struct ModeMassesOptions {
    double sigma = 0.0;
    bool hard = false;
    std::optional<std::vector<double>> weights = {};
    int threads = 0;
    Progress progress = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"sigma", &ModeMassesOptions::sigma,
                  "noise level of the samples, at which a mode's posterior probability is taken"},
            Field{"hard", &ModeMassesOptions::hard,
                  "count each row for its most probable mode, instead of the mean of its posterior probabilities"},
            Field{"weights", &ModeMassesOptions::weights,
                  "the right masses, normalised here; None: those of the mixture"},
            Field{"threads", &ModeMassesOptions::threads, "threads, 0 for all; changes no result"},
            Field{"progress", &ModeMassesOptions::progress, "called as progress(n, total) with the rows that are done"}};
    }
};

/// Masses of the K modes (or classes) and their total variation distance to the weights, (K + 1) values a sample: "mode
/// 0", ..., "total_variation",
/// behind the sample's name where it has one or there are several. A mass is the mean of P(mode | x, sigma): unbiased
/// for the weights
/// under the exact law, where hard counts are only if modes are apart. Sets of equal size share their errors row by row.
/// Total variation: half of the sum of |mass - weight|, biased upward where masses are near weights. Its error is that
/// of the mass of
/// the modes which have too much; the lower end of its interval is less by `bias`, too, what these absolute values may
/// have on average
/// where each is two of its errors nearer to 0. Intervals of masses: see share_interval.hpp.
/// Diagnostics: floor (k), the mean total variation of as many exact draws, counted: De Moivre's mean absolute
/// deviation, an upper bound of
/// that of posterior means; bias (k); modes_found (k), the number of modes with half their weight or more; weights (K).
/// @throw std::invalid_argument for fewer than 2 rows, other dimensions, numbers that are not finite, a negative sigma,
/// or 0 where a
/// covariance is singular, a function without weights or that gives other numbers than K probabilities.
Estimate mode_masses(const PointSets& x, const ModeClassifier& classifier, const ModeMassesOptions& options = {});

struct OffModeOptions {
    double share = 0.001;
    int threads = 0;
    Progress progress = {};

    static constexpr auto fields() {
        return std::tuple{Field{"share", &OffModeOptions::share,
                                "of the draws of one mode that count as off it: its tail beyond a squared Mahalanobis "
                                "distance; in (0, 1)"},
                          Field{"threads", &OffModeOptions::threads, "threads, 0 for all; changes no result"},
                          Field{"progress", &OffModeOptions::progress,
                                "called as progress(n, total) with the rows that are done"}};
    }
};

/// The share of rows off every mode: the smallest squared Mahalanobis distance to a component exceeds the chi-square quantile of
/// 1 - share. Exact binomial intervals. Diagnostics: floor, what exact draws have, at most `share` (less where tails
/// lie in other modes; to 2 %
/// of itself, from 4,096 draws of a key of its own); threshold, the squared distance.
/// @throw std::invalid_argument for fewer than 2 rows, other dimensions, numbers that are not finite, a singular covariance.
Estimate off_mode(const PointSets& x, const GaussianMixture& mixture, const OffModeOptions& options);

struct ModeMixtureOptions {
    OneOrMany<double> level = {};
    std::optional<double> sigma = {};
    int threads = 0;
    Progress progress = {};

    static constexpr auto fields() {
        return std::tuple{Field{"level", &ModeMixtureOptions::level,
                                "probability that two classes or more must have, in (0, 0.5]; several levels give a "
                                "value each; None: 0.1"},
                          Field{"sigma", &ModeMixtureOptions::sigma,
                                "noise level at which a mixture attributes rows, for at 0 hardly any is between two; "
                                "None: the root mean variance of its modes"},
                          Field{"threads", &ModeMixtureOptions::threads, "threads, 0 for all; changes no result"},
                          Field{"progress", &ModeMixtureOptions::progress,
                                "called as progress(n, total) with the rows that are done"}};
    }
};

/// The share of rows for which two classes or more have a probability of at least `level`; a value for each sample and
/// level, named
/// "NAME.LEVEL" where there are several levels. Exact binomial intervals. Diagnostics, of a mixture: floor, what 4,096
/// exact draws of a
/// key of their own have; sigma. A function is called by one thread at once.
/// @throw std::invalid_argument for fewer than 2 rows, other dimensions, numbers that are not finite, levels or sigma
/// out of range,
/// a function that gives other numbers than probabilities.
Estimate mode_mixture(const PointSets& x, const ModeClassifier& classifier, const ModeMixtureOptions& options = {});

}  // namespace buffon::diffusion
