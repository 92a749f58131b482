/// The share of samples that copy a point of the data they were made from: nearer to it than a third of the way to the next one.
/// Source: Yoon, Choi, Kwon, Ryu, "Diffusion probabilistic models generalize when they fail to memorize", ICML 2023 workshop.
#pragma once

#include <tuple>

#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/two_sample.hpp>
#include <buffon/view.hpp>

namespace buffon {

struct MemorisedOptions {
    double ratio = 1.0 / 3.0;
    int threads = 0;
    Progress progress = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{
                "ratio", &MemorisedOptions::ratio,
                "of the distances to the nearest and the second nearest point, below which a sample counts; in (0, 1]"},
            Field{"threads", &MemorisedOptions::threads, "threads, 0 for all; changes no result"},
            Field{"progress", &MemorisedOptions::progress, "called as progress(n, total) with the rows that are done"}};
    }
};

/// One value for each sample, binomial errors; sets of equal size share theirs row by row. Equal points of y count
/// once; a sample on a point is a copy.
/// n counts the rows of x. Diagnostics: nearest (k), the mean distance to the nearest point.
/// @throw std::invalid_argument for an empty sample, fewer than two different points, other dimensions, a ratio outside (0, 1].
Estimate memorised(const PointSets& x, const ReferencePoints& y, const MemorisedOptions& options = {});

}  // namespace buffon
