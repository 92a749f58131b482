/// The one way from an estimator to the model: slices batches, counts, checks what comes back, keeps what was finished.
/// Not installed.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <buffon/errors.hpp>
#include <buffon/problem.hpp>
#include <buffon/run.hpp>

namespace buffon {

class Evaluation {
public:
    /// Fills log densities of the law the rows were drawn from; only called when the sample is kept.
    using LogDensity = std::function<void(std::span<double>)>;

    /// @throw std::invalid_argument, naming `function`, for run options that cannot be.
    Evaluation(std::string function, const Problem& problem, const Run& run);

    /// The model at the rows of x (n, d): y (n, columns()), score (n, m) or empty.
    /// With on_error = discard a failed row is zero in y, and the last column of y is 1 where the row succeeded.
    /// @throw ModelError, Interrupted.
    Outputs operator()(ConstView x, const LogDensity& log_density = {});

    const std::string& function() const { return function_; }
    std::uint64_t key() const { return key_; }
    int threads() const { return run_.threads; }
    std::int64_t n() const { return n_; }
    std::int64_t n_failed() const { return n_failed_; }
    /// Outputs of the problem; 0 before the first call.
    std::int64_t outputs() const { return m_; }
    std::int64_t columns() const { return m_ + (discards() ? 1 : 0); }
    bool discards() const { return run_.on_error == OnError::discard; }
    const std::vector<std::string>& names() const { return names_; }
    const Problem& problem() const { return problem_; }
    const Run& run() const { return run_; }
    const Sample& sample() const { return sample_; }
    /// Of the call that was stopped: outputs of its finished rows.
    const Matrix& unfinished() const { return unfinished_; }
    /// Tells the user's progress function, once per finished batch: at the next call, when the estimator has taken the
    /// batch in; and at the end by itself.
    void announce();

private:
    void call_in_slices(ConstView x, Outputs& out, std::int64_t& finished);
    Outputs call(ConstView x, std::int64_t begin, std::int64_t count) const;
    ModelError failure(ConstView x, std::int64_t at, const std::string& what) const;
    void learn_outputs(const Outputs& first);
    void place(const Outputs& part, std::int64_t begin, Outputs& out) const;
    void judge(ConstView x, Outputs& out, std::int64_t begin, std::int64_t end, std::int64_t& finished);
    void take_in(ConstView x, const Outputs& out, const LogDensity& log_density);
    [[noreturn]] void refuse_point(ConstView x, std::int64_t i, const Outputs& out) const;
    void keep(ConstView x, ConstView y, const LogDensity& log_density);

    std::string function_;
    const Problem& problem_;
    const Run& run_;
    std::uint64_t key_;
    std::int64_t n_ = 0;
    std::int64_t n_failed_ = 0;
    std::int64_t m_ = 0;
    std::int64_t announced_ = 0;
    Matrix unfinished_;
    std::vector<std::string> names_;
    Sample sample_;
};

/// 64 random bits from the operating system: the key of a run that was given none.
std::uint64_t fresh_key();

}  // namespace buffon
