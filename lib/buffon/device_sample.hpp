/// The rows of a run on a device: draws of a problem's inputs that a compiled model evaluates where it draws them. Not installed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <buffon/device_buffer.hpp>
#include <buffon/device_model.hpp>
#include <buffon/moments.hpp>
#include <buffon/point_set.hpp>
#include <buffon/problem.hpp>

namespace buffon {

/// Laws and normal scores of inputs as a device draws them.
struct DeviceInputs {
    std::vector<DeviceLaw> laws;
    std::vector<double> factor;   // (d, d) lower triangular, or none

    /// None for laws without a form for devices: tables, histograms, mixtures, copulas that are not Gaussian.
    static std::optional<DeviceInputs> of(const Distribution& inputs);
};

/// The queue of run.device, of its first where it names several, for a problem with a model compiled for it.
/// @throw std::invalid_argument, naming `function`, for a device that is not there or a problem without such a model.
DeviceQueue device_queue(const std::string& function, const std::string& device, const Problem& problem);

/// The model at rows that lie on the device.
DeviceValues device_values(const DeviceQueue& queue, const DeviceModel& model, const double* x, std::int64_t rows);
/// The model at the rows of x (n, d), of the host: y (n, m). Each device gets as many of them.
Outputs evaluate_on_device(const std::vector<DeviceQueue>& queues, const Problem& problem, ConstView x);

/// Blocks of rows are shared among devices; the records are the same bits for any number of them.
class DeviceSample {
public:
    /// Rows of `points`, whose `width` coordinates are those of the inputs, or of several tables of them. Records are
    /// of rows within
    /// one net, or of independent points within `replicate` of them, a power of two; 0: any. None where the inputs
    /// cannot be drawn
    /// on a device, or the processor has a part in the outputs.
    static std::optional<DeviceSample> of(const std::vector<DeviceQueue>& queues, const Problem& problem,
                                          const PointSet& points, std::int64_t width, std::int64_t replicate = 0);

    /// Records of the blocks that rows first ... first + rows - 1 touch, one after the other, of a model of m outputs.
    /// One that is
    /// called with arrays gets at most `batch` rows at once; first is then that of a block.
    std::vector<double> moments(std::int64_t first, std::int64_t rows, std::int64_t m, std::int64_t batch) const {
        return moments_later(first, rows, m, batch)();
    }
    /// In two steps: a compiled model is queued now, on one device, and waited for, once, by the call of what comes back. The sample
    /// must stay.
    std::function<std::vector<double>()> moments_later(std::int64_t first, std::int64_t rows, std::int64_t m,
                                                       std::int64_t batch) const;
    /// Records of a pick-freeze run of each net or replicate that these rows touch: the sums of those of its blocks of
    /// pick_freeze_block rows, in their order. Empty for models of several outputs.
    std::vector<double> pick_freeze(double centre, std::int64_t first, std::int64_t rows) const {
        return pick_freeze_later(centre, first, rows)();
    }
    /// In two steps: queued now, on one device, and waited for, once, by the call of what comes back. The sample must stay.
    std::function<std::vector<double>()> pick_freeze_later(double centre, std::int64_t first, std::int64_t rows) const;
    /// y of the first rows, at all of their tables: (rows, tables), of a compiled model of one output. Empty where the tables of a
    /// row cannot be drawn as one: too many laws, or scores of a copula.
    std::vector<double> table_values(std::int64_t rows) const;
    /// 0: not known before a call.
    std::int64_t outputs() const { return model_->outputs; }
    /// Rows of a whole block.
    std::int64_t block(std::int64_t most) const { return points_ > 0 && points_ < most ? points_ : most; }

private:
    /// What one device needs.
    struct Place {
        DeviceQueue queue;
        DeviceBuffer nets, owen, factor;
        DeviceDraws draws;
    };

    DeviceSample(const std::vector<DeviceQueue>& queues, const Problem& problem, const DeviceInputs& inputs,
                 const PointSet& points, std::int64_t width, std::int64_t replicate);
    /// records(place, first, rows) of each device's share, whole blocks of `length` rows, in their order.
    template <class Records>
    std::vector<double> shared(std::int64_t first, std::int64_t rows, std::int64_t length, const Records& records) const;
    std::function<std::vector<double>()> queue_moments(const Place& place, std::int64_t first, std::int64_t rows,
                                                       std::int64_t m) const;
    /// Records of the blocks, or their sums.
    std::function<std::vector<double>()> queue_pick_freeze(const Place& place, double centre, std::int64_t first,
                                                           std::int64_t rows, bool sums) const;
    std::vector<double> moments_of_batches(const Place& place, std::int64_t first, std::int64_t rows, std::int64_t m,
                                           std::int64_t batch) const;
    void add_block_records(const Place& place, const double* y, std::int64_t rows, std::int64_t m,
                           std::vector<double>& records) const;

    std::shared_ptr<const DeviceModel> model_;
    std::int64_t points_;   // of one net or replicate; 0: none
    std::vector<Place> places_;
};

/// Moments from a record.
Moments moments_of(const double* record, std::int64_t outputs);
/// Merges the moments of m outputs in these records into `total`, one after the other, as Moments::merge has it; there
/// may be hundreds
/// of thousands. A total of m + 1 columns counts successes in its last one.
void merge_records(std::span<const double> records, std::int64_t m, Moments& total);
/// Whether all numbers of a record are: one that is not says that an output was not.
bool finite_record(std::span<const double> record);

}  // namespace buffon
