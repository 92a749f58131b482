/// The one way from an estimator to the model: slices batches, counts, checks what comes back, keeps what was finished.
/// Not installed.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <buffon/device_model.hpp>
#include <buffon/errors.hpp>
#include <buffon/problem.hpp>
#include <buffon/run.hpp>

namespace buffon {

class Evaluation {
public:
    /// Fills log densities of the law the rows were drawn from; only called when the sample is kept.
    using LogDensity = std::function<void(std::span<double>)>;

    /// @throw std::invalid_argument, naming `function` (or who asks, see Problem::with_known), for run options that cannot be.
    Evaluation(std::string function, const Problem& problem, const Run& run);

    /// Goes on after `n` evaluations of a run with this key: they count, the outputs must have the same names, and the sample,
    /// if it was kept, is continued.
    void go_on_from(std::int64_t n, std::int64_t n_failed, std::vector<std::string> outputs, const Sample* sample);

    /// The model at the rows of x (n, d): y (n, columns()), score (n, m) or empty.
    /// With on_error = discard a failed row is zero in y, and the last column of y is 1 where the row succeeded.
    /// @throw ModelError, Interrupted.
    Outputs operator()(ConstView x, const LogDensity& log_density = {});

    /// Of a run of which no sample is wanted so many numbers (32 MB of them unless told) are kept for one that stops early.
    void keep_at_most(std::int64_t numbers) { keep_at_most_ = numbers; }
    /// Room for n points: valid until the next call of it, not cleared. A model may look at points that stand here without a
    /// copy (see owner_of).
    View room(std::int64_t n);
    /// What the call that is under way, or that threw, has finished: y of its first rows, as it would have returned them.
    ConstView unfinished() const { return rest_.y.view().slice(0, done_); }
    /// How the estimate so far is made, for progress functions that ask; it must change nothing.
    void offer(Partial partial) { partial_ = std::move(partial); }
    /// Tells the user's progress function, once per finished batch: before the next one, and at the end by itself.
    /// @throw Interrupted.
    void announce();

    /// Counts the next `rows` rows of the problem's sample of a stream: drawn and evaluated elsewhere, all finite, m
    /// outputs each.
    /// A run that stops early makes them again; where that takes long, hand them over instead: x (n, d), y (n, columns()).
    void count_elsewhere(std::int64_t rows, std::int64_t m, const Stream& stream);
    /// The same of rows that `make(piece, x)` makes again, `piece_rows` at a time; `rows` is a multiple of them.
    using Make = std::function<void(std::int64_t piece, View x)>;
    void count_elsewhere(std::int64_t rows, std::int64_t m, std::int64_t piece_rows, Make make);
    void count_elsewhere(ConstView x, ConstView y);
    /// The same of rows that nobody will make again.
    void count_unmade(std::int64_t rows, std::int64_t m);

    const std::string& function() const { return function_; }
    std::uint64_t key() const { return key_; }
    int threads() const { return run_.threads; }
    std::int64_t n() const { return n_; }
    std::int64_t n_failed() const { return n_failed_; }
    /// Outputs of the problem with its known functions; 0 before the first call.
    std::int64_t outputs() const { return m_; }
    /// Outputs that are asked for: those that an estimator adapts to, and that the sample keeps.
    std::int64_t wanted() const { return m_ - known(); }
    std::int64_t columns() const { return m_ + (discards() ? 1 : 0); }
    bool discards() const { return run_.on_error == OnError::discard; }
    const std::vector<std::string>& names() const { return names_; }
    const Problem& problem() const { return problem_; }
    const Run& run() const { return run_; }
    /// Where the model runs, unless on the processor.
    const std::optional<DeviceQueue>& device() const { return device_; }
    const Sample& sample() const { return sample_; }
    /// The sample, for what the estimator alone knows of its rows; null unless it is kept.
    Sample* kept() { return run_.keep == Keep::sample ? &sample_ : nullptr; }

private:
    /// The rows that a call of the model finished, and what stopped it, if anything did.
    struct Part {
        Outputs out;
        std::exception_ptr stop;
    };
    std::int64_t known() const { return m_ > 0 ? static_cast<std::int64_t>(problem_.known().size()) : 0; }
    void batch_by_batch(ConstView x);
    void in_parallel(ConstView x);
    Outputs asked(ConstView x) const;
    bool adopt(Outputs& whole, std::int64_t rows);
    void check_columns(const Outputs& part) const;
    Part call(ConstView x, std::int64_t begin, std::int64_t count) const;
    [[noreturn]] void fail(ConstView x, std::int64_t i, const std::string& where, const char* what,
                           std::exception_ptr cause) const;
    void learn_outputs(std::int64_t columns, bool scored, const std::vector<std::int64_t>& shape = {});
    void make_room(const Outputs& like, std::int64_t rows);
    void place(const Outputs& part, std::int64_t begin);
    void judge(ConstView x, std::int64_t begin, std::int64_t end);
    void judge_scores(ConstView x, std::int64_t begin, std::int64_t end) const;
    void take_in(ConstView x, std::int64_t begin, std::int64_t end);
    void stop(Unfinished& stopped);
    [[noreturn]] void refuse_point(ConstView x, std::int64_t i, std::int64_t index) const;
    void keep(ConstView x, ConstView y);
    bool would_keep(std::int64_t numbers) const;
    Sample recalled() const;

    std::string function_;
    const Problem& problem_;
    const Run& run_;
    std::uint64_t key_;
    std::optional<DeviceQueue> device_;
    std::int64_t n_ = 0;
    std::int64_t n_failed_ = 0;
    std::int64_t m_ = 0;
    bool scored_ = false;
    std::vector<std::string> names_;
    std::vector<std::string> expected_;   // names that they must have, until the first call
    Sample sample_;
    Outputs rest_;                        // outputs of the call that is under way
    std::int64_t done_ = 0;               // its finished rows
    Make elsewhere_;                      // of rows that were counted only
    std::int64_t piece_rows_ = 0;
    std::int64_t recallable_ = 0;         // the first of them, made again for a run that stops early
    std::int64_t keep_at_most_ = 4'000'000;
    std::int64_t announced_ = 0;   // evaluations that progress knows of
    std::shared_ptr<Matrix> room_;
    Partial partial_;
};

/// While a model is called, in its thread: who keeps these points alive and unchanged for as long as anybody holds it; null
/// when they are only there for the call.
std::shared_ptr<const void> owner_of(ConstView x);

/// 64 random bits from the operating system: the key of a run that was given none.
std::uint64_t fresh_key();

}  // namespace buffon
