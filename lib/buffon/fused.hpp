/// Draw, evaluate, accumulate, in blocks that never leave the cache: moments of a sample of which nothing else is wanted.
/// Same numbers as through Evaluation, bit for bit; on a device the same to rounding, whatever the batch. Not installed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <buffon/device_sample.hpp>
#include <buffon/evaluation.hpp>
#include <buffon/moments.hpp>
#include <buffon/stream.hpp>

namespace buffon {

class Fused {
public:
    /// Of the problem's sample of this stream. None unless the problem has a model of columns and independent inputs, no
    /// sample is to be kept, and a batch is a block at least; on a device: unless the model and the laws have forms for it.
    static std::optional<Fused> of(Evaluation& evaluation, const Stream& stream);

    std::int64_t columns() const;
    bool on_device() const { return device_ != nullptr; }
    /// The row after this one from which a device goes on; never where there is none.
    std::int64_t next_on_device(std::int64_t row) const;

    /// Merges the moments of rows `first`, ... of the sample into `total`, block by block, and announces every `batch` of them
    /// (whole blocks); returns how many: at most `rows`, several batches at once where they are quick. The outputs of one
    /// batch go into y (batch or rows, columns()), or nowhere for y without rows. Successive calls follow each other, from row 0.
    /// 0 from the batch on in which the model failed, or gave what is not finite: Evaluation says where. And after rows with a y
    /// that took long (3 us each): nothing is gained by blocks then, and Evaluation keeps what it has finished.
    /// On a device y has any number of rows, those of the block that failed are left to Evaluation, and so are rows up
    /// to the next
    /// multiple of device_block.
    /// @throw Interrupted.
    std::int64_t add(std::int64_t first, std::int64_t rows, std::int64_t batch, Moments& total, View y);

private:
    Fused(Evaluation& evaluation, const Stream& stream, const Joint& inputs)
        : evaluation_(&evaluation), stream_(stream), inputs_(&inputs) {}
    Fused(Evaluation& evaluation, const Stream& stream, DeviceSample device);
    std::int64_t add_on_device(std::int64_t first, std::int64_t rows, Moments& total, View y);
    std::vector<double> records_on_device(std::int64_t first, std::int64_t rows, std::int64_t m);
    void queue_ahead(std::int64_t first, std::int64_t rows, std::int64_t m);
    void fill_on_device(std::int64_t first, View y) const;
    void choose_batches(double seconds);
    void hand_over(std::int64_t first, ConstView y) const;
    Moments block(std::int64_t first, std::int64_t count, View y) const;

    Evaluation* evaluation_;
    Stream stream_;
    const Joint* inputs_;
    std::shared_ptr<const DeviceSample> device_;
    /// Rows that a device is already at.
    struct Ahead {
        std::int64_t first, rows;
        std::function<std::vector<double>()> records;
    };
    std::optional<Ahead> ahead_;
    std::int64_t device_rows_ = 1 << 24;   // at once
    std::int64_t left_out_ = 0;            // rows before this one are not for the device
    std::int64_t batches_ = 1;    // at once
    bool over_ = false;           // the model failed, or is slow
};

}  // namespace buffon
