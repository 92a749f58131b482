/// Wasserstein distances of samples in any dimension, exact and sliced, with errors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include <buffon/two_sample.hpp>

namespace buffon {

struct W2Options {
    std::int64_t blocks = 4;
    int threads = 0;
    Progress progress = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"blocks", &W2Options::blocks, "parts of the rows that are matched by themselves, at least 2"},
            Field{"threads", &W2Options::threads, "threads, 0 for all; changes no result"},
            Field{"progress", &W2Options::progress, "called as progress(n, total) with the matchings that are done"}};
    }
};

/// W2 = min over matchings ((1/n) sum_i |x_i - y_partner(i)|^2)^(1/2) of blocks of rows b, b + R, ...: the root of the
/// mean of their
/// squares. It depends on the rows of a block, upward by n^(-1/d) and by chance numbers in each mode, and errors are
/// about the mean at
/// these: of R squares, with R - 1 degrees of freedom; samples share the reference. Diagnostics: floor (k), the same of the
/// blocks of the reference with one another; block, its rows. n counts all rows. Samples have as many rows as the reference.
/// O(n^3 / R^2) at worst.   @throw std::invalid_argument for another number of rows, blocks below 2 or of fewer than 2
/// rows, other
/// dimensions, numbers that are not finite.   Source: Villani, "Optimal Transport" (2009); wasserstein.hpp for the matching.
Estimate w2(const PointSets& x, const ReferencePoints& y, const W2Options& options = {});

struct SlicedW2Options {
    std::int64_t directions = 128;
    std::optional<std::uint64_t> rng = {};
    int threads = 0;
    std::string device = "cpu";
    Progress progress = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"directions", &SlicedW2Options::directions, "uniform on the sphere; the same for all samples"},
            Field{"rng", &SlicedW2Options::rng,
                  "key of the directions: same key, same bits; None draws a fresh one, kept as rng_key"},
            Field{"threads", &SlicedW2Options::threads, "threads, 0 for all; changes no result"},
            Field{"device", &SlicedW2Options::device,
                  "'cpu', 'cuda', 'cuda:1' or several, 'cuda:0,1': where projections are sorted, in double; arrays on "
                  "a device are projected there, in their precision"},
            Field{"progress", &SlicedW2Options::progress,
                  "called as progress(n, total) with the projections that are done"}};
    }
};

/// Root of the mean over directions of the squared W2 between the projections on them, n and m any. Biased upward, as
/// its floor says.
/// Errors: of the Kantorovich potentials, averaged over the directions, at the rows, and of the mean over the directions; right
/// where laws differ. Samples share directions and reference, and equal numbers of rows share theirs row by row.
/// Diagnostics: floor (k), what samples of one law of these sizes have: from the halves of the reference, squares
/// falling as 1/n + 1/m.
/// n counts all rows. O(L n (d + log n)); memory O(n) beside the points. On devices values are the same to rounding, and the same
/// bits for any number of devices.
/// @throw std::invalid_argument for fewer than 4 rows or 2 directions, other dimensions, numbers that are not finite, a
/// device that is
/// not there, samples in several places.
/// Source: Bonneel et al., J. Math. Imaging Vis. 51 (2015); del Barrio & Loubes, Ann. Probab. 47 (2019) for the errors.
Estimate sliced_w2(const PointSets& x, const ReferencePoints& y, const SlicedW2Options& options = {});

}  // namespace buffon
