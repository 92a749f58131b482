#include <buffon/fused.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>
#include <variant>

#include <buffon/kernels.hpp>
#include <buffon/parallel.hpp>

namespace buffon {
namespace {

constexpr std::int64_t few_device_rows = std::int64_t{1} << 24,
                       most_device_rows = std::int64_t{1} << 32;   // at once: a tenth of a second at most
constexpr double slow = 3e-6;   // seconds of a point: what is better kept than made again

/// Points in the first-level cache: half of its 32 kilobytes at least, or eight.
std::int64_t slice_rows(std::int64_t dim) { return std::clamp<std::int64_t>(1024 / dim / 8 * 8, 8, 256); }

/// Not cleared, at the start of a line of the cache.
class Room {
public:
    explicit Room(std::int64_t n)
        : data_(static_cast<double*>(::operator new(static_cast<std::size_t>(n) * sizeof(double), line))) {}
    ~Room() { ::operator delete(data_, line); }
    Room(const Room&) = delete;
    Room& operator=(const Room&) = delete;

    double* data() const { return data_; }

private:
    static constexpr std::align_val_t line{64};
    double* data_;
};

void copy_rows(ConstColumns from, View to) {
    for (std::int64_t i = 0; i < from.rows; ++i)
        for (std::int64_t k = 0; k < from.cols; ++k) to(i, k) = from[k][i];
}

/// With the column of ones that counts successes.
Moments with_successes(const Moments& of) {
    const auto m = static_cast<std::int64_t>(of.mean.size());
    Moments wide;
    wide.n = of.n;
    wide.mean = of.mean;
    wide.mean.push_back(1.0);
    wide.scatter = Matrix(m + 1, m + 1);
    for (std::int64_t j = 0; j < m; ++j)
        for (std::int64_t k = 0; k < m; ++k) wide.scatter(j, k) = of.scatter(j, k);
    return wide;
}

/// Whether all numbers behind these moments are: one that is not would show in the sum of its column.
bool finite(const Moments& moments) {
    return std::ranges::all_of(moments.mean, [](double v) { return std::isfinite(v); });
}

}  // namespace

std::optional<Fused> Fused::of(Evaluation& evaluation, const Stream& stream) {
    const Problem& problem = evaluation.problem();
    if (evaluation.device() && evaluation.run().keep != Keep::sample) {
        auto sample = DeviceSample::of(device_queues(evaluation.run().device), problem,
                                       PointSet::independent(evaluation.run().budget, stream), problem.dim());
        if (sample) return Fused(evaluation, stream, std::move(*sample));
    }
    if (evaluation.device()) return {};
    const auto* joint = std::get_if<Joint>(&problem.inputs().law());
    if (!problem.columns().evaluate || joint == nullptr || !joint->independent() ||
        evaluation.run().keep == Keep::sample)
        return {};
    if (evaluation.run().batch < parallel::block_size) return {};
    return Fused(evaluation, stream, *joint);
}

Fused::Fused(Evaluation& evaluation, const Stream& stream, DeviceSample device)
    : evaluation_(&evaluation), stream_(stream), inputs_(nullptr),
      device_(std::make_shared<const DeviceSample>(std::move(device))) {}

std::int64_t Fused::columns() const {
    return (device_ ? std::max(device_->outputs(), evaluation_->outputs()) : evaluation_->problem().columns().outputs) +
           (evaluation_->discards() ? 1 : 0);
}

std::int64_t Fused::add(std::int64_t first, std::int64_t rows, std::int64_t batch, Moments& total, View y) {
    if (over_) return 0;
    if (device_) return add_on_device(first, rows, total, y);
    evaluation_->announce();
    const auto begin = std::chrono::steady_clock::now();
    rows = std::min(rows, (y.rows > 0 ? 1 : batches_) * batch);
    std::vector<Moments> parts(static_cast<std::size_t>((rows + parallel::block_size - 1) / parallel::block_size));
    std::atomic<std::int64_t> bad = rows;   // first row of the first block that failed
    parallel::for_blocks(rows, evaluation_->threads(), [&](std::int64_t row, std::int64_t count) {
        if (row > bad) return;
        Moments& part = parts[static_cast<std::size_t>(row / parallel::block_size)];
        bool good = false;
        try {
            part = block(first + row, count, y.rows > 0 ? y.slice(row, count) : y);
            good = finite(part);
        } catch (...) {
            // Evaluation asks again, and meets it again
        }
        for (std::int64_t before = bad; !good && row < before && !bad.compare_exchange_weak(before, row);) {
        }
    });
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
    const bool keeps = y.rows > 0 && seconds > slow * static_cast<double>(rows);
    const std::int64_t done = bad < rows ? bad / batch * batch : rows;
    over_ = bad < rows || keeps;
    choose_batches(seconds);
    for (std::int64_t row = 0; row < done; row += batch) {
        if (row > 0) evaluation_->announce();
        const std::int64_t end = std::min(row + batch, done);
        for (std::int64_t b = row; b < end; b += parallel::block_size)
            total.merge(parts[static_cast<std::size_t>(b / parallel::block_size)]);
        if (keeps) hand_over(first + row, y.slice(row, end - row));
        else evaluation_->count_elsewhere(end - row, evaluation_->problem().columns().outputs, stream_);
    }
    return done;
}

std::int64_t Fused::add_on_device(std::int64_t first, std::int64_t rows, Moments& total, View y) {
    if (first % device_block != 0 || first < left_out_) return 0;
    evaluation_->announce();
    const auto begin = std::chrono::steady_clock::now();
    const std::int64_t end = first + rows;
    rows = std::min(rows, ahead_ && ahead_->first == first ? ahead_->rows : device_rows_);
    const std::int64_t m = evaluation_->outputs() > 0 ? evaluation_->outputs() : device_->outputs(), numbers = moment_numbers(m);
    if (m == 0) return 0;   // Evaluation learns it
    const std::vector<double> records = records_on_device(first, rows, m);
    if (records.empty()) return 0;
    std::int64_t good = 0;   // numbers of the records before one that is not finite
    const auto all = static_cast<std::int64_t>(records.size());
    while (good < all && finite_record({records.data() + good, static_cast<std::size_t>(numbers)})) good += numbers;
    const std::int64_t done = good < all ? good / numbers * device_block : rows;
    if (good < all) {
        left_out_ = first + done + device_block;
        device_rows_ = few_device_rows;
    } else {
        if (std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count() < 0.01)
            device_rows_ = std::min(8 * device_rows_, most_device_rows);
        queue_ahead(first + done, end - first - done, m);
    }
    if (done == 0) return 0;
    if (total.n == 0) {
        total.mean.assign(static_cast<std::size_t>(columns()), 0.0);
        total.scatter = Matrix(columns(), columns());
        if (columns() > m) total.mean.back() = 1.0;
    }
    merge_records({records.data(), static_cast<std::size_t>(good)}, m, total);   // whatever was asked for at once: the same order
    if (y.rows > 0) fill_on_device(first, y.slice(0, std::min(y.rows, done)));
    evaluation_->count_elsewhere(done, m, stream_);
    return done;
}

/// None where the model failed: Evaluation says where.
std::vector<double> Fused::records_on_device(std::int64_t first, std::int64_t rows, std::int64_t m) {
    try {
        const std::optional<Ahead> ahead = std::exchange(ahead_, {});
        if (ahead && ahead->first == first && ahead->rows == rows) return ahead->records();
        return device_->moments(first, rows, m, evaluation_->run().batch);
    } catch (const std::runtime_error&) {
        left_out_ = first + rows;
        return {};
    }
}

/// The device goes on while the processor merges.
void Fused::queue_ahead(std::int64_t first, std::int64_t rows, std::int64_t m) {
    rows = std::min(rows, device_rows_);
    if (rows <= 0 || first % device_block != 0) return;
    try {
        ahead_ = Ahead{first, rows, device_->moments_later(first, rows, m, evaluation_->run().batch)};
    } catch (const std::runtime_error&) {   // met again when these rows are asked for
    }
}

std::int64_t Fused::next_on_device(std::int64_t row) const {
    return device_ ? std::max((row + device_block) / device_block * device_block, left_out_)
                   : std::numeric_limits<std::int64_t>::max();
}

void Fused::fill_on_device(std::int64_t first, View y) const {
    Matrix x(y.rows, evaluation_->problem().dim());
    evaluation_->problem().inputs().sample(stream_, first, x);
    const Outputs out = evaluate_on_device(device_queues(evaluation_->run().device), evaluation_->problem(), x);
    for (std::int64_t i = 0; i < y.rows; ++i) std::ranges::copy(out.y.view().row(i), y.row(i).begin());
}

void Fused::hand_over(std::int64_t first, ConstView y) const {
    Matrix x(y.rows, inputs_->dim());
    evaluation_->problem().inputs().sample(stream_, first, x);
    evaluation_->count_elsewhere(x, y);
}

/// Many at once keep threads from waiting for each other; few let a slow model be stopped soon, and many outputs fit.
void Fused::choose_batches(double seconds) {
    const std::int64_t m = columns(), most = std::clamp<std::int64_t>(256 / (m * m), 1, 16);
    batches_ = std::clamp<std::int64_t>(seconds < 0.005 ? 2 * batches_ : seconds > 0.02 ? batches_ / 2 : batches_, 1, most);
}

Moments Fused::block(std::int64_t first, std::int64_t count, View y) const {
    const ColumnModel& model = evaluation_->problem().columns();
    const std::int64_t d = inputs_->dim(), m = model.outputs, most = slice_rows(d);
    // Eight more than a power of two: columns then do not fall upon each other in the cache.
    const Room room(d * (most + 8) + m * (parallel::block_size + 8));
    const Columns out{room.data() + d * (most + 8), count, m, parallel::block_size + 8};
    for (std::int64_t begin = 0; begin < count; begin += most) {
        const Columns x{room.data(), std::min(most, count - begin), d, most + 8};
        kernels().uniform_columns(stream_.key, stream_.id, first + begin, x.rows, 0, d, x.data, x.stride);
        inputs_->from_uniform(x);
        model.evaluate(x, out.slice(begin, x.rows));
    }
    if (y.rows > 0) copy_rows(out, y);
    const Moments moments = Moments::of_columns(out);
    return evaluation_->discards() ? with_successes(moments) : moments;
}

}  // namespace buffon
