/// The draws of a kept sample from its last law: what they weigh under another one, which of them depend on each other.
/// Not installed.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <buffon/distribution.hpp>
#include <buffon/sample.hpp>
#include <buffon/view.hpp>

namespace buffon {

/// Log density of the rows of x (n, d) into out (n), -inf outside the support.
using LogDensity = std::function<void(ConstView x, std::span<double> out)>;
LogDensity log_density_of(Distribution law);

/// Draws 0 ... draws() - 1: the sample's rows after its adaptation, then those that were skipped (weight 0).
class KeptRows {
public:
    /// `outputs`: the columns asked for; none: all. The sample must outlive this.
    /// @throw std::invalid_argument, naming `function`, for a sample without densities, without two later rows or one success,
    /// and for an output that it has not.
    KeptRows(std::string function, const Sample& sample, const std::vector<std::string>& outputs = {}, int threads = 0);

    const std::string& function() const { return function_; }
    const Sample& sample() const { return sample_; }
    int threads() const { return threads_; }
    std::int64_t draws() const { return rows_ + sample_.skipped; }
    std::int64_t outputs() const { return static_cast<std::int64_t>(columns_.size()); }
    const std::vector<std::string>& names() const { return names_; }
    /// The sample's name of output k among its own.
    std::int64_t column(const std::string& output) const;

    /// Output k of draw i; 0 where it failed or was skipped.
    double y(std::int64_t i, std::int64_t k) const {
        return i < rows_ && ok_[index(i)] ? sample_.y(first_ + i, columns_[index(k)]) : 0.0;
    }
    bool succeeded(std::int64_t i) const { return i < rows_ && ok_[index(i)]; }
    /// Of all rows, adaptation included.
    std::int64_t n_failed() const { return n_failed_; }
    /// Some draw failed: means are then given success.
    bool failures() const { return failures_; }
    /// The rows of these draws that were not skipped.
    ConstView points(std::int64_t first, std::int64_t count) const;

    /// The law that the caller gave, else that of the sample.   @throw std::invalid_argument when there is none.
    Distribution base(const std::optional<Distribution>& law) const;
    /// @throw std::invalid_argument for a law of another dimension or order of names; `what` names it.
    void check(const Distribution& law, const std::string& what) const;
    /// Density / sampling density of draws first ... first + count, 0 where skipped.
    /// @throw std::invalid_argument, naming the row, where that is not finite.
    std::vector<double> weights(const LogDensity& law, std::int64_t first, std::int64_t count) const;
    /// Whether the rows were drawn from the sample's own law (as far as the first of them tell).
    bool drawn_from(const Distribution& law) const;

    /// Draws of one replicate depend on each other, those of different ones do not; 0: all are independent.
    std::int64_t replicates() const { return replicates_; }
    std::int64_t replicate(std::int64_t i) const { return replicate_[index(i)]; }
    /// (draws, K) control functions that the sample keeps; none where not all draws have them.
    ConstView controls() const { return controls_; }

private:
    static std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }
    void choose(const std::vector<std::string>& outputs);
    void label();

    std::string function_;
    const Sample& sample_;
    int threads_;
    std::int64_t first_ = 0, rows_ = 0, n_failed_ = 0, replicates_ = 0;
    bool failures_ = false;
    std::vector<std::int64_t> columns_;
    std::vector<std::string> names_;
    std::vector<char> ok_;
    std::vector<std::int64_t> replicate_;
    ConstView controls_;
};

}  // namespace buffon
