/// Sums over pairs of points (pairwise.hpp) on CUDA devices. Not installed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <buffon/device_array.hpp>
#include <buffon/device_buffer.hpp>
#include <buffon/pairwise.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Points on each of some devices. For one thread.
class DevicePairPoints {
public:
    /// Of the host, in double. `centre` (cols) is taken off; empty: nothing is.
    DevicePairPoints(const std::vector<DeviceQueue>& queues, ConstView points, const std::vector<double>& centre);
    /// Where they lie, in their precision.
    DevicePairPoints(const DeviceArray& points, const std::vector<double>& centre);

    std::int64_t rows() const { return on_.front().panels.rows; }
    std::int64_t dim() const { return on_.front().panels.dim; }
    std::int64_t devices() const { return static_cast<std::int64_t>(on_.size()); }
    /// The first row that is not finite; rows() where all are.
    std::int64_t first_bad() const { return found().first_bad; }
    /// The largest squared norm of a row, less the centre.
    double largest() const { return found().largest; }
    /// (rows) |a|^2 / 2 of each, less the centre.
    std::vector<double> half_squares() const;

    struct On {
        DeviceQueue queue;
        DeviceBuffer memory, norms, found;
        DevicePanels panels;
    };
    const On& on(std::int64_t k) const { return on_[static_cast<std::size_t>(k)]; }

private:
    struct Found {
        std::int64_t first_bad;
        double largest;
    };
    const Found& found() const;   // waits, the first time

    std::vector<On> on_;
    mutable std::optional<Found> found_ = {};
};

/// What pair_sums gives: in double of points in double, to rounding; in float32 of such, with sums in double. Rows are
/// dealt to the
/// devices in strips of a fixed size, and strips are added in their order: the same bits for any number of devices.
KernelSums pair_sums(PairFunction f, double scale, const DevicePairPoints& x, const DevicePairPoints& y,
                     const PairsDone& done = {});
KernelSums pair_sums(PairFunction f, double scale, const DevicePairPoints& x, const PairsDone& done = {});

/// The same in two steps: queued now, where one device can hold it at once, and waited for, once, by the call of what
/// comes back. The
/// points must stay.
using SumsLater = std::function<KernelSums()>;
SumsLater pair_sums_later(PairFunction f, double scale, const DevicePairPoints& x, const DevicePairPoints& y,
                          const PairsDone& done = {});
SumsLater pair_sums_later(PairFunction f, double scale, const DevicePairPoints& x, const PairsDone& done = {});

/// Up to `most` rows from the first on, on the host.
Matrix head(const DeviceArray& points, std::int64_t most);

}  // namespace buffon
