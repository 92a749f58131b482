/// Squared distances between laws from samples of them: the unbiased (U-statistic) form of kernel distances, with errors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <buffon/device_array.hpp>
#include <buffon/estimate.hpp>
#include <buffon/fields.hpp>
#include <buffon/run.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Samples that are compared with a reference, each (n, d): rows are independent draws. Names of the values; none: "0", "1", ...
/// All on the processor, in `sets`, or all on one device and of one precision, in `arrays`.
struct PointSets {
    std::vector<Matrix> sets;
    std::vector<std::string> names;
    std::vector<DeviceArray> arrays = {};

    std::int64_t size() const { return static_cast<std::int64_t>(sets.size() + arrays.size()); }
};

/// The sample that they are compared with, (m, d), on the processor or where they are.
struct ReferencePoints {
    Matrix points;
    std::optional<DeviceArray> array = {};
};

/// The help of the option of this name.
inline constexpr char pairs_device[] =
    "'cpu', 'cuda', 'cuda:1' or several, 'cuda:0,1': where pairs are met, in double; arrays on a device are met there, "
    "in their precision";

struct EnergyOptions {
    int threads = 0;
    std::string device = "cpu";
    Progress progress = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"threads", &EnergyOptions::threads, "threads, 0 for all; changes no result"},
            Field{"device", &EnergyOptions::device, pairs_device},
            Field{"progress", &EnergyOptions::progress, "called as progress(n, total) with the pairs that are done"}};
    }
};

struct MmdOptions {
    double bandwidth = 0.0;
    int threads = 0;
    std::string device = "cpu";
    Progress progress = {};

    static constexpr auto fields() {
        return std::tuple{
            Field{"bandwidth", &MmdOptions::bandwidth,
                  "h of the kernel exp(-|a - b|^2 / (2 h^2)); 0: the median distance of up to 1,000 reference points"},
            Field{"threads", &MmdOptions::threads, "threads, 0 for all; changes no result"},
            Field{"device", &MmdOptions::device, pairs_device},
            Field{"progress", &MmdOptions::progress, "called as progress(n, total) with the pairs that are done"}};
    }
};

struct KidOptions {
    int threads = 0;
    std::string device = "cpu";
    Progress progress = {};

    static constexpr auto fields() {
        return std::tuple{Field{"threads", &KidOptions::threads, "threads, 0 for all; changes no result"},
                          Field{"device", &KidOptions::device, pairs_device},
                          Field{"progress", &KidOptions::progress, "called as progress(n, total) with the pairs that are done"}};
    }
};

/// Each of these gives (k) values of k samples, one a set, with their joint covariance: all share the errors of the reference, and
/// sets of equal size share theirs row by row (draws from the same noise are coupled, independent ones show no covariance). They
/// may be negative, as unbiased estimates of 0 must. n counts all rows. O((n + m)^2 d); memory O(n + m) beside the points.
/// Errors: those of the projections (a jackknife), which hold the degenerate part of the U-statistic twice: up to 1.41 times too
/// large for equal laws, right where they differ. Intervals are those of a squared length (squared_interval.hpp), both ends at
/// least 0, since near the floor errors are skew: the value and its bias are |m|^2, m the difference of the mean features of the
/// kernel, and 128 rows of the reference tell along which direction there is most noise. 95 % intervals cover 93 to 99.6 %.
/// Diagnostics: floor (k), the standard error that samples of one law would have: a value within two of it is no sign of a difference.
/// On devices sums are the same to rounding, and the same bits for any number of devices; pairs of float32 arrays are
/// met in float32.
/// @throw std::invalid_argument for fewer than 4 rows, other dimensions, numbers that are not finite, a device that is not there,
/// samples in several places.
/// Source: Gretton et al., "A kernel two-sample test", JMLR 13 (2012); Hoeffding (1948) for the errors.

/// 2 E|X - Y| - E|X - X'| - E|Y - Y'|, 0 for equal laws alone.   Source: Székely & Rizzo, J. Stat. Plan. Inference 143 (2013).
Estimate energy(const PointSets& x, const ReferencePoints& y, const EnergyOptions& options = {});

/// Squared maximum mean discrepancy of the Gaussian kernel. Diagnostics: bandwidth, too.   @throw for a negative bandwidth.
Estimate mmd(const PointSets& x, const ReferencePoints& y, const MmdOptions& options = {});

/// The same of the kernel (a . b / d + 1)^3: sees moments up to the third.   Source: Bińkowski et al., ICLR 2018.
Estimate kid(const PointSets& x, const ReferencePoints& y, const KidOptions& options = {});

}  // namespace buffon
